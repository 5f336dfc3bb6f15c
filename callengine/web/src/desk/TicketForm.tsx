// A new ticket: what happened, where, the questions, the words; beside it who will answer, by when, and why.

import { IconCheck, IconCircleCheck, IconDropletOff, IconMapPin, IconTool, IconUserCheck, type Icon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState, type Dispatch, type ReactNode, type SetStateAction } from "react";
import { useTranslation } from "react-i18next";
import { post } from "@/api/client";
import type { ClassifierEntry, House, Me, NewTicket, RoutingPreview, Ticket } from "@/api/types";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { answerKind } from "@/lib/questions";
import { go } from "@/lib/route";
import { hms, until } from "@/lib/time";
import { mine, type Mine } from "@/mine";
import { queries } from "@/session";
import { Bones, Btn, Failed, I, Keys, Segments, Urgency, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { dropDraft, emptyDraft, isEmpty, keepDraft, readDraft, type Draft } from "./draft";
import { Suggest } from "./Suggest";

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
  const takeHouse = home && (!draft.house || draft.houseFromCard);
  return {
    ...draft, callId: own.call.id, personId: person?.id ?? null, number: own.call.number || draft.number, name: person?.name ?? draft.name,
    ...(takeHouse && { house: home.house, houseFromCard: true, premise: home.premise }),
  };
}

export function TicketForm({ me }: { me: Me }) {
  const own = mine.use();
  const [draft, setDraft] = useState(() => fromCall(readDraft(me.login), own));
  const [done, setDone] = useState<Ticket | null>(null);
  useEffect(() => {
    if (!done) setDraft((d) => fromCall(d, own));
  }, [own, done]);
  const registered = useRef("");
  useEffect(() => {
    const keep = () => draft.key !== registered.current && keepDraft(me.login, draft);
    const timer = setTimeout(keep, 300);
    return () => {
      clearTimeout(timer);
      keep();
    };
  }, [draft, me.login]);
  if (done) return <Registered ticket={done} onAgain={() => { setDraft(fromCall(emptyDraft(), own)); setDone(null); }} />;
  return <Writing me={me} draft={draft} setDraft={setDraft} onDone={(ticket) => { registered.current = draft.key; dropDraft(me.login); setDone(ticket); }} />;
}

interface WritingProps {
  me: Me;
  draft: Draft;
  setDraft: Dispatch<SetStateAction<Draft>>;
  onDone: (ticket: Ticket) => void;
}

function Writing({ me, draft, setDraft, onDone }: WritingProps) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const change = (part: Partial<Draft>) => setDraft((d) => ({ ...d, ...part, savedAt: Date.now() }));
  const what = useRef<HTMLInputElement>(null);
  const where = useRef<HTMLInputElement>(null);
  const form = useRef<HTMLDivElement>(null);
  const [busy, setBusy] = useState(false);
  const [missing, setMissing] = useState<"what" | "where" | null>(null);
  const [houseWords, setHouseWords] = useState("");
  const [searching, setSearching] = useState(!draft.entry);
  const [moving, setMoving] = useState(!draft.house);
  const { entry, house } = draft;
  const problem = (e: ClassifierEntry) => (i18n.language === "ru" ? e.problem_ru : e.problem_en);
  const ready = entry && house;
  const preview = useQuery({
    queryKey: ["preview", entry?.code, house?.id], enabled: Boolean(ready), staleTime: 60_000,
    queryFn: () => post<RoutingPreview>("/routing/preview", { classifier: entry!.code, house_id: house!.id }),
  });
  useEffect(() => {
    (searching ? what.current : form.current?.querySelector<HTMLElement>("[data-step='ask'] input, textarea"))?.focus();
    // Only at the opening: later the focus follows the work.
  }, []);
  // The fields of the next part stand only after this render.
  const onward = (step: "where" | "ask") => setTimeout(() => (step === "where" ? where.current : form.current?.querySelector<HTMLElement>("[data-step='ask'] input, [data-step='words'] textarea"))?.focus());
  const pickEntry = (e: ClassifierEntry) => {
    change({ entry: e, words: problem(e), organisationId: null, answers: entry?.code === e.code ? draft.answers : {} });
    setSearching(false);
    setMissing(null);
    onward(house ? "ask" : "where");
  };
  const pickHouse = (h: House) => {
    change({ house: h, houseFromCard: false, premise: h.id === house?.id ? draft.premise : "", organisationId: null });
    setMoving(false);
    setMissing(null);
    setHouseWords("");
    setTimeout(() => form.current?.querySelector<HTMLElement>("#premise")?.focus());
  };
  const register = () => {
    if (busy) return;
    if (!entry) { setMissing("what"); setSearching(true); setTimeout(() => what.current?.focus()); return; }
    if (!house) { setMissing("where"); setMoving(true); setTimeout(() => where.current?.focus()); return; }
    setBusy(true);
    const body: NewTicket = {
      classifier: entry.code, house_id: house.id, premise: draft.premise, text: draft.text, call_id: draft.callId,
      applicant: { number: draft.number, name: draft.name, person_id: draft.personId },
      answers: entry.questions.filter((q) => draft.answers[q]).map((question) => ({ question, answer: draft.answers[question]! })),
      organisation_id: draft.organisationId,
    };
    post<Ticket>("/tickets", body, draft.key).then(
      (ticket) => {
        void queries.invalidateQueries({ queryKey: ["tickets"] });
        void queries.invalidateQueries({ queryKey: ["shift"] });
        onDone(ticket);
      },
      (error) => { setBusy(false); say(t("form.refused", { why: why(error) }), { bad: true }); },
    );
  };
  const leave = () => {
    keepDraft(me.login, draft);
    go("/desk");
  };
  const discard = () => {
    const old = draft;
    dropDraft(me.login);
    setDraft(emptyDraft());
    setSearching(true);
    setMoving(true);
    say(t("form.discarded"), { act: { word: t("form.undo"), run: () => { setDraft(old); setSearching(!old.entry); setMoving(!old.house); } } });
    setTimeout(() => what.current?.focus());
  };
  const candidates = preview.data?.candidates ?? [];
  useKeys({
    "Ctrl+Enter": register, Escape: leave,
    ...(candidates.length > 0 && mineChoosesNothing() && Object.fromEntries(candidates.slice(0, 9).map((c, i) => [`Digit${i + 1}`, () => change({ organisationId: c.organisation.id })]))),
  });
  const answered = entry?.questions.filter((q) => draft.answers[q]).length ?? 0;
  const nextField = (from: HTMLElement) => {
    const fields = [...(form.current?.querySelectorAll<HTMLElement>("[data-q], [data-step='words'] textarea") ?? [])];
    const at = fields.findIndex((f) => f === from || f.contains(from));
    const next = fields[at + 1];
    (next?.matches("textarea") ? next : next?.querySelector<HTMLElement>("input:checked, input"))?.focus();
  };

  return (
    <div className="pair">
      <section className="card form" aria-labelledby="form-title" ref={form}>
        <header><h2 id="form-title">{t(draft.callId ? "form.fromCall" : "form.title")}</h2>{draft.savedAt > 0 && <span className="t3 s12 cut">{t("form.saved", { time: hms(draft.savedAt) })}</span>}</header>
        <div className="formbody">
          <Part n={1} title={t("form.what")} ok={Boolean(entry) && !searching}>
            {entry && !searching ? (
              <div className={`chosen ${entry.urgency}`}>
                <Urgency of={entry.urgency} />
                <span className="row wrap" style={{ gap: "0 8px" }}><b>{problem(entry)}</b><Urgency of={entry.urgency} word /></span>
                <Btn look="link" size="small" onClick={() => { setSearching(true); change({ words: "" }); setTimeout(() => what.current?.focus()); }}>{t("form.change")}</Btn>
                <span /><span className="t3 s12">{entry.category} · {entry.code}</span>
              </div>
            ) : (
              <Suggest<ClassifierEntry> label={t("form.what")} placeholder={t("form.whatPlaceholder")} value={draft.words} onChange={(words) => change({ words })} path="/classifier" query={{ house_id: house?.id }} none={t("form.nothing")} keyOf={(e) => e.code} input={what} onPick={pickEntry}
                render={(e) => <span className="row"><Urgency of={e.urgency} /><span className="grow"><b style={{ fontWeight: 600 }}>{problem(e)}</b> <span className="t3 s12">{e.category} · {e.code}</span>{!e.available && <span className="soon s12"> {e.unavailable_reason}</span>}</span></span>} />
            )}
            {missing === "what" && <p className="danger s12" role="alert">{t("form.missing.what")}</p>}
          </Part>
          <Part n={2} title={t("form.where")} ok={Boolean(house) && !moving} note={house && draft.houseFromCard ? t("form.fromCard") : undefined}>
            {house && !moving ? (
              <div style={{ display: "grid", gridTemplateColumns: "minmax(0, 1fr) 150px", gap: 8 }}>
                <div className="chosen"><I of={IconMapPin} size={18} className="accent" /><b className="cut">{house.address}</b><Btn look="link" size="small" onClick={() => { setMoving(true); setTimeout(() => where.current?.focus()); }}>{t("form.change")}</Btn></div>
                <label className="field"><span className="t3 s12">{t("form.premise")}</span><input id="premise" aria-label={t("form.premiseLabel")} value={draft.premise} maxLength={200} onChange={(e) => change({ premise: e.target.value })} onKeyDown={(e) => { if (e.key === "Enter" && !e.ctrlKey) { e.preventDefault(); onward("ask"); } }} /></label>
              </div>
            ) : (
              <Suggest<House> label={t("form.where")} placeholder={t("form.wherePlaceholder")} value={houseWords} onChange={setHouseWords} path="/houses" query={{ limit: 8 }} none={t("form.noHouse")} icon={IconMapPin} keyOf={(h) => h.id} input={where} onPick={pickHouse}
                render={(h) => <span><b style={{ fontWeight: 600 }}>{h.address}</b> <span className="t3 s12">{[h.floors && t("call.floors", { count: h.floors }), h.entrances && t("call.entrances", { count: h.entrances }), h.district].filter(Boolean).join(" · ")}</span></span>} />
            )}
            {missing === "where" && <p className="danger s12" role="alert">{t("form.missing.where")}</p>}
          </Part>
          {entry && entry.questions.length > 0 && (
            <Part n={3} title={t("form.ask")} ok={answered === entry.questions.length} step="ask" note={t("form.asked", { done: answered, all: entry.questions.length })}>
              <div className="qa">
                {entry.questions.map((q, i) => <Question key={q} id={`q${i}`} question={q} value={draft.answers[q] ?? ""} onChange={(answer) => change({ answers: { ...draft.answers, [q]: answer } })} onEnter={nextField} />)}
              </div>
            </Part>
          )}
          <Part n={entry?.questions.length ? 4 : 3} title={t("form.words")} ok={Boolean(draft.text)} step="words">
            <textarea className="area" aria-label={t("form.words")} rows={2} placeholder={t("form.wordsPlaceholder")} value={draft.text} maxLength={10_000} onChange={(e) => change({ text: e.target.value })} />
          </Part>
          <Part n={entry?.questions.length ? 5 : 4} title={t("form.who")} ok={Boolean(draft.name && draft.number)}>
            <div style={{ display: "grid", gridTemplateColumns: "minmax(0, 1fr) 190px", gap: 8 }}>
              <div className="field"><input aria-label={t("form.name")} placeholder={t("form.name")} maxLength={200} value={draft.name} onChange={(e) => change({ name: e.target.value, personId: null })} /></div>
              <div className="field"><input aria-label={t("form.number")} placeholder={t("form.number")} maxLength={40} inputMode="tel" value={draft.number} onChange={(e) => change({ number: e.target.value })} /></div>
            </div>
          </Part>
        </div>
        <footer className="formfoot">
          <Btn look="primary" size="main" icon={IconCheck} keys="Ctrl Enter" disabled={busy} onClick={register}>{t("form.register")}</Btn>
          <Btn size="main" keys="Esc" onClick={leave}>{t("form.toDraft")}</Btn>
          {!isEmpty(draft) && <Btn look="link" onClick={discard}>{t("form.discard")}</Btn>}
          <span className="t3 s12 hint wide-only">{t("form.thenSay")}</span>
        </footer>
      </section>
      <Side preview={preview} on={Boolean(ready)} organisationId={draft.organisationId} onChoose={(organisationId) => change({ organisationId })} />
    </div>
  );
}

/** The digits choose the person first; when that is settled they choose the organisation. */
function mineChoosesNothing(): boolean {
  const own = mine.get();
  return !own?.card || own.card.candidates.length < 2 || own.person !== null;
}

function Part({ n, title, ok, note, step, children }: { n: number; title: string; ok: boolean; note?: string; step?: string; children: ReactNode }) {
  return (
    <div className="formpart" data-step={step}>
      <div className="row"><span className={ok ? "step ok" : "step"} aria-hidden>{ok ? <I of={IconCheck} size={13} /> : n}</span><h3>{title}</h3>{note && <span className="end t3 s12">{note}</span>}</div>
      {children}
    </div>
  );
}

function Question({ id, question, value, onChange, onEnter }: { id: string; question: string; value: string; onChange: (value: string) => void; onEnter: (from: HTMLElement) => void }) {
  const { t } = useTranslation();
  const kind = answerKind(question, t("form.yes"), t("form.no"), t("form.unknown"));
  const box = useRef<HTMLDivElement>(null);
  if (kind.kind === "choice") {
    return (
      <>
        <span className="label" id={`${id}-label`}>{question.replace(/:.*\?$/, "?")}</span>
        <div data-q ref={box} style={{ display: "grid" }}><Segments name={id} labelledBy={`${id}-label`} options={kind.options.map((o) => [o, o])} value={value} onChange={onChange} onEnter={() => box.current && onEnter(box.current)} /></div>
      </>
    );
  }
  return (
    <>
      <label htmlFor={id}>{question}</label>
      <div data-q ref={box} className="field compact" style={kind.kind === "number" ? { maxWidth: 140 } : undefined}>
        <input id={id} value={value} maxLength={1000} inputMode={kind.kind === "number" ? "decimal" : undefined} onChange={(e) => onChange(e.target.value)} onKeyDown={(e) => { if (e.key === "Enter" && !e.ctrlKey && box.current) { e.preventDefault(); onEnter(box.current); } }} />
        {kind.kind === "number" && kind.unit && <span className="t3 s12">{kind.unit}</span>}
      </div>
    </>
  );
}

const TERMS: [keyof RoutingPreview["deadlines"], string, Icon][] = [["accept_by", "form.accept", IconUserCheck], ["localise_by", "form.localise", IconDropletOff], ["fix_by", "form.fix", IconTool]];

function Side({ preview, on, organisationId, onChoose }: { preview: ReturnType<typeof useQuery<RoutingPreview>>; on: boolean; organisationId: number | null; onChoose: (id: number) => void }) {
  const { t } = useTranslation();
  const now = useNow();
  const p = preview.data;
  const chosen = organisationId ?? p?.organisation?.id ?? null;
  return (
    <div className="side">
      <section className="card" aria-labelledby="terms">
        <header><h2 id="terms">{t("form.terms")}</h2><span className="end t3 s12">{t("form.ifNow")}</span></header>
        <div style={{ padding: "0 16px 12px" }}>
          {!on && <p className="t3 s12">{t("form.needBoth")}</p>}
          {on && preview.isPending && <Bones count={3} height={36} />}
          {on && preview.isError && <Failed error={preview.error} again={() => void preview.refetch()} />}
          {p && TERMS.filter(([key]) => p.deadlines[key]).map(([key, word, picture]) => (
            <div key={key} className="term"><div className="row wrap"><I of={picture} size={16} className="t3" /><b className="s13">{t(word)}</b><span className="chip accent end b">{t("form.by", { time: until(p.deadlines[key]!, now) })}</span></div></div>
          ))}
          {p?.deadlines.why && <p className="why" style={{ paddingTop: 8 }}><span>{t("form.why")}</span><span>{p.deadlines.why}</span></p>}
        </div>
      </section>
      <section className="card" aria-labelledby="who-answers">
        <header><h2 id="who-answers">{t("form.answers")}</h2>{(p?.candidates.length ?? 0) > 1 && <span className="end t3 s12">{t("form.answersKeys")}</span>}</header>
        <div className="col" role="radiogroup" aria-labelledby="who-answers" style={{ padding: "0 16px 16px", gap: 8 }}>
          {!on && <p className="t3 s12">{t("form.needBoth")}</p>}
          {on && preview.isPending && <Bones count={2} height={52} />}
          {p && !p.organisation && <p className="chip soon tag">{t("form.cannot")}</p>}
          {p && !p.organisation && p.reason && <p className="why"><span>{t("form.why")}</span><span>{p.reason}</span></p>}
          {p?.candidates.map((c, i) => (
            <button key={c.organisation.id} type="button" role="radio" aria-checked={c.organisation.id === chosen} className={c.organisation.id === chosen ? "person on" : "person"} onClick={() => onChoose(c.organisation.id)}>
              <span className="dot" aria-hidden /><span className="b s13">{c.organisation.name}</span><Keys of={String(i + 1)} calm />
              <span className="rest"><span className="why"><span>{t("form.why")}</span><span>{c.organisation.id === p.organisation?.id && p.reason ? p.reason : c.reason}</span></span></span>
            </button>
          ))}
        </div>
      </section>
    </div>
  );
}

function Registered({ ticket, onAgain }: { ticket: Ticket; onAgain: () => void }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  useKeys({ Escape: () => go("/desk"), Enter: () => go("/desk"), KeyO: () => go(`/tickets/${ticket.number}`) });
  return (
    <div className="card" style={{ flex: 1 }} ref={box} tabIndex={-1} role="status">
      <div className="demo">
        <I of={IconCircleCheck} size={36} className="done" />
        <div><h2>{t("form.done", { number: ticket.number })}</h2><p className="t2">{t("form.say")}</p></div>
        <dl className="facts" style={{ fontSize: 14, lineHeight: "22px", gridTemplateColumns: "130px minmax(0, 1fr)" }}>
          <dt>{t("form.what")}</dt><dd>{i18n.language === "ru" ? ticket.classifier.problem_ru : ticket.classifier.problem_en}</dd>
          <dt>{t("form.where")}</dt><dd>{[ticket.house?.address, ticket.premise && t("common.flat", { flat: ticket.premise })].filter(Boolean).join(", ")}</dd>
          <dt>{t("form.answers")}</dt><dd>{ticket.organisation?.name ?? t("tickets.noOrganisation")}</dd>
          {TERMS.filter(([key]) => ticket.deadlines[key]).map(([key, word]) => <div key={key} style={{ display: "contents" }}><dt>{t(word)}</dt><dd><b>{t("form.by", { time: until(ticket.deadlines[key]!, now) })}</b></dd></div>)}
          {ticket.applicant.number && <><dt>{t("form.who")}</dt><dd>{[ticket.applicant.name, phone(ticket.applicant.number)].filter(Boolean).join(", ")}</dd></>}
        </dl>
        <div className="row wrap"><Btn look="primary" size="main" keys="Enter" onClick={() => go("/desk")}>{t("form.back")}</Btn><Btn size="main" keys="O" onClick={() => go(`/tickets/${ticket.number}`)}>{t("form.openTicket")}</Btn><Btn size="main" onClick={onAgain}>{t("form.again")}</Btn></div>
      </div>
    </div>
  );
}
