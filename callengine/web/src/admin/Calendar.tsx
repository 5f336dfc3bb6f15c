// The working calendar: a year at a glance, the country's days off, and the service's own exceptions over them.

import { IconCalendarCog, IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { get, put, remove } from "@/api/client";
import type { CalendarDay, CalendarYear } from "@/api/types";
import { dayOf, shiftDay } from "@/lib/time";
import { queries } from "@/session";
import { Bones, Btn, Empty, Failed, Segments, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import "./contracts.css";

const LAST = 2100;
const FIRST = 2000;
const two = (n: number) => String(n).padStart(2, "0");
/** Monday is 0. A day is a word here, not a moment: no zone can move it. */
const weekday = (day: string) => (new Date(`${day}T12:00:00Z`).getUTCDay() + 6) % 7;
const words = (day: string, language: string) => new Intl.DateTimeFormat(language, { day: "numeric", month: "long", weekday: "long", timeZone: "UTC" }).format(new Date(`${day}T12:00:00Z`));

function works(day: string, special: Map<string, CalendarDay>): boolean {
  return special.get(day)?.working ?? weekday(day) < 5;
}

function daysOf(year: number, month: number): string[] {
  const count = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return Array.from({ length: count }, (_, i) => `${year}-${two(month)}-${two(i + 1)}`);
}

export function Calendar() {
  const { t } = useTranslation();
  const [year, setYear] = useState(() => Number(dayOf(Date.now()).slice(0, 4)));
  const [day, setDay] = useState<string | null>(null);
  const { i18n } = useTranslation();
  const found = useQuery({ queryKey: ["calendar", year, i18n.language], queryFn: () => get<CalendarYear>("/calendar", { year, lang: i18n.language }), placeholderData: keepPreviousData });
  const special = useMemo(() => new Map((found.data?.days ?? []).map((x) => [x.day, x])), [found.data]);
  const shown = found.data && found.data.year === year ? found.data : null;
  const turn = (by: number) => { setYear(Math.min(LAST, Math.max(FIRST, year + by))); setDay(null); };
  return (
    <>
      <div className="pagehead wrap">
        <h1>{t("contracts.calendar.title")}</h1>
        <div className="row" role="group" aria-label={t("contracts.calendar.year")}>
          <Btn icon={IconChevronLeft} aria-label={t("contracts.calendar.before")} disabled={year <= FIRST} onClick={() => turn(-1)} />
          <b className="s15" aria-live="polite">{year}</b>
          <Btn icon={IconChevronRight} aria-label={t("contracts.calendar.after")} disabled={year >= LAST} onClick={() => turn(1)} />
        </div>
        {shown && <span className="chip">{t("contracts.calendar.hours", { from: shown.opens, to: shown.closes })}</span>}
        {shown && shown.country && <span className={shown.moves_known ? "chip done" : "chip soon"}>{t(shown.moves_known ? "contracts.calendar.moves" : "contracts.calendar.noMoves", { year })}</span>}
      </div>
      <p className="t2 s13" style={{ padding: "0 4px" }}>{t("contracts.calendar.lead")}</p>
      <div className="contractgrid">
        <section className="card" aria-label={t("contracts.calendar.title")}>
          <div className="body" style={{ borderTop: 0 }}>
            {found.isPending && <Bones count={6} height={90} />}
            {found.isError && <Failed error={found.error} again={() => void found.refetch()} />}
            {shown && <Year year={year} special={special} day={day} choose={setDay} />}
          </div>
        </section>
        <section className="card" aria-label={t("contracts.calendar.day")}>
          {day ? <Day key={day + String(special.get(day)?.local)} day={day} special={special} /> : <Empty icon={IconCalendarCog} title={t("contracts.calendar.chooseDay")}>{t("contracts.calendar.chooseDayLead")}</Empty>}
          {shown && <Specials of={shown.days} choose={setDay} />}
        </section>
      </div>
    </>
  );
}

function Year({ year, special, day, choose }: { year: number; special: Map<string, CalendarDay>; day: string | null; choose: (day: string) => void }) {
  const { t, i18n } = useTranslation();
  const [focus, setFocus] = useState(day ?? `${year}-01-01`);
  const grid = useRef<HTMLDivElement>(null);
  const moved = useRef(false);
  const at = focus.startsWith(`${year}-`) ? focus : `${year}-01-01`;
  useEffect(() => {
    if (moved.current) grid.current?.querySelector<HTMLElement>(`[data-day="${at}"]`)?.focus();
    moved.current = false;
  }, [at]);
  const onKey = (e: React.KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[e.key];
    if (by === undefined) return;
    e.preventDefault();
    const next = shiftDay(at, by);
    if (!next.startsWith(`${year}-`)) return;
    moved.current = true;
    setFocus(next);
  };
  const legend = (kind: string, word: string) => <span><i className={`day ${kind}`} aria-hidden style={{ fontStyle: "normal" }}>5</i>{t(`contracts.calendar.${word}`)}</span>;
  return (
    <div ref={grid} onKeyDown={onKey}>
      <div className="yeargrid">{Array.from({ length: 12 }, (_, i) => <Month key={i} year={year} month={i + 1} special={special} at={at} day={day} choose={(x) => { setFocus(x); choose(x); }} language={i18n.language} />)}</div>
      <div className="daylegend" style={{ padding: "0 16px 14px" }} aria-label={t("contracts.calendar.legend")} role="group">{legend("", "working")}{legend("off", "off")}{legend("own", "own")}</div>
    </div>
  );
}

function Month({ year, month, special, at, day, choose, language }: { year: number; month: number; special: Map<string, CalendarDay>; at: string; day: string | null; choose: (day: string) => void; language: string }) {
  const { t } = useTranslation();
  const days = daysOf(year, month);
  const cells: (string | null)[] = [...Array.from({ length: weekday(days[0]!) }, () => null), ...days];
  const weeks = Array.from({ length: Math.ceil(cells.length / 7) }, (_, i) => Array.from({ length: 7 }, (_, j) => cells[i * 7 + j] ?? null));
  const name = new Intl.DateTimeFormat(language, { month: "long", timeZone: "UTC" }).format(new Date(Date.UTC(year, month - 1, 5)));
  const short = new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" });
  return (
    <section className="month" aria-label={`${name} ${year}`}>
      <h2>{name.charAt(0).toUpperCase() + name.slice(1)}<span className="t3 s12">{t("contracts.calendar.workdays", { count: days.filter((x) => works(x, special)).length })}</span></h2>
      <table>
        <thead><tr>{Array.from({ length: 7 }, (_, i) => <th key={i} scope="col">{short.format(new Date(Date.UTC(2024, 0, 1 + i)))}</th>)}</tr></thead>
        <tbody>
          {weeks.map((week, i) => (
            <tr key={i}>{week.map((x, j) => <td key={j}>{x && <Cell day={x} of={special.get(x)} tab={x === at} on={x === day} choose={choose} language={language} />}</td>)}</tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Cell({ day, of, tab, on, choose, language }: { day: string; of: CalendarDay | undefined; tab: boolean; on: boolean; choose: (day: string) => void; language: string }) {
  const { t } = useTranslation();
  const weekend = weekday(day) > 4;
  const working = of?.working ?? !weekend;
  const look = of?.local ? "own" : !working && of ? "off" : weekend ? (working ? "worked" : "weekend") : "";
  const said = [words(day, language), t(working ? "contracts.calendar.working" : "contracts.calendar.off"), of?.name, of?.local && t("contracts.calendar.own")].filter(Boolean).join(", ");
  return <button type="button" data-day={day} className={`day ${look}`} tabIndex={tab ? 0 : -1} aria-pressed={on} aria-label={said} title={of?.name || undefined} onClick={() => choose(day)}>{Number(day.slice(8))}</button>;
}

type T = (key: string, about?: Record<string, unknown>) => string;

function write(day: string, to: { working: boolean; name: string } | null): Promise<unknown> {
  const done = to ? put<CalendarDay>(`/calendar/${day}`, to) : remove(`/calendar/${day}`);
  return done.then(() => queries.invalidateQueries({ queryKey: ["calendar"] }));
}

function told(day: string, to: { working: boolean; name: string } | null, language: string, t: T): string {
  const date = words(day, language);
  return to ? t("contracts.calendar.saved", { day: date, what: t(to.working ? "contracts.calendar.working" : "contracts.calendar.off") }) : t("contracts.calendar.dropped", { day: date });
}

function Day({ day, special }: { day: string; special: Map<string, CalendarDay> }) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const of = special.get(day);
  const [working, setWorking] = useState(of?.local ? of.working : !works(day, special));
  const [name, setName] = useState(of?.local ? of.name : "");
  const [busy, setBusy] = useState(false);
  const change = (to: { working: boolean; name: string } | null) => {
    const before = of?.local ? { working: of.working, name: of.name } : null;
    setBusy(true);
    const undo = () => write(day, before).then(() => say(told(day, before, i18n.language, t)), (error: unknown) => say(why(error), { bad: true }));
    write(day, to).then(
      () => say(told(day, to, i18n.language, t), { act: { word: t("contracts.calendar.undo"), run: () => void undo() } }),
      (error: unknown) => say(why(error), { bad: true }),
    ).finally(() => setBusy(false));
  };
  const now = [t(works(day, special) ? "contracts.calendar.working" : "contracts.calendar.off"), of?.name, of?.local ? t("contracts.calendar.byUs", { author: of.author }) : t("contracts.calendar.byCountry")].filter(Boolean).join(", ");
  return (
    <form className="paper" onSubmit={(e) => { e.preventDefault(); change({ working, name: name.trim() }); }}>
      <div className="col" style={{ gap: 2 }}><h2 className="b s15">{words(day, i18n.language)}</h2><p className="t2 s13">{now}</p></div>
      <Segments label={t("contracts.calendar.day")} name="works" value={working ? "on" : "off"} onChange={(x) => setWorking(x === "on")} options={[["on", t("contracts.calendar.works")], ["off", t("contracts.calendar.rests")]]} />
      <label><span className="b">{t("contracts.calendar.name")}</span><span className="field"><input value={name} maxLength={200} placeholder={t("contracts.calendar.nameHint")} onChange={(e) => setName(e.target.value)} /></span></label>
      <div className="row wrap"><Btn type="submit" look="primary" disabled={busy}>{t("contracts.calendar.save")}</Btn>{of?.local && <Btn disabled={busy} onClick={() => change(null)}>{t("contracts.calendar.reset")}</Btn>}</div>
    </form>
  );
}

function Specials({ of, choose }: { of: CalendarDay[]; choose: (day: string) => void }) {
  const { t, i18n } = useTranslation();
  const short = (day: string) => new Intl.DateTimeFormat(i18n.language, { day: "numeric", month: "short", weekday: "short", timeZone: "UTC" }).format(new Date(`${day}T12:00:00Z`));
  return (
    <div className="body" role="group" aria-label={t("contracts.calendar.list")} tabIndex={0}>
      <ul className="specials">
        {of.map((x) => (
          <li key={x.day}><button type="button" className="bare" onClick={() => choose(x.day)}>{short(x.day)}</button><span className="grow">{x.name || t(x.working ? "contracts.calendar.working" : "contracts.calendar.off")}</span>{x.local && <span className="chip soon">{t("contracts.calendar.own")}</span>}</li>
        ))}
      </ul>
    </div>
  );
}
