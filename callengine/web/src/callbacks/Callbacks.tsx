// The supervisor's board: what is owed now, and how the duties of any day were kept, by both clocks.

import { IconAlertTriangle, IconAlertTriangleFilled, IconChevronLeft, IconChevronRight, IconCircleCheck, IconCircleX, IconDownload, IconEyeOff, IconPhoneX, IconRobot, type Icon } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { get, withQuery } from "@/api/client";
import type { Compliance, DutyDetail, ExceptionRow, Me } from "@/api/types";
import { serverNow, useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { phone, shortName } from "@/lib/phone";
import { go } from "@/lib/route";
import { clock, dayName, dayOf, hm, midnight, shiftDay, span } from "@/lib/time";
import { DayField } from "@/ui/DayField";
import { Bones, Btn, Empty, Faces, Failed, I, Keys, Toggles } from "@/ui/pieces";
import { Reach } from "@/organisation/Reach";
import { CallsDialog } from "./CallsDialog";
import { HourChart, HourTable } from "./Chart";
import { limitsOf } from "./limits";
import { OpenNow } from "./OpenNow";

export interface Opened {
  title: string;
  callIds: number[];
  dutyId: number | null;
}

export function Callbacks({ me, query }: { me: Me; query: URLSearchParams }) {
  const { t } = useTranslation();
  const now = useNow();
  const today = dayOf(now);
  const [day, setDay] = useState(() => dayOf(serverNow()));
  const [view, setView] = useState("chart");
  const [opened, setOpened] = useState<Opened | null>(null);
  const report = useQuery({ queryKey: ["compliance", day], queryFn: () => get<Compliance>("/callbacks/compliance", { day }), placeholderData: keepPreviousData, refetchInterval: day === today ? 30_000 : false });
  const href = withQuery("/callbacks/compliance.csv", { day });
  useKeys({ KeyE: () => { location.href = href; } });
  // An inspector reads how the duties were kept; the duties and calls themselves are the desk's.
  const reads = me.role === "inspector";
  const asked = (!reads && Number(query.get("duty"))) || null;
  useEffect(() => {
    if (!asked) return;
    void get<DutyDetail>(`/callbacks/${asked}`).then((d) => setOpened({ title: phone(d.number), callIds: d.call_ids, dutyId: d.id }), () => undefined);
  }, [asked]);
  const c = report.data;
  return (
    <>
      <div className="pagehead">
        <h1>{t("board.title")}</h1>
        <span className="row" style={{ gap: 4 }}>
          <Btn icon={IconChevronLeft} aria-label={t("board.prev")} onClick={() => setDay(shiftDay(day, -1))} />
          <DayField label={t("board.day")} value={day} max={today} onChange={(d) => d && setDay(d)} text={dayName(midnight(day) + 43_200_000) + (day === today ? `, ${t("board.upTo", { time: hm(now) })}` : "")} />
          <Btn icon={IconChevronRight} aria-label={t("board.next")} disabled={day >= today} onClick={() => setDay(shiftDay(day, 1))} />
        </span>
        {c?.rule && <p className="t3 s12 cut">{t("board.rule", { rule: t("board.ruleIs", { ...limitsOf(c) }) })}</p>}
        <a className="btn end" href={href} download aria-keyshortcuts="E"><I of={IconDownload} />{t("board.report")}<Keys of="E" /></a>
      </div>
      <Five of={c} failed={report.isError} />
      <div className={reads ? "board reads" : "board"}>
        {!reads && <OpenNow me={me} onOpen={setOpened} />}
        <div className="middle">
          <section className="card" style={{ flex: "1 1 46%", minHeight: "min-content" }} aria-labelledby="chart-title">
            <header style={{ paddingBottom: 6 }}><h2 id="chart-title" className="cut">{t("board.chart")}</h2><span className="end"><Toggles label={t("board.view")} value={view} onChange={setView} options={[["chart", t("board.asChart")], ["table", t("board.asTable")]]} /></span></header>
            {report.isPending ? <Bones count={1} height={160} /> : report.isError ? <Failed error={report.error} again={() => void report.refetch()} /> : view === "chart" ? <><Legend of={report.data} /><HourChart of={report.data} /></> : <div className="body" tabIndex={0} role="group" aria-labelledby="chart-title"><HourTable of={report.data} /></div>}
          </section>
          <ByOperator of={c} pending={report.isPending} />
        </div>
        {reads ? <Exceptions report={report} onOpen={null} /> : <div className="middle"><Exceptions report={report} onOpen={setOpened} /><Reach /></div>}
      </div>
      {opened && <CallsDialog opened={opened} me={me} onClose={() => { setOpened(null); if (asked) go("/callbacks", { replace: true }); }} />}
    </>
  );
}

function Share({ part, whole }: { part: number; whole: number }) {
  const { t } = useTranslation();
  if (!whole) return <p><span className="v">—</span> <span className="t2 s13">{t("board.nothing")}</span></p>;
  const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(part / whole);
  return <p className="row wrap" style={{ alignItems: "baseline", gap: "0 8px" }}><span className="v">{percent}</span><span className="t2 b" style={{ fontWeight: 500 }}>{t("desk.of", { part, whole })}</span></p>;
}

function Five({ of: c, failed }: { of: Compliance | undefined; failed: boolean }) {
  const { t } = useTranslation();
  const stat = (title: string, body: ReactNode, under: ReactNode) => (
    <section className="card stat"><h2 className="t2 s13">{title}</h2>{c ? body : failed ? <p className="v">—</p> : <div className="bone" style={{ height: 32 }} />}<div className="s12 t2" style={{ minHeight: 16 }}>{c && under}</div></section>
  );
  const limits = limitsOf(c);
  const gap = c?.gaps[0];
  return (
    <div className="five">
      {stat(t("board.legal", { limit: limits.legal }), c && <Share part={c.in_legal_time} whole={c.callable} />, <>{c && c.late > 0 ? <span className="row danger b" style={{ gap: 4 }}><I of={IconAlertTriangle} size={14} />{t("board.later", { count: c.late })}</span> : null}{c && c.owed > 0 && <span>{t("board.owed", { count: c.owed })}</span>}{c && c.late === 0 && c.owed === 0 && c.callable > 0 && t("board.allIn")}</>)}
      {stat(t("board.own", { limit: limits.own }), c && <Share part={c.in_operator_time} whole={c.callable} />, c && c.median_seconds !== null ? t("board.median", { time: clock(c.median_seconds) }) : null)}
      {stat(t("board.attempts"), c && <p className="row wrap" style={{ alignItems: "baseline", gap: "0 8px" }}><span className="v">{c.attempts_without_contact}</span><span className="t2 s13">{t("board.duties", { count: c.duties_with_attempts })}</span></p>, t("board.machine"))}
      {stat(t("board.withheld"), c && <p className="v">{c.withheld}</p>, t("board.outside"))}
      {stat(t("board.seen"), c && <p className="row wrap" style={{ alignItems: "baseline", gap: "0 8px" }}><span className="v">{hours(c.covered_seconds)}</span><span className="t2 s13">{t("board.ofHours", { time: hours(c.elapsed_seconds) })}</span></p>, gap ? <span className="row" style={{ gap: 5 }}><i className="hatch" style={{ width: 12, height: 12 }} /><span className="cut">{c!.gaps.length > 1 ? t("board.gaps", { count: c!.gaps.length }) : t("board.gap", { from: hm(gap.began_at), to: gap.ended_at ? hm(gap.ended_at) : "…" })}</span></span> : t("board.noGaps"))}
    </div>
  );
}

function hours(seconds: number): string {
  return `${Math.floor(seconds / 3600)}:${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")}`;
}

function Legend({ of: c }: { of: Compliance }) {
  const { t } = useTranslation();
  const square = (style: React.CSSProperties) => <i style={{ width: 12, height: 12, borderRadius: 2, ...style }} />;
  return (
    <div className="legend">
      <span>{square({ background: "var(--accent-fill)" })}{t("board.in5", { ...limitsOf(c) })}, {c.in_operator_time}</span>
      <span>{square({ background: "repeating-linear-gradient(var(--soon) 0 1.4px, var(--soon-soft) 1.4px 4px)", border: "1px solid var(--soon)" })}{t("board.in10", { ...limitsOf(c) })}, {c.in_legal_time - c.in_operator_time}</span>
      <span>{square({ background: "var(--danger-fill)" })}{t("board.over")}, {c.late}</span>
      {c.owed > 0 && <span>{square({ border: "1.5px solid var(--accent)" })}{t("board.open_")}, {c.owed}</span>}
      <span>{square({ border: "1px dashed var(--line-strong)" })}{t("board.hidden")}, {c.withheld}</span>
      <span><i className="hatch" style={{ width: 12, height: 12 }} />{t("board.unseen")}</span>
    </div>
  );
}

function ByOperator({ of: c, pending }: { of: Compliance | undefined; pending: boolean }) {
  const { t } = useTranslation();
  const rows = c?.operators ?? [];
  const late = (n: number) => (n ? <span className="chip danger"><I of={IconAlertTriangle} size={13} />{n}</span> : <span className="t3">0</span>);
  return (
    <section className="card" style={{ flex: "1 1 54%", minHeight: 180 }} aria-labelledby="operators-title">
      <header><h2 id="operators-title">{t("board.byOperator")}</h2><span className="end t3 s12">{t("board.sums")}</span></header>
      <div className="body" tabIndex={0} role="group" aria-labelledby="operators-title" style={{ borderTop: 0 }}>
        {pending ? <Bones count={4} height={28} /> : rows.length === 0 ? <Empty icon={IconCircleCheck} title={t("board.noOperators")}>{t("board.noOperatorsLead")}</Empty> : (
          <table className="table">
            <thead><tr>{(["who", "total", "in5", "in10", "late", "attempts", "median"] as const).map((k) => <th key={k} scope="col" className={k === "who" ? "" : "num"}>{t(`board.col.${k}`, { ...limitsOf(c) })}</th>)}</tr></thead>
            <tbody>
              {rows.map((r) => <tr key={`${r.staff_id} ${r.name}`}><td className={r.name ? "b" : "t2"} style={{ fontWeight: r.name ? 500 : 400 }}>{r.name ? shortName(r.name) : t("board.themselves")}</td><td className="num">{r.total}</td><td className="num">{r.in_operator_time}</td><td className="num">{r.in_legal_time}</td><td className="num">{late(r.late)}</td><td className="num">{r.attempts}</td><td className="num">{r.median_seconds === null ? "—" : clock(r.median_seconds)}</td></tr>)}
            </tbody>
            {c && <tfoot><tr><td>{t("board.total")}</td><td className="num">{sum(rows, "total")}</td><td className="num">{sum(rows, "in_operator_time")}</td><td className="num">{sum(rows, "in_legal_time")}</td><td className="num">{sum(rows, "late")}</td><td className="num">{sum(rows, "attempts")}</td><td className="num">{c.median_seconds === null ? "—" : clock(c.median_seconds)}</td></tr></tfoot>}
          </table>
        )}
      </div>
    </section>
  );
}

function sum<K extends string>(rows: Record<K, number | string | null>[], key: K): number {
  return rows.reduce((n, r) => n + Number(r[key] ?? 0), 0);
}

const PICTURES: Record<ExceptionRow["kind"], [Icon, string]> = { late: [IconAlertTriangleFilled, "danger"], unreachable: [IconPhoneX, "t3"], withheld: [IconEyeOff, "t3"], machine: [IconRobot, "t3"], closed: [IconCircleX, "t3"], no_data: [IconAlertTriangle, "t3"] };

function Exceptions({ report, onOpen }: { report: ReturnType<typeof useQuery<Compliance>>; onOpen: ((opened: Opened) => void) | null }) {
  const { t } = useTranslation();
  const rows = report.data?.exceptions ?? [];
  return (
    <section className="card" aria-labelledby="exceptions-title">
      <header><h2 id="exceptions-title">{t("board.exceptions")} <span className="t3">{rows.length || ""}</span></h2>{onOpen && <span className="end t3 s12 cut">{t("board.exceptionsKeys")}</span>}</header>
      <div className="body" tabIndex={0} role="group" aria-labelledby="exceptions-title">
        <Faces of={report} bones={{ count: 5, height: 56 }} empty={rows.length === 0 && <Empty icon={IconCircleCheck} title={t("board.noExceptions")}>{t("board.noExceptionsLead")}</Empty>}>
          {rows.map((r, i) => <Exception key={i} row={r} onOpen={onOpen} />)}
        </Faces>
      </div>
    </section>
  );
}

function Exception({ row, onOpen }: { row: ExceptionRow; onOpen: ((opened: Opened) => void) | null }) {
  const { t } = useTranslation();
  const [picture, tone] = PICTURES[row.kind];
  const gap = row.kind === "no_data";
  const until = row.until ? Date.parse(row.until) : null;
  const title = row.kind === "late" && row.late_seconds !== null ? t("board.lateBy", { time: clock(row.late_seconds) }) : gap && until ? t("board.noDataFor", { span: span((until - Date.parse(row.at)) / 1000) }) : t(`board.kind.${row.kind}`);
  const inside = (
    <>
      {gap ? <i className="hatch" style={{ width: 18, height: 18 }} /> : <I of={picture} className={tone} />}
      <span className="col" style={{ gap: 1 }}>
        <span className="row"><b className={row.kind === "late" ? "danger" : ""}>{title}</b><span className="end t3 s12" style={{ whiteSpace: "nowrap" }}>{hm(row.at)}{gap && until ? `–${hm(until)}` : ""}</span></span>
        {row.number && <span className="s13">{row.number.startsWith("…") ? row.number : phone(row.number)}</span>}
        <span className="t2 s12">{gap ? t("board.noDataWhy") : row.kind === "closed" ? row.text : t(`board.text.${row.kind === "late" && !row.until ? "lateOwed" : row.kind}`)}{row.call_ids.length > 1 && ` · ${t("duty.calls", { count: row.call_ids.length })}`}{row.call_ids.length > 0 && <> · <span className="accent" style={{ textDecoration: "underline" }}>{t("board.openCalls")}</span></>}</span>
      </span>
    </>
  );
  if (!onOpen || (!row.call_ids.length && row.duty_id === null)) return <div className={gap ? "exception gap" : "exception"}>{inside}</div>;
  return <button type="button" className={gap ? "exception gap" : "exception"} onClick={() => onOpen({ title: [title, phone(row.number)].filter(Boolean).join(", "), callIds: row.call_ids, dutyId: row.duty_id })}>{inside}</button>;
}
