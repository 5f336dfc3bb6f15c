// The desk: the callback list, the ticket being written or the latest ones, the own shift; the call is docked beside it.

import { IconCircleCheck, IconClipboardList, IconClock, IconClockExclamation, IconDoorExit, IconEyeOff, IconFileText, IconFlask, IconPhoneIncoming, IconPhoneX, IconPlus, IconUser, IconUserQuestion, IconUsers, type Icon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get, post } from "@/api/client";
import type { Duty, Me, Page, ShiftFigures, TicketRow } from "@/api/types";
import { DutyCard, WithheldLine } from "@/callbacks/DutyCard";
import { placeOf } from "@/lib/address";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { follow, go, useRoute } from "@/lib/route";
import { clock, hm, span } from "@/lib/time";
import { mine } from "@/mine";
import { nextDuty, useDuties } from "@/session";
import { Btn, Empty, Faces, I, Keys, Urgency, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { isEmpty, readDraft } from "./draft";
import { TicketForm } from "./TicketForm";

const MOST_CARDS = 60; // each counts down every second; the rest stands in the room of callbacks
const KINDS: [string, Icon][] = [["known", IconUser], ["unknown", IconUserQuestion], ["withheld", IconEyeOff], ["hangup", IconDoorExit], ["busy_day", IconUsers]];

export function Desk({ me }: { me: Me }) {
  const { t } = useTranslation();
  const why = useWhy();
  const { query } = useRoute();
  const writing = query.get("new") === "1";
  const [kind, setKind] = useState("known");
  const demo = (which = kind) => void post("/demo/call", { kind: which }).then(() => say(t("desk.demoPlaced")), (error) => say(why(error), { bad: true }));
  const shift = useQuery({ queryKey: ["shift"], queryFn: () => get<ShiftFigures>("/shift"), refetchInterval: 60_000 });
  const tickets = useQuery({ queryKey: ["tickets", "latest"], queryFn: () => get<Page<TicketRow>>("/tickets", { limit: 30 }) });
  const nothing = shift.data?.calls === 0 && tickets.data?.items.length === 0;
  // Asked only where it matters: a busy desk is not rendered anew for each call.
  const quiet = mine.pick((m) => nothing && m === null);
  useKeys({ KeyD: () => demo() }, { when: me.sandbox });
  useKeys(Object.fromEntries(KINDS.map(([k], i) => [`Digit${i + 1}`, () => setKind(k)])), { when: me.sandbox && quiet && !writing });

  return (
    <div className={writing ? "desk writing" : "desk"}>
      <h1 className="sr">{t("room.desk")}</h1>
      <CallbackList me={me} hidden={writing} />
      <div className="middle">
        {writing ? (
          <TicketForm me={me} />
        ) : quiet ? (
          <div className="card" style={{ flex: 1 }}><FirstTime me={me} kind={kind} onKind={setKind} onDemo={demo} /></div>
        ) : (
          <>
            <DraftCard me={me} onDemo={me.sandbox ? () => demo() : undefined} />
            <Latest tickets={tickets} />
          </>
        )}
        {!writing && <Shift figures={shift.data} />}
      </div>
    </div>
  );
}

function CallbackList({ me, hidden }: { me: Me; hidden: boolean }) {
  const { t } = useTranslation();
  const now = useNow();
  const duties = useDuties();
  const withheld = useQuery({ queryKey: ["duties", "withheld"], queryFn: () => get<Page<Duty>>("/callbacks", { state: "impossible", from: new Date(Date.now() - 6 * 3600_000).toISOString(), limit: 3 }) });
  const items = duties.data?.items ?? [];
  const first = nextDuty(items, me.id);
  return (
    <section className={hidden ? "card callbacklist off" : "card callbacklist"} aria-labelledby="callbacks-title">
      <header><h2 id="callbacks-title">{t("desk.callbacks")} <span className="t3">{duties.data ? items.length : ""}</span></h2><span className="end t3 s12 list-first">{t("desk.first")}</span></header>
      <div className="body" tabIndex={0} role="group" aria-labelledby="callbacks-title">
        <Faces of={duties} bones={{ count: 4, height: 72 }} empty={items.length === 0 && !withheld.data?.items.length && <Empty icon={IconCircleCheck} title={t("desk.noCallbacks")}>{t("desk.noCallbacksLead")}</Empty>}>
          <ul>
            {items.slice(0, MOST_CARDS).map((d) => <DutyCard key={d.id} duty={d} now={now} me={me} first={d === first} />)}
            {items.length > MOST_CARDS && <li className="t2 s12" style={{ padding: 10 }}><a href="/callbacks" onClick={follow("/callbacks")}>{t("board.below", { count: items.length - MOST_CARDS })}</a></li>}
            {withheld.data?.items.map((d) => <WithheldLine key={d.id} duty={d} />)}
          </ul>
        </Faces>
      </div>
    </section>
  );
}

function DraftCard({ me, onDemo }: { me: Me; onDemo?: () => void }) {
  const { t, i18n } = useTranslation();
  const draft = readDraft(me.login);
  const kept = !isEmpty(draft);
  const title = draft.entry ? (i18n.language === "ru" ? draft.entry.problem_ru : draft.entry.problem_en) : draft.words || draft.text || t("form.title");
  return (
    <div className="card">
      <header style={{ minHeight: 58, flexWrap: "wrap" }}>
        <span className="statebox"><I of={IconFileText} /></span>
        <div className="grow" style={{ minWidth: 150 }}>
          <p className="b cut">{kept ? t("desk.draft", { title }) : t("desk.newTicket")}</p>
          <p className="t3 s12 cut">{kept ? [draft.house?.address || draft.place, t("desk.draftSaved", { time: hm(draft.savedAt) })].filter(Boolean).join(" · ") : t("desk.newTicketLead")}</p>
        </div>
        {onDemo && <Btn icon={IconFlask} keys="D" onClick={onDemo}>{t("desk.demo")}</Btn>}
        <Btn look="primary" icon={kept ? undefined : IconPlus} keys="F3" onClick={() => go("/desk?new=1")}>{kept ? t("desk.continue") : t("desk.newTicket")}</Btn>
      </header>
    </div>
  );
}

function Latest({ tickets }: { tickets: ReturnType<typeof useQuery<Page<TicketRow>>> }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const [at, setAt] = useState(0);
  const items = tickets.data?.items ?? [];
  const open = () => items[at] && go(`/tickets/${items[at].number}`);
  const move = (by: number) => {
    const next = Math.max(0, Math.min(items.length - 1, at + by));
    setAt(next);
    document.querySelector(`[data-ticket="${items[next]?.number}"]`)?.scrollIntoView({ block: "nearest" });
  };
  useKeys({ ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: () => void open(), KeyO: () => void open() });
  return (
    <section className="card" style={{ flex: 1 }} aria-labelledby="latest">
      <header><h2 id="latest">{t("desk.tickets")} <span className="t3">{items.length || ""}</span></h2><span className="end t3 s12 cut">{t("desk.ticketsKeys")}</span></header>
      <div className="body" tabIndex={0} role="group" aria-labelledby="latest">
        <Faces of={tickets} bones={{ count: 6, height: 52 }} empty={items.length === 0 && <Empty icon={IconClipboardList} title={t("desk.noTickets")}>{t("desk.noTicketsLead")}</Empty>}>
          <ul>
            {items.map((x, i) => (
              <li key={x.number} data-ticket={x.number} className={`ticketline ${["life", "emergency"].includes(x.urgency) ? "urgent-edge" : ""}`} style={i === at ? { background: "var(--accent-soft)" } : undefined} onClick={() => go(`/tickets/${x.number}`)}>
                <Urgency of={x.urgency} />
                <span className="cut b" style={{ fontWeight: 500 }}>{i18n.language === "ru" ? x.classifier.problem_ru : x.classifier.problem_en}</span>
                <Due row={x} now={now} />
                <span />
                <span className={`s13 cut ${i === at ? "t2" : "t3"}`} style={{ gridColumn: "2 / -1" }}><a href={`/tickets/${x.number}`} onClick={(e) => { e.stopPropagation(); follow(`/tickets/${x.number}`)(e); }}>{x.number}</a>{"  "}{placeOf(x, t)} · {t(`statusShort.${x.status}`, { defaultValue: x.status })}{x.organisation && ` · ${x.organisation.name}`}</span>
              </li>
            ))}
          </ul>
        </Faces>
      </div>
    </section>
  );
}

function Due({ row, now }: { row: TicketRow; now: number }) {
  const { t } = useTranslation();
  const by = row.deadlines.fix_by;
  if (["closed", "cancelled"].includes(row.status) || !by) return <span className="t3 s12">{by ? "" : t("tickets.noTerm")}</span>;
  const left = (Date.parse(by) - now) / 1000;
  if (row.overdue || left < 0) return <span className="chip fill"><I of={IconClockExclamation} size={14} />{t("tickets.overdueBy", { span: span(left) })}</span>;
  if (left < 1800) return <span className="chip soon"><I of={IconClock} size={14} />{t("tickets.left", { span: span(left) })}</span>;
  return <span className="s13 t2" style={{ whiteSpace: "nowrap" }}>{span(left)}</span>;
}

function Shift({ figures }: { figures: ShiftFigures | undefined }) {
  const { t } = useTranslation();
  const f = figures;
  const cells: [string, string][] = [
    [t("desk.shift"), f?.since ? t("desk.shiftSince", { time: hm(f.since) }) : t("desk.shiftNone")],
    [t("desk.shiftCalls"), f ? String(f.calls) : "—"],
    [t("desk.shiftTalk"), f?.calls ? clock(f.talk_seconds / f.calls) : "—"],
    [t("desk.shiftCallbacks"), f ? t("desk.of", { part: f.callbacks_in_time, whole: f.callbacks }) : "—"],
    [t("desk.shiftTickets"), f ? String(f.tickets) : "—"],
  ];
  return <dl className="card figures" style={{ flexDirection: "row" }}>{cells.map(([word, value]) => <div key={word}><dt>{word}</dt><dd>{value}</dd></div>)}</dl>;
}

function FirstTime({ me, kind, onKind, onDemo }: { me: Me; kind: string; onKind: (kind: string) => void; onDemo: (kind?: string) => void }) {
  const { t } = useTranslation();
  if (!me.sandbox) return <Empty icon={IconPhoneIncoming} title={t("desk.emptyTitle")}>{me.state === "ready" ? t("desk.emptyWork") : t("desk.goReady")}</Empty>;
  return (
    <div className="demo">
      <div><span className="chip soon"><I of={IconFlask} size={14} />{t("desk.sandbox")}</span></div>
      <div><h2>{t("desk.emptyTitle")}</h2><p className="t2">{t("desk.emptyLead")}</p></div>
      <div className="kinds" role="radiogroup" aria-label={t("desk.demo")}>
        {KINDS.map(([k, picture], i) => (
          <button key={k} type="button" role="radio" aria-checked={k === kind} className={k === kind ? "kindcard on" : "kindcard"} onClick={() => onKind(k)}>
            <I of={k === "hangup" ? IconPhoneX : picture} size={20} />
            <span><span className="b" style={{ color: "var(--t1)" }}>{t(`desk.kind.${k}`)}</span><br /><span className="t3 s12">{t(`desk.kindLead.${k}`)}</span></span>
            <Keys of={String(i + 1)} calm />
          </button>
        ))}
      </div>
      <div className="row wrap"><Btn look="primary" size="main" icon={IconPhoneIncoming} keys="D" onClick={() => onDemo()}>{t("desk.place")}</Btn></div>
      <div className="row wrap t2 s13" style={{ borderTop: "1px solid var(--line)", paddingTop: 16, gap: "8px 20px" }}>
        {[["F2", "f2"], ["F3", "f3"], ["Ctrl Enter", "ce"], ["F8", "f8"]].map(([key, word]) => <span key={key} className="row"><Keys of={key!} calm />{t(`keys.${word}`)}</span>)}
      </div>
    </div>
  );
}
