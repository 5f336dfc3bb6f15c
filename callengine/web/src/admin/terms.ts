// A term as people write it, and minutes as people read them: the same words as the engine's. Pure.

const UNITS: [RegExp, number][] = [
  [/^(м|мин|минут[аыу]?|m|min|mins|minutes?)$/, 1],
  [/^(ч|час|часа|часов|h|hr|hrs|hours?)$/, 60],
  [/^(с|сут|сутки|суток|дн|день|дня|дней|d|days?)$/, 1440],
  [/^(нед|недел[яиюь]|w|weeks?)$/, 10080],
];
const MOST_MINUTES = 60 * 24 * 366;

/** Minutes of «30 мин», "2 h", «1 ч 30 мин», «3 раб. дн.», 4320; null of nothing; NaN of what cannot be counted. */
export function minutesOf(text: string): number | null {
  const words = text.toLowerCase().replace(/раб(очих|очие|очий|\.)?|working/g, " ").replace(",", ".").trim();
  if (!words) return null;
  if (/^\d+$/.test(words)) return within(Number(words));
  const parts = [...words.matchAll(/(\d+(?:\.\d+)?)?\s*([a-zа-яё]+)\.?/g)];
  if (!parts.length || words.replace(/(\d+(?:\.\d+)?)?\s*[a-zа-яё]+\.?/g, "").trim()) return NaN;
  let total = 0;
  for (const [, count, unit] of parts) {
    const known = UNITS.find(([shape]) => shape.test(unit ?? ""));
    if (!known || (count === undefined && parts.length > 1)) return NaN;
    total += Number(count ?? 1) * known[1];
  }
  return within(Math.round(total * 1000) / 1000);
}

function within(minutes: number): number {
  return Number.isInteger(minutes) && minutes > 0 && minutes <= MOST_MINUTES ? minutes : NaN;
}

export interface Units {
  min: string;
  h: string;
  d: string;
  wd: string;
}

/** 4320 is «3 сут», by a working clock «3 раб. дн.»; 240 is «4 ч»; 90 is «90 мин». */
export function termText(minutes: number | null, clock: string, units: Units): string {
  if (minutes === null) return "";
  if (minutes % 1440 === 0) return `${minutes / 1440} ${clock.startsWith("work") ? units.wd : units.d}`;
  return minutes % 60 === 0 ? `${minutes / 60} ${units.h}` : `${minutes} ${units.min}`;
}
