// Times as people read them: in the organisation's zone, in the chosen language. Pure.

let zone = "Europe/Moscow";
let language = "ru";
const made = new Map<string, Intl.DateTimeFormat>();

export function speakTime(timeZone: string, lang: string): void {
  zone = timeZone;
  language = lang;
  made.clear();
}

function format(options: Intl.DateTimeFormatOptions, lang = language === "en" ? "en-GB" : "ru-RU"): Intl.DateTimeFormat {
  const key = lang + JSON.stringify(options);
  let f = made.get(key);
  if (!f) made.set(key, (f = new Intl.DateTimeFormat(lang, { timeZone: zone, ...options })));
  return f;
}

type Moment = string | number | Date;
const ms = (m: Moment): number => (typeof m === "number" ? m : new Date(m).getTime());

export const hm = (m: Moment) => format({ hour: "2-digit", minute: "2-digit" }).format(ms(m));
export const hms = (m: Moment) => format({ hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(ms(m));
export const dayName = (m: Moment) =>
  format({ weekday: "short" }).format(ms(m)) + " " + format({ day: "numeric", month: "long" }).format(ms(m));
export const dayMonth = (m: Moment) => format({ day: "numeric", month: "long" }).format(ms(m));
export const exact = (m: Moment) => format({ dateStyle: "long", timeStyle: "medium" }).format(ms(m));
export const dateOnly = (m: Moment) => format({ day: "2-digit", month: "2-digit", year: "numeric" }).format(ms(m));

/** A month that is written "2026-11". */
export const month = (period: string) => format({ month: "long", year: "numeric" }).format(Date.parse(`${period}-15T12:00:00Z`));

/** The calendar day of a moment in the zone: 2026-11-21. */
export function dayOf(m: Moment): string {
  return format({ year: "numeric", month: "2-digit", day: "2-digit" }, "en-CA").format(ms(m));
}

/** What the zone's clocks show at a moment, as milliseconds of a clock without a zone. */
function wall(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
    hour: "numeric", minute: "numeric", second: "numeric",
  }).formatToParts(at);
  const of = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second"));
}

/** The moment at which a calendar day begins in the zone. */
export function midnight(day: string, timeZone = zone): number {
  const guess = Date.parse(`${day}T00:00:00Z`);
  return guess - (wall(guess, timeZone) - guess);
}

/** What a field of day and time shows: 2026-11-22T08:30, by the zone's clocks. */
export function localOf(m: Moment, timeZone = zone): string {
  const at = Math.floor(ms(m) / 1000) * 1000;
  return new Date(wall(at, timeZone)).toISOString().slice(0, 16);
}

/** The moment that such a field means, in RFC 3339 with the zone's offset; of an hour that comes twice, the first. */
export function momentOf(local: string, timeZone = zone): string {
  const shown = Date.parse(`${local.slice(0, 16)}:00Z`);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(local) || Number.isNaN(shown)) return "";
  const offset = (at: number) => wall(at, timeZone) - at;
  const guesses = [shown - offset(shown - 86_400_000), shown - offset(shown + 86_400_000)];
  // An hour that never comes is taken by the offset before it: later by as much as was left out.
  const at = guesses.filter((g) => g + offset(g) === shown).sort((x, y) => x - y)[0] ?? guesses[0]!;
  const minutes = offset(at) / 60_000;
  const size = Math.abs(minutes);
  return `${new Date(at + offset(at)).toISOString().slice(0, 19)}${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** The moment at which the zone's clocks show a time of a day, in milliseconds. */
export const clockAt = (day: string, time: string, timeZone = zone): number => Date.parse(momentOf(`${day}T${time}`, timeZone));

export function shiftDay(day: string, by: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + by * 86_400_000).toISOString().slice(0, 10);
}

const two = (n: number) => String(n).padStart(2, "0");

/** 134 -> "2:14"; 3761 -> "1:02:41". */
export function clock(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  const h = Math.floor(s / 3600);
  const m = Math.floor((s % 3600) / 60);
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

export function unit(value: number, name: "day" | "hour" | "minute" | "second"): string {
  return new Intl.NumberFormat(language, { style: "unit", unit: name, unitDisplay: "short", maximumFractionDigits: 0 }).format(value);
}

/** What is left until a moment, with a true minus when it is past: "0:47", "−1:12". */
export function countdown(until: Moment, now: number): string {
  const left = Math.floor((ms(until) - now) / 1000);
  const size = Math.abs(left);
  const sign = left < 0 ? "−" : "";
  if (size >= 86_400) return sign + unit(Math.floor(size / 86_400), "day");
  return sign + clock(size);
}

/** A length in words that fit a table: "18 ч", "1 ч 12 мин", "26 мин". */
export function span(seconds: number): string {
  const s = Math.abs(seconds);
  if (s < 60) return unit(Math.floor(s), "second");
  if (s < 3600) return unit(Math.floor(s / 60), "minute");
  if (s >= 2 * 86_400) return unit(Math.floor(s / 86_400), "day");
  const minutes = Math.floor((s % 3600) / 60);
  const hours = unit(Math.floor(s / 3600), "hour");
  return s < 6 * 3600 && minutes ? `${hours} ${unit(minutes, "minute")}` : hours;
}

/** "22:33" today, "19 ноября" before. */
export function when(m: Moment, now: number): string {
  return dayOf(m) === dayOf(now) ? hm(m) : dayMonth(m);
}

/** A deadline: "до 14:17" today, with the day otherwise. */
export function until(m: Moment, now: number): string {
  return dayOf(m) === dayOf(now) ? hm(m) : `${dayMonth(m)}, ${hm(m)}`;
}
