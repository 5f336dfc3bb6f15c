// One campaign: how far it is, what it came to with the response rate beside the mean, its calls with every attempt.

import { IconArrowLeft, IconPhoneOutgoing, IconPlayerPlay, IconRobot } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQueries, useQuery } from "@tanstack/react-query";
import { Fragment, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { CallAttempt, Campaign, CampaignCall, CampaignResults, HouseCard, Me, Page } from "@/api/types";
import { Player } from "@/calls/Player";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { follow, go } from "@/lib/route";
import { clock, dateOnly, exact, hms, until } from "@/lib/time";
import { useChoices } from "@/tickets/Choose";
import { At, Bones, Btn, Empty, Failed, I } from "@/ui/pieces";
import { useInWords } from "./mistakes";
import { SPACED } from "./choice";
import { SELDOM, usePolling } from "./news";
import { Outcomes } from "./Outcomes";
import { Choice, Held, number, percent, Share, Stale, useRows } from "./parts";
import { Acts, Bar, left, StateChip, useName } from "./state";

const CALL_STATES = ["waiting", "calling", "done", "given_up", "suppressed", "cancelled"];

export function CampaignPage({ id, me, leads }: { id: number; me: Me; leads: boolean }) {
  const { t } = useTranslation();
  const nameOf = useName();
  const polling = usePolling(3_000);
  const found = useQuery({ queryKey: ["campaigns", "one", id], queryFn: () => get<CampaignResults>(`/campaigns/${id}/results`), refetchInterval: (q) => (q.state.data && ["stopped", "finished"].includes(q.state.data.campaign.state) ? SELDOM : polling) });
  useKeys({ Escape: () => go("/robot/campaigns") });
  if (found.isPending) return <section className="card"><Bones count={6} height={60} /></section>;
  if (!found.data) return <section className="card"><div className="row" style={{ padding: "12px 16px 0" }}><Btn icon={IconArrowLeft} keys="Esc" onClick={() => go("/robot/campaigns")}>{t("robot.campaign.back")}</Btn></div><Failed error={found.error} again={() => void found.refetch()} /></section>;
  const x = found.data.campaign;
  return (
    <div className="rbcampaign" tabIndex={0} role="group" aria-label={nameOf(x)}>
      <div className="row wrap">
        <Btn icon={IconArrowLeft} keys="Esc" onClick={() => go("/robot/campaigns")}>{t("robot.campaign.back")}</Btn>
        <h2 className="rbtitle">{x.standing && <I of={IconRobot} size={20} />}{nameOf(x)}</h2>
        <StateChip of={x.state} />
        {!x.standing && <span className="chip">{t(`robot.kind.${x.kind}`)}</span>}
        {leads && <span className="end"><Acts of={x} /></span>}
      </div>
      <Stale of={found} />
      <Stats of={x} />
      <div className="rbpair"><Outcomes of={found.data} /><Rules of={x} /></div>
      <CampaignCalls of={x} me={me} />
    </div>
  );
}

function Stats({ of: x }: { of: Campaign }) {
  const { t } = useTranslation();
  const p = x.progress;
  const stat = (title: string, value: ReactNode, under: ReactNode) => <section className="card stat"><h3 className="t2 s13">{title}</h3><p className="v">{value}</p><div className="s12 t2" style={{ minHeight: 16 }}>{under}</div></section>;
  return (
    <div className={x.kind === "rating" ? "rbstats five" : "rbstats"}>
      {stat(t("robot.campaign.called"), <>{number(p.settled)} <span className="t2 s13">{t("robot.of", { total: number(p.total) })}</span></>, <Bar of={p} />)}
      {stat(t("robot.campaign.answered"), number(p.reached), <Share part={p.reached} whole={p.settled} />)}
      {x.kind === "rating" && stat(t("robot.campaign.rate"), percent(p.marked, p.settled), <>{t("desk.of", { part: number(p.marked), whole: number(p.settled) })}, {t("robot.campaign.rateOf")}</>)}
      {x.kind === "rating" && stat(t("robot.campaign.mean"), p.marked ? number(p.mark_total / p.marked, 2) : "—", p.marked ? t("robot.campaign.meanBy", { count: p.marked, rate: percent(p.marked, p.settled) }) : t("robot.campaign.noMarks"))}
      {stat(t("robot.campaign.left"), number(left(p)), t("robot.campaign.leftNow", { count: p.states.calling ?? 0 }))}
    </div>
  );
}

function Rules({ of: x }: { of: Campaign }) {
  const { t } = useTranslation();
  const now = useNow();
  const choice = useChosen(x);
  const spacing = SPACED.filter((r) => x.spacing[r]).map((r) => `${t(`robot.result.${r}`)} ${t("robot.minutes", { count: Math.round((x.spacing[r] ?? 0) / 60) })}`).join(", ");
  const rows: [string, ReactNode][] = [
    ["hours", x.danger ? "0–24" : x.hours.replace("-", "–")], ["days", t(`robot.campaign.dayses.${x.days}`)], ["lines", number(x.lines)], ["attempts", number(x.attempts)], ["zone", x.zones.join(", ")], ["language", t(`robot.language.${x.language}`, { defaultValue: x.language })],
    ["channels", x.kind === "outage" && x.channels.map((c) => t(`robot.channel.${c}`)).join(", ")], ["danger", x.danger && !x.standing && t("robot.campaign.dangerYes")], ["choice", choice], ["spacing", spacing],
    ["from", x.begins_at && until(x.begins_at, now)], ["to", x.ends_at && until(x.ends_at, now)], ["created", !x.standing && <>{x.created_by}, <At at={x.created_at} now={now} /></>], ["ended", x.ended_at && <>{until(x.ended_at, now)}, {x.changed_by}</>],
  ];
  return (
    <section className="card" aria-labelledby="rbrules">
      <header><h2 id="rbrules">{t("robot.campaign.rules")}</h2></header>
      <div className="body"><dl className="rbrules">{rows.filter(([, value]) => value).map(([key, value]) => <div key={key}><dt>{t(`robot.campaign.${key}`)}</dt><dd>{value}</dd></div>)}</dl></div>
    </section>
  );
}

const NAMED_HOUSES = 5;

/** The tickets it is about in a few words; "" where none were chosen. */
function useChosen({ choice: c }: Campaign): string {
  const { t } = useTranslation();
  const named = useChoices(Boolean(c.organisation_id || c.classifier));
  const few = c.house_ids.length <= NAMED_HOUSES ? c.house_ids : [];
  const houses = useQueries({ queries: few.map((id) => ({ queryKey: ["directory", "house", id], queryFn: () => get<HouseCard>(`/houses/${id}`) })) });
  const where = few.length ? houses.map((h, i) => h.data?.address ?? `№ ${few[i]}`).join("; ") : c.house_ids.length > 0 && t("robot.choice.housesIs", { count: c.house_ids.length });
  return [
    c.classifier && (named.data?.branches.find((b) => b.code === c.classifier)?.name ?? c.classifier),
    c.organisation_id !== null && (named.data?.organisations.find((o) => o.id === c.organisation_id)?.name ?? `№ ${c.organisation_id}`),
    c.district, where, c.urgency.map((u) => t(`urgency.${u}`, { defaultValue: u })).join(", "),
    c.paid !== null && t(c.paid ? "robot.choice.paidOnly" : "robot.choice.free"),
    c.status.map((s) => t(`status.${s}`, { defaultValue: s })).join(", "),
    c.others && t("robot.choice.othersToo"),
    c.since && c.until && t("robot.choice.between", { since: dateOnly(c.since), until: dateOnly(Date.parse(c.until) - 1) }),
  ].filter(Boolean).join(" · ");
}

function CampaignCalls({ of: x, me }: { of: Campaign; me: Me }) {
  const { t } = useTranslation();
  const now = useNow();
  const [state, setState] = useState("");
  const [result, setResult] = useState("");
  const [open, setOpen] = useState<number | null>(null);
  const filter = { state, result };
  const polling = usePolling(5_000);
  const over = x.state === "stopped" || x.state === "finished";
  const found = useInfiniteQuery({
    queryKey: ["campaigns", "calls", x.id, filter], queryFn: ({ pageParam, signal }) => get<Page<CampaignCall>>(`/campaigns/${x.id}/calls`, { ...filter, limit: 50, cursor: pageParam }, signal),
    initialPageParam: "", getNextPageParam: (p) => p.next ?? undefined, placeholderData: keepPreviousData, refetchInterval: (q) => !over && polling * Math.max(1, q.state.data?.pages.length ?? 1),
  });
  const items = found.data?.pages.flatMap((p) => p.items) ?? [];
  const { at, body, row } = useRows(items.map((c) => c.id), (id) => setOpen((o) => (o === id ? null : id)));
  // Bound when a row opens, and so before the page's own: the row is closed first.
  useKeys({ Escape: () => setOpen(null) }, { when: open !== null });
  const columns = ["number", "who", "callState", "result", "tries", "ticket", "at"] as const;
  return (
    <section className="card rbcalls" aria-labelledby="rbcalls">
      <header className="wrap">
        <h2 id="rbcalls">{t("robot.campaign.calls")}</h2>
        <span className="end row wrap">
          <Choice label={t("robot.campaign.callState")} any={t("robot.campaign.anyCall")} value={state} onChange={setState} options={CALL_STATES.map((s) => [s, t(`robot.campaign.callStates.${s}`)])} />
          <Choice label={t("robot.campaign.outcome")} any={t("robot.campaign.anyResult")} value={result} onChange={setResult} options={Object.keys(x.progress.results).map((r) => [r, t(`robot.result.${r}`, { defaultValue: r })])} />
        </span>
      </header>
      <div className="body" ref={body} tabIndex={0} role="group" aria-labelledby="rbcalls">
        <Held of={found} bones={{ count: 6, height: 28 }} empty={items.length === 0 && <Empty icon={IconPhoneOutgoing} title={t("robot.campaign.noCalls")}>{t("robot.campaign.noCallsLead")}</Empty>}>
          <table className="table">
            <thead><tr>{columns.map((c) => <th key={c} scope="col" className={c === "tries" ? "num" : ""}>{t(`robot.campaign.${c}`)}</th>)}</tr></thead>
            <tbody>
              {items.map((c) => (
                <Fragment key={c.id}>
                  <tr {...row(c.id)} className={`pick ${c.id === at || c.id === open ? "now" : ""}`}>
                    <td className="b" style={{ whiteSpace: "nowrap" }}><button type="button" tabIndex={-1} className="bare b" aria-expanded={c.id === open}>{phone(c.number)}</button></td>
                    <td><span className="cut rbwho" title={c.name}>{c.name || "—"}</span></td>
                    <td>{t(`robot.campaign.callStates.${c.state}`)}</td>
                    <td><Result result={c.result} mark={c.mark} /></td>
                    <td className="num">{t("desk.of", { part: c.attempts, whole: x.attempts })}</td>
                    <td>{c.ticket_number ? <a href={`/tickets/${c.ticket_number}`} onClick={(e) => { e.stopPropagation(); follow(`/tickets/${c.ticket_number}`)(e); }}>{c.ticket_number}</a> : "—"}</td>
                    <td className="t2">{c.settled_at ? <At at={c.settled_at} now={now} /> : c.state === "waiting" && !over ? t("robot.campaign.next", { time: until(c.due_at, now) }) : "—"}</td>
                  </tr>
                  {c.id === open && <tr className="opened"><td colSpan={columns.length}><Tries of={c} me={me} /></td></tr>}
                </Fragment>
              ))}
            </tbody>
          </table>
          {found.hasNextPage && <div className="row" style={{ padding: 12 }}><Btn disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t("list.more")}</Btn></div>}
        </Held>
      </div>
    </section>
  );
}

function Result({ result, mark }: { result: string; mark: number | null }) {
  const { t } = useTranslation();
  if (!result) return <>—</>;
  const bad = result === "not_done" || (mark !== null && mark <= 2);
  return <span className="row" style={{ gap: 6 }}><span className={bad ? "danger b" : ""}>{t(`robot.result.${result}`, { defaultValue: result })}</span>{mark !== null && <span className={bad ? "chip danger" : "chip done"}>{t("robot.campaign.markIs", { mark })}</span>}</span>;
}

function Tries({ of: c, me }: { of: CampaignCall; me: Me }) {
  const { t } = useTranslation();
  const [playing, setPlaying] = useState<number | null>(null);
  const reasonOf = useInWords();
  const line = (a: CallAttempt) => [a.reason && reasonOf(a.reason), a.keys && t("robot.campaign.keys", { keys: a.keys }), a.proof && t(`robot.campaign.proof.${a.proof}`, { defaultValue: a.proof })].filter(Boolean).join(" · ");
  return (
    <div className="rbtries">
      {c.tries.length === 0 && <p className="t2 s13">{t("robot.campaign.noTries")}</p>}
      {c.tries.map((a, i) => {
        const rec = a.recording;
        return (
          <div key={a.id} className="rbtry">
            <span className="t3 s12">{t("robot.campaign.attempt", { n: i + 1 })}, <time dateTime={a.planned_at} title={exact(a.planned_at)}>{until(a.planned_at, Date.parse(a.planned_at))}</time></span>
            <span className="grow">{a.result ? <Result result={a.result} mark={a.mark} /> : t(`robot.campaign.attemptStates.${a.state}`, { defaultValue: a.state })}<span className="t2 s12">{line(a)}{a.answered_at && a.settled_at && ` · ${hms(a.answered_at)}–${hms(a.settled_at)}`}</span></span>
            {rec && <Btn size="small" icon={IconPlayerPlay} aria-expanded={playing === rec.id} onClick={() => setPlaying((p) => (p === rec.id ? null : rec.id))}>{t("robot.campaign.recording")} {rec.seconds !== null && clock(rec.seconds)}</Btn>}
            {a.call_id !== null && <a href={`/calls?open=${a.call_id}`} onClick={follow(`/calls?open=${a.call_id}`)} className="s13">{t("robot.campaign.call")}</a>}
            {rec && playing === rec.id && <div className="rbplayer"><Player id={rec.id} me={me} why="robot" caller={c.name || phone(c.number)} operator={t("robot.title")} /></div>}
          </div>
        );
      })}
    </div>
  );
}
