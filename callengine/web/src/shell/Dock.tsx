// The call, docked on the right: who, where, what is open there, what was before. It survives navigation and covers nothing.

import { IconAlertTriangleFilled, IconBuilding, IconCalendarEvent, IconCheck, IconClipboardList, IconEyeOff, IconHistory, IconMicrophone, IconMicrophoneOff, IconPhone, IconPhoneCalling, IconPhoneCheck, IconPhoneIncoming, IconPhoneOff, IconPhoneOutgoing, IconPhonePause, IconPhoneX, IconPlayerPause, IconPlayerPlay, IconPlus, IconRobot, IconTag, IconUserQuestion, IconUsers, IconX, IconArrowBackUp, IconArrowForwardUp, type Icon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { memo, useEffect, useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Failure, get, post, remove } from "@/api/client";
import { live } from "@/api/live";
import type { Call, CallerCard, Incident, Me, OpenTicket, Organisation, Page, Person, StaffMember } from "@/api/types";
import { failure, findHandover, handovers, lasts, type Handover } from "@/handover";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { phone, shortName } from "@/lib/phone";
import { follow, go } from "@/lib/route";
import { Store } from "@/lib/store";
import { clock, dateOnly, dayOf, dayMonth, exact, hm, span, until } from "@/lib/time";
import { choose, early, fetchCard, forgetCall, mine, ringing, step, stored, type Mine, type Phase, type Ringing, type Told } from "@/mine";
import { setState } from "@/session";
import { JoinCall } from "@/desk/Join";
import { Dialog } from "@/ui/dialog";
import { Bones, Btn, I, Keys, Urgency, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

export function Dock({ me }: { me: Me }) {
  const { t } = useTranslation();
  const own = mine.use();
  const said = ringing.use();
  useEffect(() => {
    const offs = [live.first<Ringing>("ringing", popRinging), live.first<Told>("call", (told) => pop(told, me.extension))];
    return () => offs.forEach((off) => off());
  }, [me.extension]);
  const fresh = said && own?.phase !== "talking" && own?.phase !== "hold" && !(own?.phase === "ringing" && own.call.linkedid === said.linkedid) ? said : null;
  return (
    <aside className="dock" aria-label={t("call.panel")} style={{ position: "relative" }}>
      <Pop title={t("call.incoming")} withheld={t("call.withheld")} />
      {fresh ? <Said key={fresh.linkedid} said={fresh} me={me} /> : own ? <CallPanel key={own.call.id} own={own} me={me} /> : <NoCall />}
    </aside>
  );
}

// Who rings, on the screen in the first frame: a few lines over the panel's head, written past React; the panel takes its
// time to be built anew, and is there in the next frame.
interface Popped { number: string; people: { name: string }[] }
const popped = new Store<Popped | null>(null);

function popRinging(told: Ringing): (() => void) | undefined {
  if (!told.rings || early(null, told, mine.get()) === null) return undefined;
  popped.set(told);
  return () => popped.set(null);
}

function pop(told: Told, extension: string | null): (() => void) | undefined {
  if (told.fact !== "offered" || told.state !== "offered" || mine.get()?.call.id === told.id) return undefined;
  const said = ringing.get(); // then it stands there already
  if (said?.linkedid === told.linkedid && said.pbx === told.pbx) return undefined;
  if (step(mine.get(), told, extension, 0).mine?.call.id !== told.id) return undefined;
  popped.set(told);
  return () => popped.set(null);
}

const Pop = memo(function Pop({ title, withheld }: { title: string; withheld: string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const write = () => {
      const at = box.current;
      const told = popped.get();
      if (!at) return;
      const [, number, names] = at.children;
      at.className = told ? "callhead ringing pop on" : "callhead ringing pop";
      number!.className = told ? "number" : "";
      number!.textContent = told && (told.number ? phone(told.number) : withheld);
      names!.textContent = told && told.people.map((p) => p.name).join(" · ");
    };
    write();
    return popped.watch(write);
  }, [title, withheld]);
  return <div ref={box} className="callhead ringing pop" aria-hidden><h2 className="b accent">{title}</h2><p /><p className="b cut" /></div>;
});

const answering = new Set<string>();

/** It rings, and the store does not have it yet: who it is; answering waits until it does. */
function Said({ said, me }: { said: Ringing; me: Me }) {
  const { t } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const [waits, setWaits] = useState(answering.has(said.linkedid));
  const answer = () => {
    if (answering.has(said.linkedid)) return;
    answering.add(said.linkedid);
    setWaits(true);
    void stored(said, me.extension)
      .then((call) => (call ? post(`/calls/${call.id}/answer`) : say(t("said.notStored", { extension: me.extension }), { bad: true })))
      .catch((error: unknown) => say(error instanceof Failure && error.status >= 400 && error.code !== "no-link" ? t("call.answerCouldNot", { extension: me.extension }) : why(error)))
      .finally(() => { answering.delete(said.linkedid); setWaits(false); });
  };
  useKeys({ F2: answer });
  return (
    <>
      <div className="callhead ringing">
        <div className="row">
          <span className="pulse"><I of={IconPhoneIncoming} /></span>
          <h2 className="b accent" style={{ fontSize: 15 }} aria-live="assertive">{t("call.incoming")}</h2>
        </div>
        <p className="number">{said.number ? phone(said.number) : t("call.withheld")}</p>
        {said.people.map((p) => <p key={p.id} className="b">{p.name}</p>)}
        <p className="s12 t2">{t("call.waits", { did: phone(said.did) || "—", time: clock((now - Date.parse(said.arrived_at)) / 1000) })}</p>
        <Btn look="green" size="main" icon={IconPhone} keys="F2" disabled={waits} onClick={answer}>{t("call.answer")}</Btn>
        {!me.sandbox && <p className="s12 t2">{t("call.handset", { extension: me.extension })}</p>}
      </div>
      <div className="dockbody"><section><p className="s13 t2" role="status">{t(waits ? "said.answerWaits" : "said.lead")}</p></section></div>
    </>
  );
}

const NoCall = memo(function NoCall() {
  const { t } = useTranslation();
  const rows: [Icon, "who" | "house" | "tickets" | "calls"][] = [[IconUsers, "who"], [IconBuilding, "house"], [IconClipboardList, "tickets"], [IconHistory, "calls"]];
  return (
    <>
      <div className="callhead"><h2 className="b" style={{ fontSize: 15 }}>{t("call.none")}</h2><p className="t2 s13">{t("call.noneLead")}</p></div>
      <div className="dockbody" style={{ padding: "20px 16px" }}>
        {rows.map(([picture, key]) => (
          <div key={key} className="row" style={{ alignItems: "flex-start", gap: 12, marginBottom: 28 }}>
            <I of={picture} size={20} className="t3" />
            <div><p className="b s13">{t(`call.soonTitle.${key}`)}</p><p className="t2 s12">{t(`call.soon.${key}`)}</p></div>
          </div>
        ))}
      </div>
    </>
  );
});

const LOOK: Record<Phase, [Icon, string, string]> = {
  ringing: [IconPhoneIncoming, "call.incoming", "accent"], dialling: [IconPhoneOutgoing, "call.outgoing", "accent"], talking: [IconPhoneCalling, "call.talking", "done"],
  hold: [IconPhonePause, "call.hold", "hold"], after: [IconPhoneCheck, "call.after", "t1"],
};

function CallPanel({ own, me }: { own: Mine; me: Me }) {
  const people = own.card?.candidates ?? [];
  const person = people.find((p) => p.id === own.person) ?? null;
  useKeys(Object.fromEntries(people.slice(0, 9).map((p, i) => [`Digit${i + 1}`, () => choose(p.id)])));
  return (
    <>
      <Head own={own} me={me} />
      <JoinCall own={own} />
      <div className="dockbody" tabIndex={0} role="group" aria-label={phone(own.call.number)}>
        {own.card ? <Card card={own.card} own={own} person={person} /> : <CardWaits own={own} />}
      </div>
    </>
  );
}

function Head({ own, me }: { own: Mine; me: Me }) {
  const { t } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const [giving, setGiving] = useState(false);
  const { call, phase } = own;
  const [picture, word, tone] = LOOK[phase];
  const act = (path: string, body?: unknown, done?: string) =>
    post(`/calls/${call.id}/${path}`, body).then(
      () => void (done && say(done)),
      (error: unknown) => {
        const cannot = path === "answer" && error instanceof Failure && error.status >= 400 && error.code !== "no-link";
        say(cannot ? t("call.answerCouldNot", { extension: me.extension }) : why(error), { bad: !cannot });
        throw error;
      },
    );
  const answer = () => void act("answer").catch(() => undefined);
  const hangup = () => void act("hangup", undefined, t("call.hungUp")).catch(() => undefined);
  // A voicemail is a try and no contact: the duty goes on.
  const machine = () => void post(`/callbacks/${call.duty?.id}/machine`).then(() => say(t("call.machineSaid")), (e: unknown) => say(why(e), { bad: true }));
  // The engine holds for the phone; where the PBX cannot, the phone's own key does, and the page shows it all the same.
  const hold = () => void post(`/calls/${call.id}/hold`, { hold: phase !== "hold" }).catch((e: unknown) => say(e instanceof Failure && e.code === "no-hold" ? t("hold.atPhone", { extension: me.extension }) : why(e), { bad: true }));
  const given = handovers.use()[call.id] ?? null;
  const consults = lasts(given);
  const together = given?.state === "joined";
  const finish = () => void setState("ready").then(forgetCall, (e) => { say(why(e), { bad: true }); forgetCall(); });
  const live = phase === "talking" || phase === "hold";
  const warm = live && (consults || together);
  useEffect(() => {
    if (live) void findHandover(call.id);
  }, [live, call.id]);
  useKeys({
    ...(phase === "ringing" && { F2: answer }),
    ...(phase !== "after" && !warm && { "Shift+F2": hangup }),
    ...(live && !warm && { F4: hold }),
    ...((live || phase === "ringing") && !warm && { "Shift+F4": () => setGiving(true) }),
  });
  return (
    <div className={`callhead ${phase}`}>
      <div className="row">
        {phase === "ringing" ? <span className="pulse"><I of={picture} /></span> : <I of={picture} size={20} className={tone} />}
        <h2 className={`b ${tone}`} style={{ fontSize: 15 }} aria-live="assertive">{t(word)}</h2>
        <span className="end row" style={{ gap: 6 }}>
          {phase === "ringing" && <span className="s12 t2">{t("call.rings")}</span>}
          <span className={`timer ${phase === "hold" ? "hold" : ""}`} style={phase === "hold" ? { fontSize: 28, lineHeight: "32px" } : undefined}>{clock((now - own.since) / 1000)}</span>
        </span>
      </div>
      <p className="number">{call.number ? phone(call.number) : t("call.withheld")}</p>
      {phase === "ringing" && <p className="s12 t2">{t("call.waits", { did: phone(call.did) || "—", time: clock((now - Date.parse(call.arrived_at)) / 1000) })}</p>}
      {phase === "dialling" && <p className="s12 t2">{t("call.dialling", { number: phone(call.number) })}</p>}
      {live && !warm && <Recorded call={call} now={now} />}
      {live && given && <Warm given={given} call={call} />}
      {phase === "after" && <p className="s12 t2">{call.answered_at ? `${t("call.ended")} · ${t("call.lasted", { time: clock(talked(call)) })}` : t("call.missedHere")}</p>}
      <div className="row wrap">
        {phase === "ringing" && <Btn look="green" size="main" className="grow" icon={IconPhone} keys="F2" onClick={answer}>{t("call.answer")}</Btn>}
        {phase === "ringing" && <Btn size="main" icon={IconArrowForwardUp} keys="⇧F4" onClick={() => setGiving(true)}>{t("call.give")}</Btn>}
        {live && !warm && <Btn className="grow" icon={phase === "hold" ? IconPlayerPlay : IconPlayerPause} keys="F4" onClick={hold}>{t(phase === "hold" ? "hold.back" : "hold.hold")}</Btn>}
        {live && !warm && <Btn className="grow" icon={IconArrowForwardUp} keys="⇧F4" onClick={() => setGiving(true)}>{t("call.transfer")}</Btn>}
        {((live && !warm) || phase === "dialling") && <Btn className="grow" icon={IconPhoneOff} keys="⇧F2" onClick={hangup}>{t("call.hangup")}</Btn>}
        {call.direction === "outbound" && call.duty && call.answered_at && (live || phase === "after") && <Btn className="grow" icon={IconRobot} onClick={machine}>{t("call.machine")}</Btn>}
        {phase === "after" && <Btn look="primary" size="main" className="grow" icon={IconCheck} keys="F8" onClick={finish}>{t("call.finish")}</Btn>}
      </div>
      {phase === "ringing" && !me.sandbox && <p className="s12 t2">{t("call.handset", { extension: me.extension })}</p>}
      {giving && <Give talks={live} onClose={() => setGiving(false)} onSend={(to, first) => (first ? act("transfer", { to, warm: true }) : act("transfer", { to }, t("call.transferred", { to })))} />}
    </div>
  );
}

function talked(call: Call): number {
  if (call.talk_seconds) return call.talk_seconds;
  return call.answered_at && call.ended_at ? (Date.parse(call.ended_at) - Date.parse(call.answered_at)) / 1000 : 0;
}

/** The PBX says that it records right after the answer: until then nothing is claimed either way. */
const SAYS_SOON = 5;

/** What is known of this talk: the fact of its recorder; of one that has a row already, the state of that. */
function Recorded({ call, now }: { call: Call; now: number }) {
  const { t } = useTranslation();
  const state = call.recording?.state;
  const bad = state ? state === "missing" || state === "broken" : !call.recorded;
  if (bad && !state && call.answered_at && now - Date.parse(call.answered_at) < SAYS_SOON * 1000) return null;
  return <p className={`row s13 ${bad ? "danger b" : ""}`} style={{ gap: 6 }}><I of={bad ? IconMicrophoneOff : IconMicrophone} size={16} className={bad ? "" : "done"} />{bad ? t("call.notRecorded") : t("call.recording")}</p>;
}

/** The warm transfer while it lasts, with its keys; then why the resident is back. The timer above goes on. */
function Warm({ given, call }: { given: Handover; call: Call }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [busy, setBusy] = useState(false);
  const to = phone(given.number);
  const talks = given.state === "talking";
  const together = given.state === "joined";
  const press = (key: "complete" | "cancel" | "join") => {
    if (busy) return;
    setBusy(true);
    void post(`/calls/${call.id}/transfer/${key}`)
      .then(() => { if (key === "complete") say(t("give.done", { to })); }, (e: unknown) => say(why(e), { bad: true }))
      .finally(() => setBusy(false));
  };
  useKeys({
    ...((talks || together) && { F2: () => press("complete") }),
    ...(talks && { F4: () => press("join") }),
    ...(lasts(given) && { "Shift+F2": () => press("cancel") }),
    ...(together && { "Shift+F2": () => press("complete") }),
  });
  const failed = failure(given);
  if (failed) return <p className="row s13 danger b" role="status" style={{ gap: 6 }}><I of={IconPhoneX} size={16} />{t(`give.failed.${failed}`, { to })}</p>;
  if (!lasts(given) && !together) return null;
  return (
    <div className="col warm" role="group" aria-label={t(`give.${given.state}`, { to })} style={{ gap: 8 }}>
      <p className="row b s13" role="status" style={{ gap: 6 }}><I of={talks || together ? IconPhoneCalling : IconPhoneOutgoing} size={16} className={talks || together ? "done" : "accent"} />{t(`give.${given.state}`, { to })}</p>
      {!together && <p className="s12 t2">{t("give.music")}</p>}
      <div className="row wrap">
        {(talks || together) && <Btn look="primary" className="grow" icon={IconPhoneCheck} keys="F2" disabled={busy} onClick={() => press("complete")}>{t(together ? "give.leave" : "give.complete")}</Btn>}
        {talks && <Btn className="grow" icon={IconUsers} keys="F4" disabled={busy} onClick={() => press("join")}>{t("give.join")}</Btn>}
        {!together && <Btn className="grow" icon={IconArrowBackUp} keys="⇧F2" disabled={busy} onClick={() => press("cancel")}>{t("give.back")}</Btn>}
      </div>
    </div>
  );
}

const SERVICES = ["112", "101", "102", "103", "104"];

/** To whom: a service, a colleague, an organisation of the directory, or any number. Who talks may speak with him first. */
function Give({ talks, onClose, onSend }: { talks: boolean; onClose: () => void; onSend: (to: string, first: boolean) => Promise<unknown> }) {
  const { t } = useTranslation();
  const [to, setTo] = useState("");
  const [busy, setBusy] = useState(false);
  const staff = useQuery({ queryKey: ["staff", "phones"], queryFn: () => get<Page<StaffMember>>("/staff"), staleTime: 60_000 });
  const houses = useQuery({ queryKey: ["organisations", "phones"], queryFn: () => get<Page<Organisation>>("/organisations"), staleTime: 60_000 });
  const number = to.replace(/[\s()-]/g, "");
  const send = (first: boolean) => {
    if (!number || busy) return;
    setBusy(true);
    void onSend(number, first).then(onClose, () => undefined).finally(() => setBusy(false));
  };
  return (
    <Dialog title={t("call.transferTo")} onClose={onClose} size={540}>
      <form className="col" style={{ gap: 10 }} onSubmit={(e: FormEvent) => { e.preventDefault(); send(talks); }}>
        <label htmlFor="give-to" className="s13 b">{t("call.transferAsk")}</label>
        <div className="field"><input id="give-to" data-autofocus inputMode="tel" list="give-known" value={to} onChange={(e) => setTo(e.target.value)} /></div>
        <datalist id="give-known" aria-label={t("give.known")}>
          {staff.data?.items.filter((one) => one.extension && one.active).map((one) => <option key={`s${one.id}`} value={one.extension!}>{one.name}</option>)}
          {houses.data?.items.filter((one) => one.phone).map((one) => <option key={`o${one.id}`} value={one.phone}>{one.name}</option>)}
        </datalist>
        <div className="row wrap" role="group" aria-label={t("give.services")} style={{ gap: 6 }}>{SERVICES.map((one) => <Btn key={one} size="small" aria-pressed={number === one} onClick={() => setTo(one)}>{one}</Btn>)}</div>
        {talks && <p className="s12 t2">{t("give.warmLead")}</p>}
        <div className="row wrap">
          {talks && <button type="submit" className="btn primary main" disabled={!number || busy}>{t("give.warm")}<Keys of="Enter" /></button>}
          <button type={talks ? "button" : "submit"} className={talks ? "btn main" : "btn primary main"} disabled={!number || busy} onClick={talks ? () => send(false) : undefined}>{t("give.blind")}{!talks && <Keys of="Enter" />}</button>
          <Btn size="main" keys="Esc" onClick={onClose}>{t("common.cancel")}</Btn>
        </div>
      </form>
    </Dialog>
  );
}

function CardWaits({ own }: { own: Mine }) {
  const { t } = useTranslation();
  if (!own.cardFailed) return <Bones count={4} height={64} />;
  return <div className="face-of-list" role="alert"><p>{t("call.cardFailed")}</p><Btn onClick={() => void fetchCard(own)}>{t("list.repeat")}</Btn></div>;
}

function Card({ card, own, person }: { card: CallerCard; own: Mine; person: Person | null }) {
  const { t } = useTranslation();
  const now = useNow();
  const house = (person ?? card.candidates[0])?.residences[0]?.house;
  const outgoing = own.call.direction === "outbound";
  const past = card.last_calls.filter((c) => c.id !== own.call.id);
  const inYear = card.calls_in_year - (card.last_calls.length - past.length); // the call that goes on is none of the last
  return (
    <>
      <section>
        <div className="row"><h3>{t(outgoing ? "call.whom" : "call.who")}</h3>{card.candidates.length > 1 && <span className="t3 s12">{t("call.people", { count: card.candidates.length })}</span>}</div>
        {card.candidates.length === 0 && <Unknown card={card} />}
        {card.candidates.length > 0 && (
          <div role="radiogroup" aria-label={t("call.who")} className="col" style={{ gap: 8 }}>
            {card.candidates.map((p, i) => <PersonCard key={p.id} person={p} on={p.id === own.person} nth={i + 1} many={card.candidates.length > 1} own={own} />)}
          </div>
        )}
      </section>
      {house && (
        <section>
          <div className="row s12"><I of={IconBuilding} size={16} className="t3" /><h3 style={{ color: "var(--t1)" }}>{house.address}</h3>
            <span className="t3 cut">{[house.floors && t("call.floors", { count: house.floors }), house.entrances && t("call.entrances", { count: house.entrances }), (person ?? card.candidates[0])?.residences[0]?.organisation].filter(Boolean).join(" · ")}</span></div>
          {card.incidents.filter((x) => x.kind === "accident").map((x) => <Accident key={x.id} of={x} now={now} />)}
          {card.incidents.filter((x) => x.kind === "planned").map((x) => (
            <p key={x.id} className="line s12 t2" style={{ lineHeight: "16px" }}><I of={IconCalendarEvent} size={16} className="t3" />{x.title.startsWith(t("call.planned")) ? x.title : `${t("call.planned")}: ${x.title}`}{x.promised_at && `, ${until(x.promised_at, now)}`}</p>
          ))}
          {!card.incidents.some((x) => x.kind === "accident") && <p className="line s12 t3" style={{ lineHeight: "16px" }}><I of={IconCalendarEvent} size={16} />{t("call.quiet")}</p>}
        </section>
      )}
      <section>
        <div className="row"><h3>{t("call.open")}</h3>{card.open_tickets.length > 0 && <span className="t3 s12">{card.open_tickets.length}</span>}</div>
        {card.open_tickets.length === 0 && <p className="t3 s12">{t("call.noOpen")}</p>}
        <ul>{card.open_tickets.slice(0, 8).map((x) => <TicketLine key={x.number} of={x} now={now} />)}</ul>
      </section>
      <section>
        <div className="row"><h3>{t("call.last")}</h3>{inYear > 0 && <span className="t3 s12">{t("call.inYear", { count: inYear })}</span>}</div>
        {past.length === 0 && <p className="t3 s12">{t("call.noLast")}</p>}
        <ul>{past.slice(0, 6).map((c) => <PastCall key={c.id} of={c} now={now} />)}</ul>
      </section>
    </>
  );
}

function Unknown({ card }: { card: CallerCard }) {
  const { t } = useTranslation();
  const hidden = card.number_kind === "withheld" || !card.number;
  return (
    <div className="person" style={{ cursor: "default" }}>
      <I of={hidden ? IconEyeOff : IconUserQuestion} className="t3" />
      <div><p className="b">{t(hidden ? "call.withheld" : "call.unknown")}</p><p className="t2 s12">{t(hidden ? "call.withheldLead" : "call.unknownLead")}</p></div>
    </div>
  );
}

function PersonCard({ person, on, nth, many, own }: { person: Person; on: boolean; nth: number; many: boolean; own: Mine }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [writing, setWriting] = useState(false);
  const [text, setText] = useState("");
  const [term, setTerm] = useState("");
  const place = person.residences.map((r) => [r.house.address, r.premise && t("common.flat", { flat: r.premise })].filter(Boolean).join(", ") + (r.relation ? ` · ${t(`relation.${r.relation}`, { defaultValue: r.relation })}` : ""));
  const changed = (notes: Person["notes"]) =>
    mine.set((m) => m && m.card && m.call.id === own.call.id ? { ...m, card: { ...m.card, candidates: m.card.candidates.map((p) => (p.id === person.id ? { ...p, notes } : p)) } } : m);
  const save = (e: FormEvent) => {
    e.preventDefault();
    if (!text.trim()) return;
    const days = Number(term);
    void post<Person["notes"][number]>(`/people/${person.id}/notes`, { text: text.trim(), expires_at: days ? new Date(Date.now() + days * 86_400_000).toISOString() : null }).then(
      (note) => { changed([...person.notes, note]); setText(""); setWriting(false); say(t("call.noteSaved")); }, (error) => say(why(error), { bad: true }));
  };
  const dropNote = (id: number) => void remove(`/people/${person.id}/notes/${id}`).then(() => changed(person.notes.filter((n) => n.id !== id)), (error) => say(why(error), { bad: true }));
  return (
    <div className={on ? "person on" : "person"} style={{ cursor: "default" }}>
      <button type="button" role="radio" aria-checked={on} onClick={() => choose(person.id)} className="row" style={{ gridColumn: "1 / -1", border: 0, background: "none", padding: 0, textAlign: "left", cursor: many ? "pointer" : "default", alignItems: "flex-start" }}>
        <span className="dot" aria-hidden style={{ flex: "none" }} />
        <span className="grow"><span className="b">{person.name}</span>{place.map((p) => <span key={p} className="t2 s13" style={{ display: "block" }}>{p}</span>)}</span>
        {many && <Keys of={String(nth)} calm />}
      </button>
      <div className="rest">
        {person.notes.map((n) => (
          <div key={n.id} className="row wrap s12" style={{ gap: "2px 8px" }}>
            <span className="chip accent tag"><I of={IconTag} size={14} />{n.text}</span>
            <span className="row" style={{ gap: 6 }}><span className="t2 s12" title={exact(n.created_at)}>{shortName(n.author)}, {n.expires_at ? t("call.until", { date: dateOnly(n.expires_at) }) : t("call.forever")}</span>
            <button type="button" className="btn link" style={{ minHeight: 20, padding: 0 }} aria-label={t("call.dropNote", { text: n.text })} onClick={() => dropNote(n.id)}><I of={IconX} size={14} /></button></span>
          </div>
        ))}
        {on && !writing && <div><button type="button" className="btn link" style={{ padding: 0, minHeight: 20, fontSize: 12 }} onClick={() => setWriting(true)}><I of={IconPlus} size={14} />{t("call.addNote")}</button></div>}
        {on && writing && (
          <form className="row" onSubmit={save}>
            <div className="field compact grow"><input autoFocus aria-label={t("call.noteText")} placeholder={t("call.noteText")} maxLength={200} value={text} onChange={(e) => setText(e.target.value)} onKeyDown={(e) => { if (e.key === "Escape") { e.stopPropagation(); setWriting(false); } }} /></div>
            <div className="field compact"><select aria-label={t("call.noteDays")} value={term} onChange={(e) => setTerm(e.target.value)}><option value="">{t("call.forever")}</option><option value="30">{t("call.noteMonth")}</option><option value="365">{t("call.noteYear")}</option></select></div>
            <button type="submit" className="btn small">{t("call.save")}</button>
          </form>
        )}
      </div>
    </div>
  );
}

function Accident({ of, now }: { of: Incident; now: number }) {
  const { t, i18n } = useTranslation();
  return (
    <div className="incident">
      <p className="row s12 b danger" style={{ gap: 5 }}><I of={IconAlertTriangleFilled} size={15} />{t("call.accident", { time: until(of.began_at, now) })}</p>
      <p className="b">{(i18n.language !== "ru" && of.title_en) || of.title}</p>
      <dl>
        {of.cause && <><dt>{t("call.cause")}</dt><dd>{of.cause}</dd></>}
        {of.promised_at && <><dt>{t("call.promised")}</dt><dd><b>{t("call.promisedAt", { time: until(of.promised_at, now) })}</b> — {Date.parse(of.promised_at) > now ? t("calls.after", { time: span((Date.parse(of.promised_at) - now) / 1000) }) : t("tickets.overdueBy", { span: span((now - Date.parse(of.promised_at)) / 1000) })}</dd></>}
        {of.ticket_number && <><dt>{t("call.ticket")}</dt><dd><a href={`/tickets/${of.ticket_number}`} onClick={follow(`/tickets/${of.ticket_number}`)} style={{ textDecoration: "underline" }}>{of.ticket_number}</a></dd></>}
      </dl>
    </div>
  );
}

function TicketLine({ of, now }: { of: OpenTicket; now: number }) {
  const { t, i18n } = useTranslation();
  const late = of.overdue && of.fix_by;
  return (
    <li className="line">
      <Urgency of={of.urgency} />
      <a href={`/tickets/${of.number}`} onClick={follow(`/tickets/${of.number}`)}>{of.number}</a>
      <span className="cut">{i18n.language === "ru" ? of.problem_ru : of.problem_en}{(of.place || of.premise) && <span className="t3"> · {of.place || t("common.flat", { flat: of.premise })}</span>}</span>
      <span className={`end s12 ${of.overdue ? "danger" : "t3"}`} style={{ whiteSpace: "nowrap" }}>{late ? t("tickets.overdueBy", { span: span((now - Date.parse(of.fix_by!)) / 1000) }) : t(`statusShort.${of.status}`, { defaultValue: of.status })}</span>
    </li>
  );
}

function PastCall({ of, now }: { of: Call; now: number }) {
  const { t } = useTranslation();
  const good = of.outcome === "answered";
  const word = of.robot ? "robot" : good && of.direction === "outbound" ? "reached" : (of.outcome ?? of.state);
  return (
    <li className="line" title={exact(of.arrived_at)}>
      <I of={good ? IconPhoneCheck : IconPhoneX} size={16} className={good ? "done" : "danger"} />
      <button type="button" className="btn link" style={{ padding: 0, minHeight: 22, color: "var(--t1)", fontWeight: 500 }} onClick={() => go(`/calls?open=${of.id}`)}>{dayOf(of.arrived_at) === dayOf(now) ? `${t("call.today")} ${hm(of.arrived_at)}` : dayMonth(of.arrived_at)}</button>
      <span className="cut t2">{t(`outcome.${word}`, { defaultValue: word })}</span>
      <span className="end t3 s12 cut" style={{ flex: "none", maxWidth: 120 }}>{shortName(of.operator_name)} {of.talk_seconds ? clock(of.talk_seconds) : ""}</span>
    </li>
  );
}
