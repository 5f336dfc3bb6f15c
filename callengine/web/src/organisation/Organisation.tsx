// The room of an organisation's manager: what waits for his answer, for an executor, what is late; by hand or by keys, one or many.

import { IconAlertTriangle, IconCheck, IconClipboardCheck, IconClock, IconClockExclamation, IconClockPlus, IconPhone, IconUserCheck, IconUsersGroup, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Me, Page, TicketMove, TicketRow } from "@/api/types";
import { placeOf } from "@/lib/address";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { phone, shortName } from "@/lib/phone";
import { follow, go } from "@/lib/route";
import { exact, span, until } from "@/lib/time";
import { Btn, Empty, Faces, I, Urgency } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { useChoices, useDoers, useLoad } from "@/tickets/Choose";
import { MoveDialog } from "@/tickets/MoveDialog";
import { readAnew, useMoveWhy, useSendMove } from "@/tickets/moves";
import { count, hands, MOST, query as asks, TABS, type Hands, type Tab } from "./lists";
import { Load } from "./Load";
import { Reach } from "./Reach";
import "@/tickets/ticket.css";
import "./organisation.css";

const SOON_SECONDS = 300;
const ASSIGNABLE = new Set(["no_executor", "executor_assigned", "needs_rework", "in_progress"]);
const POSTPONABLE = ASSIGNABLE;
type Asking = { move: "decline" | "assign" | "postpone"; rows: TicketRow[]; needs: string[]; executor?: number };
type Failed = { number: string; why: string };

export function Organisation({ me, query }: { me: Me; query: URLSearchParams }) {
  const { t } = useTranslation();
  const choices = useChoices();
  const own = choices.data?.organisations[0];
  if (choices.data && !own) return <div className="card" style={{ flex: 1 }}><Empty icon={IconAlertTriangle} title={t("organisation.noOrganisation")}>{t("organisation.noOrganisationLead")}</Empty></div>;
  return <Faces of={choices} bones={{ count: 6, height: 64 }} empty={false}>{own && <RoomOf me={me} id={own.id} name={own.name} tab={(TABS as readonly string[]).includes(query.get("list") ?? "") ? (query.get("list") as Tab) : "accept"} />}</Faces>;
}

function RoomOf({ me, id, name, tab }: { me: Me; id: number; name: string; tab: Tab }) {
  const { t } = useTranslation();
  const why = useMoveWhy();
  const sendMove = useSendMove();
  const [at, setAt] = useState<string | null>(null);
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState<Asking | null>(null);
  const [failed, setFailed] = useState<Failed[]>([]);
  const [busy, setBusy] = useState(false);
  const body = useRef<HTMLDivElement>(null);
  const list = useQuery({ queryKey: ["tickets", "organisation", id, tab], queryFn: () => get<Page<TicketRow>>("/tickets", asks(tab, id)), refetchInterval: 30_000, staleTime: 0 });
  const late = useQuery({ queryKey: ["tickets", "organisation", id, "late"], queryFn: () => get<Page<TicketRow>>("/tickets", asks("late", id)), refetchInterval: 30_000 });
  const load = useLoad(id);
  const doers = useDoers(me, id);
  const all = hands(doers.items, load.data);
  const fit = all.filter((h) => doers.items.some((d) => d.id === h.id));
  const items = list.data?.items ?? [];
  const index = items.findIndex((x) => x.number === at);
  const here = items[index] ?? items[0];
  useEffect(() => { setMarked(new Set()); setAt(null); }, [tab]);
  // What has left the list is not marked any more.
  useEffect(() => { setMarked((old) => { const left = [...old].filter((n) => items.some((x) => x.number === n)); return left.length === old.size ? old : new Set(left); }); }, [list.data]);
  const chosen = marked.size ? items.filter((x) => marked.has(x.number)) : here ? [here] : [];

  const turn = (to: Tab) => go(`/organisation?list=${to}`, { replace: true });
  const select = (to: number) => {
    const next = items[Math.max(0, Math.min(items.length - 1, to))];
    if (!next) return;
    setAt(next.number);
    requestAnimationFrame(() => body.current?.querySelector(`[data-number="${next.number}"]`)?.scrollIntoView({ block: "nearest" }));
  };
  const mark = (number: string) => setMarked((old) => { const next = new Set(old); if (!next.delete(number)) next.add(number); return next; });

  /** Each is told for itself: of many, some may have been moved by others. */
  const move = async (rows: TicketRow[], wish: TicketMove): Promise<string> => {
    if (busy) {
      say(t("organisation.busy"), { bad: true });
      return t("organisation.busy");
    }
    setBusy(true);
    const wrong: Failed[] = [];
    for (const row of rows) {
      try {
        await sendMove(row.number, wish, { later: true });
      } catch (error) {
        wrong.push({ number: row.number, why: why(error) });
      }
    }
    readAnew(rows.map((row) => row.number));
    setBusy(false);
    const done = rows.length - wrong.length;
    if (done) say(t(`organisation.did.${wish.move}`, { count: done }), wish.move === "accept" && tab === "accept" ? { act: { word: t("organisation.next"), run: () => turn("free") } } : {});
    setMarked(new Set(wrong.map((w) => w.number)));
    if (wrong.length === 1 && rows.length === 1) { say(wrong[0]!.why, { bad: true }); return wrong[0]!.why; }
    setFailed(wrong);
    return "";
  };
  const accept = (rows: TicketRow[]) => { const fits = rows.filter((x) => x.status === "awaiting_acceptance"); if (fits.length) void move(fits, { move: "accept" }); };
  const decline = (rows: TicketRow[]) => { const fits = rows.filter((x) => x.status === "awaiting_acceptance"); if (fits.length) setAsking({ move: "decline", rows: fits, needs: ["reason"] }); };
  const postpone = (rows: TicketRow[]) => { const fits = rows.filter((x) => POSTPONABLE.has(x.status)); if (fits.length) setAsking({ move: "postpone", rows: fits, needs: ["until", "reason"] }); };
  const assign = (rows: TicketRow[], to?: Hands) => {
    const fits = rows.filter((x) => ASSIGNABLE.has(x.status) && x.executor_id !== (to?.id ?? -1));
    if (!fits.length) return;
    // A job that has begun changes hands with a reason alone.
    const begun = fits.some((x) => x.status === "in_progress");
    if (to && !begun) return void move(fits, { move: "assign", executor_id: to.id });
    setAsking({ move: "assign", rows: fits, needs: begun ? ["executor_id", "reason"] : ["executor_id"], executor: to?.id ?? undefined });
  };
  const may = chosen.some((x) => ASSIGNABLE.has(x.status));
  const step = (by: number) => turn(TABS[(TABS.indexOf(tab) + by + TABS.length) % TABS.length]!);
  useKeys({
    ArrowDown: () => select(index < 0 ? (at === null ? 1 : 0) : index + 1), ArrowUp: () => select(index - 1), Home: () => select(0), End: () => select(items.length - 1), ArrowRight: () => step(1), ArrowLeft: () => step(-1),
    Space: () => here && mark(here.number), "Ctrl+KeyA": () => setMarked(new Set(items.map((x) => x.number))), Escape: () => (marked.size ? setMarked(new Set()) : false),
    Enter: () => (here ? go(`/tickets/${here.number}`) : false), KeyO: () => (here ? go(`/tickets/${here.number}`) : false), KeyA: () => (tab === "accept" ? accept(chosen) : assign(chosen)), KeyD: () => decline(chosen), KeyP: () => postpone(chosen),
    ...Object.fromEntries(fit.slice(0, 9).map((h, i) => [`Digit${i + 1}`, () => assign(chosen, h)])),
  });
  const number = (one: Tab) => (one === "late" ? (late.data ? (late.data.next ? `${MOST}+` : late.data.items.length) : null) : count(one, load.data));
  const doing = { accept, decline, assign: (rows: TicketRow[]) => assign(rows), postpone };
  return (
    <div className="orgroom">
      <div className="pagehead"><h1>{name}</h1>{load.data && <p className="t2 s13">{t("organisation.lead", { open: load.data.open, late: load.data.late, stalled: load.data.stalled })}</p>}<span className="t3 s12 end keyhint">{t("organisation.keys")}</span></div>
      <div className="orggrid">
        <section className="card orglist" aria-labelledby="org-list">
          <h2 id="org-list" className="sr">{t(`organisation.tab.${tab}`)}</h2>
          <div className="orgtabs" role="group" aria-label={t("organisation.lists")}>
            {TABS.map((one) => <button key={one} type="button" aria-pressed={one === tab} className={one === "late" && number(one) ? "hot" : undefined} onClick={() => turn(one)}>{t(`organisation.tab.${one}`)} {number(one) !== null && <b>{number(one)}</b>}</button>)}
          </div>
          {marked.size > 0 && <Chosen rows={items.filter((x) => marked.has(x.number))} busy={busy} doing={doing} onClear={() => setMarked(new Set())} />}
          {failed.length > 0 && <div className="told" role="alert"><div className="row"><b className="s13">{t("organisation.notDone")}</b><span className="end"><Btn size="small" onClick={() => setFailed([])}>{t("organisation.dismiss")}</Btn></span></div><ul>{failed.map((f) => <li key={f.number} className="s13"><a href={`/tickets/${f.number}`} onClick={follow(`/tickets/${f.number}`)}>{f.number}</a>: {f.why}</li>)}</ul></div>}
          <div className="body" ref={body} tabIndex={0} role="group" aria-labelledby="org-list">
            <Faces of={list} bones={{ count: 6, height: 64 }} empty={items.length === 0 && <Empty icon={IconClipboardCheck} title={t(`organisation.empty.${tab}`)}>{t(`organisation.emptyLead.${tab}`)}</Empty>}>
              <ul>{items.map((x) => <Line key={x.number} row={x} on={x === here} marked={marked.has(x.number)} busy={busy} doing={doing} onMark={() => mark(x.number)} onPick={() => setAt(x.number)} />)}</ul>
              {list.data?.next && <p className="t3 s12" style={{ padding: "8px 16px" }}>{t("organisation.shown", { count: items.length })}</p>}
            </Faces>
          </div>
        </section>
        <div className="col" style={{ gap: 12, minHeight: 0, maxHeight: "100%" }}>
          <Load load={load} all={all} doers={fit} may={may && !busy} onGive={(h) => assign(chosen, h)} />
          <Reach own />
        </div>
      </div>
      {asking && <Ask me={me} of={asking} onClose={() => setAsking(null)} onSend={(wish) => move(asking.rows, wish)} />}
    </div>
  );
}

interface Doing { accept: (rows: TicketRow[]) => void; decline: (rows: TicketRow[]) => void; assign: (rows: TicketRow[]) => void; postpone: (rows: TicketRow[]) => void }

function Chosen({ rows, busy, doing, onClear }: { rows: TicketRow[]; busy: boolean; doing: Doing; onClear: () => void }) {
  const { t } = useTranslation();
  const open = rows.some((x) => x.status === "awaiting_acceptance");
  const worked = rows.some((x) => ASSIGNABLE.has(x.status));
  return (
    <div className="marked-bar" role="toolbar" aria-label={t("organisation.chosen", { count: rows.length })}>
      <b className="s13">{t("organisation.chosen", { count: rows.length })}</b>
      {open && <Btn icon={IconCheck} keys="A" disabled={busy} onClick={() => doing.accept(rows)}>{t("organisation.accept")}</Btn>}
      {open && <Btn icon={IconX} keys="D" disabled={busy} onClick={() => doing.decline(rows)}>{t("organisation.decline")}…</Btn>}
      {worked && <Btn icon={IconUserCheck} keys={open ? undefined : "A"} disabled={busy} onClick={() => doing.assign(rows)}>{t("organisation.assign")}…</Btn>}
      {worked && <Btn icon={IconClockPlus} keys="P" disabled={busy} onClick={() => doing.postpone(rows)}>{t("organisation.postpone")}…</Btn>}
      <span className="end"><Btn size="small" keys="Esc" onClick={onClear}>{t("organisation.clear")}</Btn></span>
    </div>
  );
}

function Line({ row: x, on, marked, busy, doing, onMark, onPick }: { row: TicketRow; on: boolean; marked: boolean; busy: boolean; doing: Doing; onMark: () => void; onPick: () => void }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const hot = x.urgency === "life" || x.urgency === "emergency";
  const problem = i18n.language === "ru" ? x.classifier.problem_ru : x.classifier.problem_en || x.classifier.problem_ru;
  const place = placeOf(x, t);
  const to = `/tickets/${x.number}`;
  const caller = x.applicant.name || phone(x.applicant.number);
  return (
    <li data-number={x.number} className={`orgrow${hot ? " hot" : ""}${on ? " now" : ""}${marked ? " marked" : ""}`} aria-current={on || undefined} onClick={onPick}>
      <label className="tick"><input type="checkbox" checked={marked} onChange={onMark} aria-label={t("organisation.mark", { number: x.number })} /></label>
      <div className="what">
        <p className="row"><Urgency of={x.urgency} /><a href={to} className="cut" onClick={follow(to)} title={problem}>{problem}</a>{x.applicant_count > 1 && <span className="chip" title={t("organisation.several", { count: x.applicant_count })} role="img" aria-label={t("organisation.several", { count: x.applicant_count })}><I of={IconUsersGroup} size={14} />{x.applicant_count}</span>}</p>
        <p className="s13 cut" title={place}>{place || "—"}</p>
        <p className="t2 s12 row wrap" style={{ gap: "0 8px" }}><span>{x.number}</span><span>{t(`statusShort.${x.status}`)}</span>{x.executor_name ? <span>{shortName(x.executor_name)}</span> : x.status !== "awaiting_acceptance" && <span>{t("organisation.nobody")}</span>}{x.paid && <span>{t("ticket.paid")}</span>}{x.postponed_until && Date.parse(x.postponed_until) > now && <span className="soon b">{t("organisation.postponed", { time: until(x.postponed_until, now) })}</span>}</p>
      </div>
      <div className="when"><Left row={x} now={now} /></div>
      <div className="acts">
        {x.applicant.number.startsWith("+") && <a className="btn icon phonelink" href={`tel:${x.applicant.number}`} aria-label={t("organisation.call", { name: caller })} title={t("organisation.call", { name: caller })}><I of={IconPhone} /></a>}
        {x.status === "awaiting_acceptance" && <><Btn look="green" icon={IconCheck} keys={on ? "A" : undefined} disabled={busy} onClick={() => doing.accept([x])}>{t("organisation.accept")}</Btn><Btn disabled={busy} keys={on ? "D" : undefined} onClick={() => doing.decline([x])}>{t("organisation.decline")}…</Btn></>}
        {ASSIGNABLE.has(x.status) && <Btn look={x.executor_id === null ? "primary" : "plain"} icon={IconUserCheck} keys={on ? "A" : undefined} disabled={busy} onClick={() => doing.assign([x])}>{t(x.executor_id === null ? "organisation.assign" : "organisation.other")}…</Btn>}
        {POSTPONABLE.has(x.status) && <Btn icon={IconClockPlus} disabled={busy} aria-keyshortcuts="P" aria-label={`${t("organisation.postpone")}: ${x.number}`} title={t("organisation.postpone")} onClick={() => doing.postpone([x])} />}
      </div>
    </li>
  );
}

function Left({ row: x, now }: { row: TicketRow; now: number }) {
  const { t } = useTranslation();
  const waits = x.status === "awaiting_acceptance";
  const by = waits ? x.deadlines.accept_by ?? x.due_at : x.due_at ?? (x.overdue ? x.deadlines.fix_by : null);
  if (!by) return <span className="t3 s12">{t("organisation.noTerm")}</span>;
  const left = (Date.parse(by) - now) / 1000;
  const tone = left < 0 ? "fill" : left < (waits ? SOON_SECONDS : 1800) ? "soon" : waits ? "accent" : "";
  return <span className={`chip ${tone}`} title={exact(by)}><I of={left < 0 ? IconClockExclamation : IconClock} size={14} />{t(`organisation.${waits ? (left < 0 ? "acceptLate" : "acceptBy") : left < 0 ? "lateBy" : "left"}`, { span: span(left) })}</span>;
}

function Ask({ me, of, onClose, onSend }: { me: Me; of: Asking; onClose: () => void; onSend: (wish: TicketMove) => Promise<string> }) {
  const { t } = useTranslation();
  const first = of.rows[0]!;
  const label = t(`organisation.${of.move}`);
  const title = of.rows.length === 1 ? t("ticket.ask", { move: label, number: first.number }) : t("organisation.asked", { move: label, count: of.rows.length });
  const usual = of.move === "decline" ? (["foreign", "kind", "utility", "double"] as const).map((key) => t(`organisation.usual.${key}`)) : [];
  return (
    <MoveDialog me={me} title={title} offer={{ move: of.move, label, needs: of.needs }} of={{ classifier: first.classifier, house: first.house, organisation: first.organisation, status: of.rows.length === 1 ? first.status : "", executor: of.rows.length === 1 && first.executor_id !== null ? { id: first.executor_id } : null }}
      kept={of.executor === undefined ? undefined : { reason: "", organisation: null, executor: of.executor, until: null, mark: null, status: "", house: null, premise: "" }} usual={usual} usualLabel={t("organisation.reasons")} onClose={onClose} onSend={onSend} />
  );
}
