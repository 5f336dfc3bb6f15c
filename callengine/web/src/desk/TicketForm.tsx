// A new ticket: what happened, where, the questions, the words; beside it who will answer, by when, and why.

import { IconCheck } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState, type Dispatch, type ReactNode, type SetStateAction } from "react";
import { useTranslation } from "react-i18next";
import { Failure, get, newKey, post, remove } from "@/api/client";
import type { CallerCard, ClassifierProblem, House, JoinTicket, Me, NewTicket, Page, Person, RoutingPreview, Ticket, TicketJoined, TicketMove } from "@/api/types";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { answered, mistaken, owed } from "@/lib/questions";
import { phone } from "@/lib/phone";
import { follow, go } from "@/lib/route";
import { hms, until } from "@/lib/time";
import { choose, mine, ringing, stored, type Mine } from "@/mine";
import { queries } from "@/session";
import { Btn, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { Ask } from "./Ask";
import { dropDraft, emptyDraft, isEmpty, keepDraft, ofPlace, readDraft, type Draft } from "./draft";
import { usePreview, useScript } from "./preview";
import { refusals, type FormPart } from "./refusals";
import { Registered } from "./Registered";
import { Safety } from "./Say";
import { settles, Side } from "./Side";
import { Similar } from "./Similar";
import { What } from "./What";
import { Where } from "./Where";
import { Who } from "./Who";
import "./form.css";

/** What the call tells of the ticket: who, from which number, where he lives. */
function fromCall(draft: Draft, own: Mine | null): Draft {
  if (!own) return draft;
  const newCall = draft.callId !== own.call.id;
  // A draft that was begun for another call stays that call's: nothing of it is overwritten.
  if (draft.callId !== null && newCall && !isEmpty(draft)) return draft;
  const person = own.card?.candidates.find((p) => p.id === own.person);
  const known = !newCall && draft.personId === (person?.id ?? null);
  if (known) return draft;
  const home = person?.residences[0];
  const takeHouse = home && !draft.elsewhere && (!draft.house || draft.houseFromCard);
  return {
    ...draft, callId: own.call.id, personId: person?.id ?? null, number: own.call.number || draft.number, name: person?.name ?? draft.name,
    ...(takeHouse && { house: home.house, houseFromCard: true, premise: home.premise }),
  };
}

export function TicketForm({ me }: { me: Me }) {
  const own = mine.use();
  const [draft, setDraft] = useState(() => fromCall(readDraft(me.login), own));
  const [done, setDone] = useState<Ticket | null>(null);
  // Who only is said to ring gives his number; the call itself hangs on the ticket once it is stored.
  const said = ringing.pick((r) => r?.number);
  useEffect(() => {
    if (said && !done) setDraft((d) => (d.callId === null && !d.number && !d.anonymous ? { ...d, number: said } : d));
  }, [said, done]);
  useEffect(() => {
    if (!done) setDraft((d) => fromCall(d, own));
  }, [own, done]);
  // The key of the draft that became a ticket or joined one: leaving the page does not keep it again.
  const sent = useRef("");
  const latest = useRef(draft);
  latest.current = draft;
  useEffect(() => {
    // Always the newest: what is kept late must not bring back what was erased meanwhile.
    const keep = () => latest.current.key !== sent.current && keepDraft(me.login, latest.current);
    const timer = setTimeout(keep, 300);
    window.addEventListener("pagehide", keep);
    return () => {
      clearTimeout(timer);
      window.removeEventListener("pagehide", keep);
      keep();
    };
  }, [draft, me.login]);
  if (done) return <Registered ticket={done} parent={draft.parent} onAgain={() => { setDraft(fromCall(emptyDraft(), own)); setDone(null); }} />;
  return <Writing me={me} draft={draft} setDraft={setDraft} onSent={() => { sent.current = draft.key; dropDraft(me.login); }} onDone={setDone} />;
}

interface WritingProps {
  me: Me;
  draft: Draft;
  setDraft: Dispatch<SetStateAction<Draft>>;
  /** The draft is no draft any more: it was registered or joined. */
  onSent: () => void;
  onDone: (ticket: Ticket) => void;
}

const PARTS: FormPart[] = ["what", "where", "ask", "words", "who"];
const FIELDS = "input, textarea, select, button";

function Writing({ me, draft, setDraft, onSent, onDone }: WritingProps) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const [refused, setRefused] = useState<Partial<Record<FormPart, string>>>({});
  const [missed, setMissed] = useState<string[]>([]);
  const [usedFor, setUsedFor] = useState("");
  const change = (part: Partial<Draft>) => {
    setDraft((d) => ({ ...d, ...part, savedAt: Date.now() }));
    setRefused({});
  };
  const what = useRef<HTMLInputElement>(null);
  const where = useRef<HTMLInputElement>(null);
  const form = useRef<HTMLDivElement>(null);
  const [busy, setBusy] = useState(false);
  // The call that was never stored, and of which the operator knows: the ticket goes without it.
  const withoutCall = useRef("");
  const [houseWords, setHouseWords] = useState("");
  const [searching, setSearching] = useState(!draft.entry);
  const [moving, setMoving] = useState(!draft.house);
  const placed = draft.house !== null || draft.elsewhere;
  const { entry, house } = draft;
  // An address that came with the caller is shown as chosen, whenever it comes.
  useEffect(() => {
    if (draft.houseFromCard) setMoving(false);
  }, [draft.houseFromCard, house?.id]);
  const problem = (e: ClassifierProblem) => (i18n.language === "ru" ? e.problem_ru : e.problem_en || e.problem_ru);
  const ready = entry && placed;
  const { people, person } = usePeople(draft);
  // What the rules want to know comes with the first answer; the answers then go into the next.
  const [known, setKnown] = useState<{ of: string; preview: RoutingPreview } | null>(null);
  const place = `${entry?.code} ${house?.id ?? draft.elsewhere} ${i18n.language}`;
  const { script, counted } = useScript(draft, known?.of === place ? known.preview : undefined);
  const preview = usePreview(draft, counted);
  useEffect(() => {
    if (preview.data && !preview.isPlaceholderData) setKnown({ of: place, preview: preview.data });
  }, [preview.data, preview.isPlaceholderData, place]);
  const p = ready && !preview.isError ? preview.data : undefined;
  const closing = draft.given && p !== undefined && settles(p, draft.organisationId);
  useEffect(() => {
    (searching ? what.current : form.current?.querySelector<HTMLElement>("[data-step='ask'] input, textarea"))?.focus();
    // Only at the opening: later the focus follows the work.
  }, []);
  // The fields of the next part stand only after this render.
  const onward = (step: "where" | "ask") => setTimeout(() => (step === "where" ? where.current : form.current?.querySelector<HTMLElement>("[data-step='ask'] input, [data-step='words'] textarea"))?.focus());
  const pickEntry = (e: ClassifierProblem) => {
    const same = entry?.code === e.code;
    change({ entry: e, words: problem(e), organisationId: null, given: false, answers: same ? draft.answers : {}, paid: same ? draft.paid : false, parent: same ? draft.parent : "" });
    setSearching(false);
    setMissed([]);
    onward(placed ? "ask" : "where");
  };
  const pickHouse = (h: House, premise: string) => {
    const same = h.id === house?.id;
    change({ house: h, houseFromCard: false, elsewhere: false, premise, organisationId: same ? draft.organisationId : null, parent: same ? draft.parent : "" });
    setMoving(false);
    setHouseWords("");
    if (premise) onward("ask");
    else setTimeout(() => form.current?.querySelector<HTMLElement>("#premise")?.focus());
  };
  const focusWhere = () => setTimeout(() => form.current?.querySelector<HTMLElement>("[data-step='where'] :is([data-place], [role=combobox])")?.focus());
  /** No house: what was typed for one is the beginning of the place in words. */
  const pickElsewhere = () => {
    change({ house: null, houseFromCard: false, elsewhere: true, premise: "", place: draft.place || houseWords.trim(), organisationId: null, parent: "" });
    setMoving(false);
    setHouseWords("");
    focusWhere();
  };
  const pickHouseAgain = () => {
    change({ elsewhere: false, organisationId: null, parent: "" });
    setMoving(true);
    focusWhere();
  };
  const pickPerson = (one: Person) => {
    if (mine.get()?.call.id === draft.callId && draft.callId !== null) return choose(one.id);
    const home = one.residences[0];
    change({ personId: one.id, name: one.name, ...(home && !draft.house && !draft.elsewhere && { house: home.house, houseFromCard: true, premise: home.premise }) });
  };
  /** Opens the part and puts the cursor where something is to be done. */
  const lead = (part: FormPart) => {
    if (part === "what") setSearching(true);
    if (part === "where") setMoving(true);
    setTimeout(() => form.current?.querySelector<HTMLElement>(`[data-step='${part}'] :is(${FIELDS})`)?.focus());
  };
  const tell = (told: Partial<Record<FormPart, string>>) => {
    setRefused(told);
    const first = PARTS.find((part) => told[part]);
    if (first) lead(first);
  };
  const toQuestion = (question: string) => setTimeout(() => form.current?.querySelector<HTMLElement>(`[data-q="${CSS.escape(question)}"] input`)?.focus());
  const lacks = (): boolean => {
    if (!entry) return tell({ what: t("form.missing.what") }), true;
    if (!placed) return tell({ where: t("ticketForm.missingWhere") }), true;
    if (draft.elsewhere && draft.place.trim().length < 3 && ofPlace(entry)) return tell({ where: t("ticketForm.missingPlace") }), true;
    const bad = script.find((q) => mistaken(q, draft.answers[q.text_ru]));
    if (bad) return setRefused({ ask: t("ticketForm.fixAnswers") }), toQuestion(bad.text_ru), true;
    const missing = owed(script, draft.answers).map((q) => q.text_ru);
    // Told once: a line that broke off must not keep a ticket from being written.
    if (!missing.length || closing || missing.every((q) => missed.includes(q))) return false;
    setMissed(missing);
    setRefused({ ask: `${t("ticketForm.needAnswers", { count: missing.length })}. ${t("ticketForm.needAgain")}` });
    toQuestion(missing[0]!);
    return true;
  };
  const settle = async (ticket: Ticket): Promise<Ticket> => {
    const reason = p?.answer || p?.referral || (p?.transfer_to ? t("ticketForm.transferredReason", { to: p.transfer_to }) : t("ticketForm.settled"));
    const body: TicketMove = { move: "close", reason: reason.slice(0, 2000), version: ticket.version };
    try {
      return await post<Ticket>(`/tickets/${encodeURIComponent(ticket.number)}/moves`, body, `${draft.key}-close`);
    } catch (error) {
      say(t("ticketForm.closeFailed", { number: ticket.number, why: why(error) }), { bad: true });
      return ticket;
    }
  };
  /** The call that the ticket hangs on; of one that only is said to ring the stored one is awaited. null: not yet, and it was said. */
  const callOf = async (): Promise<{ id: number | null } | null> => {
    const said = ringing.get();
    if (draft.callId !== null || !said || withoutCall.current === said.linkedid) return { id: draft.callId };
    say(t("ticketForm.callWaits"));
    const call = await stored(said, me.extension);
    if (call) return { id: call.id };
    withoutCall.current = said.linkedid;
    keepDraft(me.login, draft);
    tell({ whole: t("ticketForm.callNotStored", { number: said.number ? phone(said.number) : t("call.withheld") }) });
    return null;
  };
  const register = () => {
    if (busy || lacks()) return;
    setBusy(true);
    void callOf().then((call) => (call ? send(call.id) : setBusy(false)));
  };
  const send = (callId: number | null) => {
    const second = !draft.anonymous && draft.second.trim() ? t("ticketForm.secondLine", { number: draft.second.trim() }) : "";
    const body: NewTicket = {
      classifier: entry!.code, ...whereOf(draft), text: [draft.text.trim(), second].filter(Boolean).join("\n"), call_id: callId,
      applicant: applicantOf(draft), anonymous: draft.anonymous, ...counted, organisation_id: draft.organisationId, paid: draft.paid, parent: draft.parent,
    };
    post<Ticket>("/tickets", body, draft.key)
      .then((ticket) => (closing ? settle(ticket) : ticket))
      .then(
        (ticket) => {
          void queries.invalidateQueries({ queryKey: ["tickets"] });
          void queries.invalidateQueries({ queryKey: ["shift"] });
          onSent();
          onDone(ticket);
        },
        (error: unknown) => {
          setBusy(false);
          if (error instanceof Failure && error.status === 409) setUsedFor(/\d{2}-\d+/.exec(error.problem.detail ?? "")?.[0] ?? "");
          const told = error instanceof Failure ? refusals(error.problem) : {};
          if (Object.keys(told).length) tell(told);
          say(t("form.refused", { why: why(error) }), { bad: true });
        },
      );
  };
  const join = (number: string) => {
    if (busy) return;
    setBusy(true);
    const body: JoinTicket = { applicant: callerOf(draft), premise: draft.elsewhere ? draft.place.trim() : draft.premise, text: draft.text, call_id: draft.callId };
    const path = `/tickets/${encodeURIComponent(number)}/applicants`;
    const fresh = () => void queries.invalidateQueries({ queryKey: ["tickets"] });
    const old = draft;
    post<Page<TicketJoined>>(path, body).then(
      ({ items: [made] }) => {
        fresh();
        onSent();
        const back = () => void remove(`${path}/${made!.id}`).then(() => { fresh(); keepDraft(me.login, old); say(t("join.undone", { number })); }, (e: unknown) => say(why(e), { bad: true }));
        say(t(made ? "join.done" : "join.already", { number }), made ? { act: { word: t("form.undo"), run: back } } : {});
        go("/desk");
      },
      (error: unknown) => { setBusy(false); say(why(error), { bad: true }); },
    );
  };
  const leave = () => {
    keepDraft(me.login, draft);
    go("/desk");
  };
  const discard = () => {
    const old = draft;
    const fresh = fromCall(emptyDraft(), mine.get());
    dropDraft(me.login);
    setDraft(fresh);
    setSearching(true);
    setMoving(!fresh.house);
    setHouseWords("");
    setRefused({});
    setMissed([]);
    setUsedFor("");
    say(t("form.discarded"), { act: { word: t("form.undo"), run: () => { setDraft(old); setSearching(!old.entry); setMoving(!old.house); } } });
    setTimeout(() => what.current?.focus());
  };
  const candidates = p?.candidates ?? [];
  useKeys({
    "Ctrl+Enter": register, Escape: leave, "Shift+F9": () => (draft.elsewhere ? pickHouseAgain() : pickElsewhere()),
    ...(candidates.length > 0 && mineChoosesNothing() && Object.fromEntries(candidates.slice(0, 9).map((c, i) => [`Digit${i + 1}`, () => change({ organisationId: c.organisation.id, given: false })]))),
  });
  const done = script.filter((q) => answered(q, draft.answers)).length;
  const nextField = (from: HTMLElement) => {
    const fields = [...(form.current?.querySelectorAll<HTMLElement>("[data-q], [data-step='words'] textarea") ?? [])];
    const at = fields.findIndex((f) => f === from || f.contains(from));
    const next = fields[at + 1];
    (next?.matches("textarea") ? next : next?.querySelector<HTMLElement>("input:checked, input"))?.focus();
  };
  const change1 = (question: string, answer: string) => change({ answers: { ...draft.answers, [question]: answer } });
  const safety = p?.safety || (entry && (i18n.language === "ru" ? entry.safety_ru || entry.safety_en : entry.safety_en || entry.safety_ru)) || "";
  const to = p?.transfer_to || entry?.transfer_to || "";
  const numbered = script.length > 0 ? 1 : 0;

  return (
    <div className="pair">
      <section className="card ticketform" aria-labelledby="form-title" ref={form}>
        <header><h2 id="form-title">{t(draft.callId ? "form.fromCall" : "form.title")}</h2>{draft.savedAt > 0 && <span className="t3 s12 cut">{t("form.saved", { time: hms(draft.savedAt) })}</span>}</header>
        <div className="formbody" tabIndex={-1}>
          {entry && !searching && (safety || to) && <Safety text={safety} to={to} />}
          <Part n={1} step="what" title={t("form.what")} ok={Boolean(entry) && !searching} refused={refused.what}>
            <What draft={draft} searching={searching} input={what} impossible={p && !p.possible ? p.reason : ""} onWords={(words) => change({ words })} onPick={pickEntry} onSearch={() => { setSearching(true); change({ words: "" }); setTimeout(() => what.current?.focus()); }} />
          </Part>
          <Part n={2} step="where" title={t("form.where")} ok={placed && !moving && (!draft.elsewhere || !entry || !ofPlace(entry) || draft.place.trim().length >= 3)} note={house && draft.houseFromCard ? t("form.fromCard") : undefined} refused={refused.where}>
            <Where draft={draft} person={person} moving={moving} words={houseWords} input={where} onWords={setHouseWords} onPick={pickHouse} onPremise={(premise) => change({ premise })} onMove={() => { setMoving(true); setTimeout(() => where.current?.focus()); }} onEnter={() => onward("ask")} onElsewhere={pickElsewhere} onHouse={pickHouseAgain} onPlace={(some) => change(some)} />
            {ready && !moving && !searching && <Similar entry={entry} house={house} place={draft.place} parent={draft.parent} onParent={(parent) => change({ parent })} onJoin={join} />}
          </Part>
          {entry && numbered > 0 && (
            <Part n={3} step="ask" title={t("form.ask")} ok={done === script.length} note={t("form.asked", { done, all: script.length })} refused={refused.ask}>
              <Ask script={script} answers={draft.answers} missed={missed.filter((q) => owed(script, draft.answers).some((one) => one.text_ru === q))} onChange={change1} onEnter={nextField} />
            </Part>
          )}
          <Part n={3 + numbered} step="words" title={t("form.words")} ok={Boolean(draft.text)} refused={refused.words}>
            <textarea className="area" aria-label={t("form.words")} rows={2} placeholder={t("form.wordsPlaceholder")} value={draft.text} maxLength={9_900} onChange={(e) => change({ text: e.target.value })} />
            {entry && <Paid draft={draft} entry={entry} preview={p} onChange={(paid) => change({ paid })} />}
          </Part>
          <Part n={4 + numbered} step="who" title={t("form.who")} ok={draft.anonymous || Boolean(draft.name && draft.number)} refused={refused.who}>
            <Who draft={draft} people={people} person={person} onChange={change} onPerson={pickPerson} />
          </Part>
        </div>
        {(refused.whole || usedFor) && <div className="warnline danger" role="alert">{usedFor ? t("ticketForm.keyUsed", { number: usedFor }) : refused.whole}{usedFor && <><a href={`/tickets/${usedFor}`} onClick={follow(`/tickets/${usedFor}`)}>{t("ticketForm.openIt", { number: usedFor })}</a><Btn size="small" onClick={() => { change({ key: newKey() }); setUsedFor(""); }}>{t("ticketForm.sendAnew")}</Btn></>}</div>}
        <footer className="formfoot">
          <Btn look="primary" size="main" icon={IconCheck} keys="Ctrl Enter" disabled={busy} onClick={register}>{t(closing ? "ticketForm.registerClose" : "form.register")}</Btn>
          <Btn size="main" keys="Esc" onClick={leave}>{t("form.toDraft")}</Btn>
          {!isEmpty(draft) && <Btn look="link" onClick={discard}>{t("form.discard")}</Btn>}
          <span className="t3 s12 hint wide-only">{t("form.thenSay")}</span>
        </footer>
      </section>
      <Side preview={preview} on={Boolean(ready)} organisationId={draft.organisationId} refused={refused.answers ?? ""} given={closing} onGiven={(given) => change({ given })} onChoose={(organisationId) => change({ organisationId, given: false })} />
    </div>
  );
}

function whereOf(draft: Draft): Pick<NewTicket, "house_id" | "premise" | "place" | "district"> {
  if (draft.elsewhere) return { house_id: null, place: draft.place.trim(), district: draft.district };
  return { house_id: draft.house!.id, premise: draft.premise };
}

/** Who joins a known matter is told of it by SMS alone: he chooses no way. */
function callerOf(draft: Draft): NonNullable<JoinTicket["applicant"]> {
  const { number, name, person_id } = applicantOf(draft);
  return { number, name, person_id };
}

function applicantOf(draft: Draft): NonNullable<NewTicket["applicant"]> {
  if (draft.anonymous) return { number: "", name: "", person_id: null };
  return { number: draft.number, name: draft.name, person_id: draft.personId, ...(draft.notify && { notify: draft.notify }), ...(draft.notify === "email" && draft.email.trim() && { email: draft.email.trim() }) };
}

/** Whom the number leads to: the call's own candidates, or those of the number that was typed without a call. */
function usePeople(draft: Draft): { people: Person[]; person: Person | null } {
  const own = mine.use();
  const ofCall = draft.callId !== null && own?.call.id === draft.callId ? own.card : null;
  const [typed] = useDebouncedValue(draft.number.replace(/\D/g, ""), 400);
  const looked = useQuery({
    queryKey: ["caller", typed], enabled: draft.callId === null && !draft.anonymous && typed.length >= 10, staleTime: 60_000, retry: false,
    queryFn: () => get<CallerCard>("/caller", { number: draft.number.trim() }),
  });
  const people = (ofCall ?? (draft.callId === null ? looked.data : undefined))?.candidates ?? [];
  return { people, person: people.find((one) => one.id === draft.personId) ?? null };
}

/** The digits choose the person first; when that is settled they choose the organisation. */
function mineChoosesNothing(): boolean {
  const own = mine.get();
  return !own?.card || own.card.candidates.length < 2 || own.person !== null;
}

function Paid({ draft, entry, preview, onChange }: { draft: Draft; entry: ClassifierProblem; preview: RoutingPreview | undefined; onChange: (paid: boolean) => void }) {
  const { t } = useTranslation();
  const now = useNow();
  const confirm = preview?.clocks.find((c) => c.name === "paid");
  return (
    <div className="row wrap s13" style={{ gap: "2px 10px" }}>
      <label className="check"><input type="checkbox" checked={entry.paid || draft.paid} disabled={entry.paid} onChange={(e) => onChange(e.target.checked)} />{t("ticketForm.paid")}</label>
      <span className="t3 s12">{entry.paid ? t("ticketForm.paidAlways") : t("ticketForm.paidAsk")}{confirm && (entry.paid || draft.paid) && `; ${t("ticketForm.paidLead", { time: until(confirm.due_at, now) })}`}</span>
    </div>
  );
}

interface PartProps {
  n: number;
  title: string;
  ok: boolean;
  note?: string;
  step: FormPart;
  refused?: string;
  children: ReactNode;
}

function Part({ n, title, ok, note, step, refused, children }: PartProps) {
  return (
    <div className={refused ? "formpart refused" : "formpart"} data-step={step}>
      <div className="row"><span className={ok ? "step ok" : "step"} aria-hidden>{ok ? <I of={IconCheck} size={13} /> : n}</span><h3>{title}</h3>{note && <span className="end t3 s12">{note}</span>}</div>
      {children}
      {refused && <p className="danger s12 b" role="alert">{refused}</p>}
    </div>
  );
}
