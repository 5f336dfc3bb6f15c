// Marks by telephone: whose work they are about, each mean beside how many answered and how many marks it is of; the marks themselves with what was said.

import { IconMessage2, IconPlayerPlay, IconStar } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Fragment, useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Me, Page, Rating, RatingFigures, RatingsSummary } from "@/api/types";
import { Player } from "@/calls/Player";
import { serverNow, useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { follow } from "@/lib/route";
import { clock, dayOf, exact, midnight, shiftDay } from "@/lib/time";
import { At, Bones, Btn, Empty, Failed, Toggles } from "@/ui/pieces";
import { Choice, Held, number, percent, Stale, useRows } from "./parts";

const BY = ["organisation", "executor", "branch"] as const;
const PERIODS = [7, 30, 90] as const;
const MARKS = ["5", "4", "3", "2", "1"];
// What a row is about, as the list of marks is asked for it.
const FIELD = { organisation: "organisation_id", executor: "executor_id", branch: "classifier" } as const;

interface Period { from: string; to: string }
const lately = (days: number): Period => ({ from: shiftDay(dayOf(serverNow()), 1 - days), to: dayOf(serverNow()) });
/** Whole days of the service's zone; the last one is in. */
const momentsOf = (p: Period) => ({ from: p.from && new Date(midnight(p.from)).toISOString(), to: p.to && new Date(midnight(shiftDay(p.to, 1))).toISOString() });

export function Ratings({ me }: { me: Me }) {
  const { t } = useTranslation();
  const [by, setBy] = useState<(typeof BY)[number]>("organisation");
  const [period, setPeriod] = useState<Period>(() => lately(30));
  const [about, setAbout] = useState<{ by: (typeof BY)[number]; key: string; name: string } | null>(null);
  const when = momentsOf(period);
  const upside = Boolean(period.from && period.to && period.from > period.to);
  const summary = useQuery({
    queryKey: ["ratings", "summary", by, when], queryFn: ({ signal }) => get<RatingsSummary>("/ratings/summary", { ...when, by }, signal), placeholderData: keepPreviousData, enabled: !upside, refetchInterval: 60_000,
  });
  const chosen = PERIODS.find((d) => JSON.stringify(lately(d)) === JSON.stringify(period));
  const x = summary.data;
  const nameOf = (key: string, name: string) => (by === "branch" && key ? t(`robot.rating.branches.${key}`, { defaultValue: name || key }) : name) || t("robot.rating.nobody");
  return (
    <div className="rbcampaign" tabIndex={0} role="group" aria-label={t("robot.tab.ratings")}>
      <div className="filters">
        <Toggles label={t("robot.rating.by")} value={by} onChange={(b) => { setBy(b as typeof by); setAbout(null); }} options={BY.map((b) => [b, t(`robot.rating.bys.${b}`)])} />
        <Toggles label={t("robot.rating.period")} value={String(chosen ?? "")} onChange={(d) => setPeriod(lately(Number(d)))} options={PERIODS.map((d) => [String(d), t("robot.rating.days", { count: d })])} />
        {(["from", "to"] as const).map((end) => <label key={end} className="row s13" style={{ gap: 6 }}>{t(`robot.rating.${end}`)}<span className="field compact"><input type="date" value={period[end]} aria-invalid={upside} max={dayOf(serverNow())} onChange={(e) => { if (e.target.value) setPeriod({ ...period, [end]: e.target.value }); }} /></span></label>)}
        {upside && <span className="danger s13" role="alert">{t("robot.rating.upside")}</span>}
      </div>
      <Stale of={summary} />
      {summary.isPending && !upside ? <section className="card"><Bones count={5} height={40} /></section> : !x ? summary.isError && <section className="card"><Failed error={summary.error} again={() => void summary.refetch()} /></section> : x.whole.asked === 0 ? (
        <section className="card"><Empty icon={IconStar} title={t("robot.rating.none")}>{t("robot.rating.noneLead")}</Empty></section>
      ) : (
        <>
          <section className="card" aria-labelledby="rbratings">
            <header className="wrap"><h2 id="rbratings">{t(`robot.rating.bys.${by}`)}</h2><span className="t3 s12 end">{t("robot.rating.meaning")}</span></header>
            <div className="body" style={{ overflowX: "auto" }} tabIndex={0} role="group" aria-labelledby="rbratings">
              <table className="table rbratings">
                <thead><tr>{(["who", "mean", "rate", "count", "spread", "notDone"] as const).map((c) => <th key={c} scope="col" className={c === "who" || c === "spread" ? "" : "num"}>{t(`robot.rating.${c}`)}</th>)}</tr></thead>
                <tbody>
                  {x.rows.map((row) => (
                    <tr key={row.key || "none"} className={about?.key === row.key ? "now" : ""}>
                      <td>{row.key ? <button type="button" className="btn link" aria-pressed={about?.key === row.key} title={nameOf(row.key, row.name)} onClick={() => setAbout(about?.key === row.key ? null : { by, key: row.key, name: nameOf(row.key, row.name) })}><span className="cut rbname">{nameOf(row.key, row.name)}</span></button> : <span className="t3">{nameOf("", "")}</span>}</td>
                      <Figures of={row.figures} />
                    </tr>
                  ))}
                </tbody>
                <tfoot><tr><th scope="row">{t("robot.rating.whole")}</th><Figures of={x.whole} /></tr></tfoot>
              </table>
            </div>
          </section>
          <Marks key={JSON.stringify([when, about])} me={me} when={when} about={about} onAll={() => setAbout(null)} />
        </>
      )}
    </div>
  );
}

/** No mean without the rate and the count that it stands on. */
function Figures({ of: f }: { of: RatingFigures }) {
  const { t } = useTranslation();
  const bars = MARKS.map((m) => ({ m, count: f.marks[m] ?? 0 }));
  return (
    <>
      <td className="num b">{f.mean === null ? "—" : number(f.mean, 2)}</td>
      <td className="num">{f.asked ? <>{percent(f.marked, f.asked)} <span className="t3 s12">{t("desk.of", { part: number(f.marked), whole: number(f.asked) })}</span></> : "—"}</td>
      <td className="num">{number(f.marked)}</td>
      <td><span className="rbspread" role="img" aria-label={f.marked ? bars.map(({ m, count }) => t("robot.rating.bar", { mark: m, count })).join(", ") : t("robot.campaign.noMarks")}>{bars.map(({ m, count }) => count > 0 && <i key={m} className={`m${m}`} style={{ flexGrow: count }} title={t("robot.rating.bar", { mark: m, count })}>{m}</i>)}</span></td>
      <td className={f.not_done ? "num danger b" : "num"}>{number(f.not_done)}</td>
    </>
  );
}

function Marks({ me, when, about, onAll }: { me: Me; when: { from: string; to: string }; about: { by: (typeof BY)[number]; key: string; name: string } | null; onAll: () => void }) {
  const { t } = useTranslation();
  const now = useNow();
  const [mark, setMark] = useState("");
  const [open, setOpen] = useState<string | null>(null);
  const filter = { ...when, mark, ...(about && { [FIELD[about.by]]: about.key }) };
  const found = useInfiniteQuery({
    queryKey: ["ratings", "list", filter], queryFn: ({ pageParam, signal }) => get<Page<Rating>>("/ratings", { ...filter, limit: 50, cursor: pageParam }, signal),
    initialPageParam: "", getNextPageParam: (p) => p.next ?? undefined, placeholderData: keepPreviousData,
  });
  const items = found.data?.pages.flatMap((p) => p.items) ?? [];
  const { at, body, row } = useRows(items.map((_, i) => i), (i) => { const id = items[i]?.request_id; if (id) setOpen((o) => (o === id ? null : id)); });
  useKeys({ Escape: () => setOpen(null) }, { when: open !== null });
  const columns = ["at", "ticket", "who", "mark", "said"] as const;
  return (
    <section className="card rbcalls" aria-labelledby="rbmarks">
      <header className="wrap">
        <h2 id="rbmarks">{t("robot.rating.marks")}</h2>
        {about && <><span className="chip accent cut" style={{ maxWidth: 320 }}>{about.name}</span><Btn size="small" onClick={onAll}>{t("robot.rating.all")}</Btn></>}
        <span className="end"><Choice label={t("robot.rating.mark")} any={t("robot.rating.anyMark")} value={mark} onChange={setMark} options={MARKS.map((m) => [m, m])} /></span>
      </header>
      <div className="body" ref={body} tabIndex={0} role="group" aria-labelledby="rbmarks">
        <Held of={found} bones={{ count: 6, height: 28 }} empty={items.length === 0 && <Empty icon={IconStar} title={t("robot.rating.noMarks")}>{t("robot.campaign.noCallsLead")}</Empty>}>
          <table className="table">
            <thead><tr>{columns.map((c) => <th key={c} scope="col">{t(`robot.rating.${c}`)}</th>)}</tr></thead>
            <tbody>
              {items.map((r, i) => {
                const bad = r.result === "not_done" || (r.mark !== null && r.mark <= 2);
                return (
                  <Fragment key={r.request_id}>
                    <tr {...row(i)} className={`pick ${i === at || r.request_id === open ? "now" : ""}`}>
                      <td className="t2" style={{ whiteSpace: "nowrap" }}><button type="button" tabIndex={-1} className="bare" aria-expanded={r.request_id === open}><At at={r.at} now={now} /></button></td>
                      <td>{r.ticket_number ? <a href={`/tickets/${r.ticket_number}`} onClick={(e) => { e.stopPropagation(); follow(`/tickets/${r.ticket_number}`)(e); }}>{r.ticket_number}</a> : "—"}</td>
                      <td><span className="col" style={{ gap: 0 }}><span className="cut rbname" title={r.organisation}>{r.organisation || "—"}</span><span className="t3 s12">{r.executor}</span></span></td>
                      <td>{r.mark !== null ? <span className={bad ? "chip danger" : "chip done"}>{r.mark}</span> : <span className={bad ? "danger b" : "t2"}>{t(`robot.result.${r.result}`, { defaultValue: r.result })}</span>}</td>
                      <td className="t2">{r.comment && <span className="row" style={{ gap: 4 }}><IconMessage2 size={16} stroke={1.75} aria-hidden />{t("robot.rating.hasComment")}</span>}</td>
                    </tr>
                    {r.request_id === open && <tr className="opened"><td colSpan={columns.length}><Opened of={r} me={me} /></td></tr>}
                  </Fragment>
                );
              })}
            </tbody>
          </table>
          {found.hasNextPage && <div className="row" style={{ padding: 12 }}><Btn disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t("list.more")}</Btn></div>}
        </Held>
      </div>
    </section>
  );
}

function Opened({ of: r, me }: { of: Rating; me: Me }) {
  const { t } = useTranslation();
  const [playing, setPlaying] = useState<number | null>(null);
  const heard = [[r.said_recording, "answer"], [r.comment_recording, "comment"], [r.recording, "talk"]] as const;
  const way = r.certainty_percent !== null && t(`robot.rating.ways.${r.way}`, { percent: r.certainty_percent });
  return (
    <div className="rbtries">
      <div className="rbtry">
        <span className="grow"><b>{phone(r.number)}</b> <span className="t2 s12">{[exact(r.at), r.keys && t("robot.campaign.keys", { keys: r.keys }), way || (r.proof && t(`robot.campaign.proof.${r.proof}`, { defaultValue: r.proof }))].filter(Boolean).join(" · ")}</span></span>
        {heard.map(([rec, word]) => rec && <Btn key={word} size="small" icon={IconPlayerPlay} aria-expanded={playing === rec.id} onClick={() => setPlaying((p) => (p === rec.id ? null : rec.id))}>{t(`robot.rating.${word}`)} {rec.seconds !== null && clock(rec.seconds)}</Btn>)}
        {r.call_id !== null && <a href={`/calls?open=${r.call_id}`} onClick={follow(`/calls?open=${r.call_id}`)} className="s13">{t("robot.campaign.call")}</a>}
        {playing !== null && <div className="rbplayer"><Player key={playing} id={playing} me={me} why="robot" caller={phone(r.number)} operator={t("robot.title")} /></div>}
      </div>
    </div>
  );
}
