// What was told to people and what became of it: one list for pushes, SMS, letters and calls; the story of each under its row.

import { IconAlertTriangleFilled, IconBell, IconBellOff, IconCheck, IconChecks, IconClock, IconMail, IconMailbox, IconMessage, IconPhone, IconRefresh, IconSearch, IconSend, type Icon } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Fragment, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { get, post } from "@/api/client";
import type { Notice, NoticeDetail, Page } from "@/api/types";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { follow } from "@/lib/route";
import { exact, hms, span } from "@/lib/time";
import { queries } from "@/session";
import { At, Bones, Btn, Empty, Failed, I, Keys, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { Choice, Held, useRows } from "./parts";
import { useReasons } from "./reasons";

const STATES: Record<Notice["state"], [Icon, string]> = {
  queued: [IconClock, "t3"], sending: [IconSend, "accent"], sent: [IconCheck, "accent"], delivered: [IconChecks, "done"], acknowledged: [IconChecks, "done"],
  failed: [IconAlertTriangleFilled, "danger"], suppressed: [IconBellOff, "t3"],
};
export const CHANNELS: Record<Notice["channel"], Icon> = { push: IconBell, sms: IconMessage, email: IconMail, call: IconPhone };
const KINDS = ["job", "unacknowledged", "reminder", "registered", "done", "closed", "critical", "untold", "outage", "routed", "overdue", "postponed", "cancelled", "joined", "interim"] as const;
const NOTHING = { state: "", channel: "", kind: "", ticket: "" };

export function Outbox({ leads, query }: { leads: boolean; query: URLSearchParams }) {
  const { t } = useTranslation();
  const now = useNow();
  const [form, setForm] = useState({ ...NOTHING, state: query.get("state") ?? "", ticket: query.get("ticket") ?? "" });
  const [asked] = useDebouncedValue(form, 200);
  const reasonOf = useReasons();
  const [open, setOpen] = useState<number | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const filter = { ...asked, ticket: asked.ticket.trim() };
  const found = useInfiniteQuery({
    queryKey: ["notices", filter], queryFn: ({ pageParam, signal }) => get<Page<Notice>>("/notices", { ...filter, limit: 50, cursor: pageParam }, signal),
    initialPageParam: "", getNextPageParam: (p) => p.next ?? undefined, placeholderData: keepPreviousData, refetchInterval: (q) => 10_000 * Math.max(1, q.state.data?.pages.length ?? 1),
  });
  const items = found.data?.pages.flatMap((p) => p.items) ?? [];
  const set = (name: keyof typeof NOTHING) => (value: string) => setForm((old) => ({ ...old, [name]: value }));
  const narrowed = JSON.stringify(form) !== JSON.stringify(NOTHING);
  const toggle = (id: number) => setOpen((o) => (o === id ? null : id));
  const { at, body, row } = useRows(items.map((x) => x.id), toggle);
  useKeys({ Slash: () => search.current?.focus(), Escape: () => (open === null ? false : setOpen(null)) });
  const columns = ["at", "state", "kind", "to", "ticket", "text"] as const;
  return (
    <>
      <div className="filters">
        <div className="field compact search" style={{ width: 200 }}><I of={IconSearch} size={16} className="t3" /><input ref={search} type="search" aria-label={t("robot.notice.ticket")} placeholder={t("robot.notice.ticket")} value={form.ticket} maxLength={40} onChange={(e) => set("ticket")(e.target.value)} /><span className="t3"><Keys of="/" calm /></span></div>
        <Choice label={t("robot.notice.state")} any={t("robot.notice.anyState")} value={form.state} onChange={set("state")} options={Object.keys(STATES).map((x) => [x, t(`robot.notice.states.${x}`)])} />
        <Choice label={t("robot.notice.channel")} any={t("robot.notice.anyChannel")} value={form.channel} onChange={set("channel")} options={Object.keys(CHANNELS).map((x) => [x, t(`robot.notice.channels.${x}`)])} />
        <Choice label={t("robot.notice.kind")} any={t("robot.notice.anyKind")} value={form.kind} onChange={set("kind")} options={KINDS.map((x) => [x, t(`robot.notice.kinds.${x}`)])} />
        {narrowed && <Btn onClick={() => setForm(NOTHING)}>{t("robot.clear")}</Btn>}
      </div>
      <section className="card rbfill" aria-label={t("robot.tab.notices")}>
        <div className="body rbplain" ref={body} tabIndex={0} role="group" aria-label={t("robot.tab.notices")}>
          <Held of={found} bones={{ count: 10, height: 28 }} empty={items.length === 0 && <Empty icon={IconMailbox} title={t("robot.notice.none")}>{narrowed ? t("robot.notice.noneFound") : t("robot.notice.noneLead")}</Empty>}>
            <table className="table">
              <thead><tr>{columns.map((c) => <th key={c} scope="col">{t(`robot.notice.${c}`)}</th>)}</tr></thead>
              <tbody>
                {items.map((x) => (
                  <Fragment key={x.id}>
                    <tr {...row(x.id)} className={`pick ${x.id === at || x.id === open ? "now" : ""}`}>
                      <td className="t2 rbwide"><button type="button" tabIndex={-1} className="bare" aria-expanded={x.id === open}><At at={x.created_at} now={now} /></button></td>
                      <td><State of={x} /></td>
                      <td><span className="row" style={{ gap: 6 }}><I of={CHANNELS[x.channel]} size={16} className="t3" /><span className="sr">{t(`robot.notice.channels.${x.channel}`)}: </span>{t(`robot.notice.kinds.${x.kind}`)}{x.danger && <span className="chip danger">{t("robot.notice.danger")}</span>}</span></td>
                      <td><span className="col" style={{ gap: 0 }}><span className="cut rbwho" title={x.to}>{x.to || "—"}</span><span className="t3 s12">{x.number ? phone(x.number) : x.email}</span></span></td>
                      <td style={{ whiteSpace: "nowrap" }}>{x.ticket_number ? <a href={`/tickets/${x.ticket_number}`} onClick={(e) => { e.stopPropagation(); follow(`/tickets/${x.ticket_number}`)(e); }}>{x.ticket_number}</a> : "—"}</td>
                      <td className="t2"><span className="rbtwo">{x.subject && <b>{x.subject}. </b>}{x.text || reasonOf(x)}</span></td>
                    </tr>
                    {x.id === open && <tr className="opened"><td colSpan={columns.length}><Opened of={x} leads={leads} /></td></tr>}
                  </Fragment>
                ))}
              </tbody>
            </table>
            {found.hasNextPage && <div className="row" style={{ padding: 12 }}><Btn disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t("list.more")}</Btn></div>}
          </Held>
        </div>
      </section>
      <div className="foot"><span>{t("robot.shown", { count: items.length })}</span>{(["↑ ↓", "Enter"] as const).map((k, i) => <span key={k} className="row" style={{ gap: 6 }}><Keys of={k} calm />{t(i ? "calls.open" : "calls.row")}</span>)}</div>
    </>
  );
}

function State({ of: x }: { of: Notice }) {
  const { t } = useTranslation();
  const [picture, tone] = STATES[x.state];
  return (
    <span className="col" style={{ gap: 0 }}>
      <span className={`row ${tone}`} style={{ gap: 6 }}><I of={picture} size={16} />{t(`robot.notice.states.${x.state}`)}</span>
      {x.tries > 1 && <span className="t3 s12">{t("robot.notice.tries", { count: x.tries })}</span>}
    </span>
  );
}

function Opened({ of: x, leads }: { of: Notice; leads: boolean }) {
  const { t } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const reasonOf = useReasons();
  const [busy, setBusy] = useState(false);
  const detail = useQuery({ queryKey: ["notice", x.id, x.state, x.tries], queryFn: () => get<NoticeDetail>(`/notices/${x.id}`) });
  const act = (path: string, body: unknown, word: string) => {
    setBusy(true);
    post<Notice>(`/notices/${x.id}/${path}`, body).then(() => say(t(word)), (e) => say(why(e), { bad: true })).finally(() => { setBusy(false); void queries.invalidateQueries({ queryKey: ["notices"] }); });
  };
  const waits = Date.parse(x.next_at) - now;
  return (
    <div className="rbopened">
      <div className="col" style={{ gap: 8 }}>
        {x.subject && <p className="b">{x.subject}</p>}
        <p className="rbtext">{x.text}</p>
        {x.problem && <p className="errorline">{reasonOf(x)}</p>}
        {x.receipt && <p className="t2 s13">{t("robot.notice.receipt", { receipt: x.receipt })}</p>}
        {leads && (
          <div className="row wrap">
            {x.state === "failed" && <Btn icon={IconRefresh} disabled={busy} onClick={() => act("again", undefined, "robot.notice.againDone")}>{t("robot.notice.again")}</Btn>}
            {x.kind === "job" && ["queued", "sending", "sent", "delivered"].includes(x.state) && <Btn icon={IconChecks} disabled={busy} onClick={() => act("acknowledge", { how: "page" }, "robot.notice.ackDone")}>{t("robot.notice.ack")}</Btn>}
          </div>
        )}
      </div>
      <div className="col" style={{ gap: 6 }}>
        <p className="b s13">{t("robot.notice.story")}</p>
        {detail.isPending ? <Bones count={3} height={16} /> : detail.isError ? <Failed error={detail.error} again={() => void detail.refetch()} /> : (
          <ol className="rbstory">
            {detail.data.events.map((e, i) => <li key={i}><time dateTime={e.at} title={exact(e.at)} className="t3">{hms(e.at)}</time><span>{t(`robot.notice.events.${e.what}`, { defaultValue: e.what })}{e.detail && <span className="t2">: {reasonOf(e)}</span>}{e.who && <span className="t3"> · {e.who}</span>}</span></li>)}
            {detail.data.events.length === 0 && <li><time dateTime={x.created_at} title={exact(x.created_at)} className="t3">{hms(x.created_at)}</time><span>{t("robot.notice.states.queued")}</span></li>}
            {x.state === "queued" && waits > 0 && <li><span className="t3">{hms(x.next_at)}</span><span>{t("robot.notice.next", { time: span(waits / 1000) })}</span></li>}
          </ol>
        )}
      </div>
    </div>
  );
}
