// The editor of an entry: what happened, who answers, terms, the script, what is said, and what it stands on.

import { IconArchive, IconArchiveOff, IconDeviceFloppy, IconRefresh, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure, get, put } from "@/api/client";
import type { ClassifierCard, ClassifierForm, ClassifierPlan, ClassifierTree, Me } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { go } from "@/lib/route";
import { exact, momentOf } from "@/lib/time";
import { unsaved, useUnsaved } from "@/lib/unsaved";
import { queries } from "@/session";
import { Bones, Btn, Failed, I, Keys, Urgency, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { Check, Choose, ClockField, Line, MomentField, Paragraph, Term } from "./ClassifierFields";
import { groupOptions } from "./ClassifierGroup";
import { Script } from "./ClassifierScript";
import { KINDS } from "./kinds";
import { mistakeWords } from "./mistakes";
import { useUndo } from "./ClassifierVersions";

const URGENCIES = ["life", "emergency", "urgent", "normal", "planned", "info"];

type Form = Required<Omit<ClassifierForm, "revision" | "note" | "valid_from" | "category">>;

const EMPTY: Form = {
  parent: "", problem_ru: "", problem_en: "", urgency: "normal", organisation_kind: "management_company", organisation_kinds_next: [], trade: "", responsible: "", accept_minutes: null, localize_minutes: null, fix_minutes: null, clock: "24x7",
  notify_municipality: false, script: [], paid: false, confirm_minutes: null, safety_ru: "", safety_en: "", transfer_to: "", referral_ru: "", referral_en: "", answer_ru: "", answer_en: "", source: "", active: true,
};

function formOf(card: ClassifierCard): Form {
  return Object.fromEntries(Object.keys(EMPTY).map((k) => [k, card[k as keyof ClassifierCard]])) as unknown as Form;
}

export function EntryEditor({ tree, code, me }: { tree: ClassifierTree; code: string | null; me: Me }) {
  const card = useQuery({ queryKey: ["classifier", "entry", code], queryFn: () => get<ClassifierCard>(`/classifier/entries/${encodeURIComponent(code!)}`), enabled: code !== null });
  if (code === null) return <Editor key="new" tree={tree} card={null} me={me} />;
  if (card.isPending) return <section className="card"><Bones count={9} height={36} /></section>;
  if (card.isError) return <section className="card"><Failed error={card.error} again={() => void card.refetch()} /></section>;
  return <Editor key={card.data.revision} tree={tree} card={card.data} me={me} />;
}

function Editor({ tree, card, me }: { tree: ClassifierTree; card: ClassifierCard | null; me: Me }) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const undo = useUndo();
  const first = card ? formOf(card) : EMPTY;
  const [form, setForm] = useState<Form>(first);
  const [code, setCode] = useState("");
  const [note, setNote] = useState("");
  const [from, setFrom] = useState("");
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<{ text: string; stale: boolean } | null>(null);
  const ru = i18n.language === "ru";
  const admin = me.role === "administrator";
  const dirty = JSON.stringify(form) !== JSON.stringify(first);
  useUnsaved(dirty);
  const set = (change: Partial<Form>) => { setRefused(null); setForm((old) => ({ ...old, ...change })); };
  const its = card?.code ?? code.trim();
  const wrong = [form.accept_minutes, form.localize_minutes, form.fix_minutes, form.confirm_minutes].some((m) => Number.isNaN(m));
  const able = !busy && !wrong && its !== "" && form.problem_ru.trim() !== "" && (dirty || card === null);
  const send = (what: Form) => {
    setBusy(true);
    put<ClassifierPlan>(`/classifier/entries/${encodeURIComponent(its)}`, { ...what, revision: card?.revision ?? null, note: note.trim(), valid_from: momentOf(from) || null }).then(
      (plan) => {
        const made = plan.version;
        // A new entry that is planned stands nowhere in the tree yet: its version shows it.
        const planned = made?.state === "planned";
        const told = !made ? t("classifier.nothing") : planned ? t("classifier.savedPlanned", { at: exact(made.valid_from), id: made.id }) : t("classifier.saved", { id: made.id });
        say(told, made ? { act: { word: t("classifier.undo"), run: () => void undo(made.id) } } : {});
        unsaved.set(false);
        void queries.invalidateQueries({ queryKey: ["classifier"] }).then(() => card === null && go(planned ? `/admin/classifier/versions/${made.id}` : `/admin/classifier/entries/${its}`));
        if (planned) setForm(first);
        setNote(""); setFrom("");
      },
      (e) => setRefused({ text: e instanceof Failure && e.code === "refused" ? mistakeWords(e.problem.detail ?? "", t) : why(e), stale: e instanceof Failure && e.status === 409 }),
    ).finally(() => setBusy(false));
  };
  const save = () => { if (able) send(form); };
  useKeys({ "Ctrl+Enter": save });
  const reread = () => void queries.invalidateQueries({ queryKey: ["classifier"] }).then(() => { setForm(first); setRefused(null); });
  const group = tree.groups.find((g) => g.code === form.parent);
  return (
    <section className="card" aria-labelledby="entry-title">
      <header className="wrap">
        {card && <Urgency of={card.urgency} word />}
        <h2 id="entry-title" className="cut">{card ? `${card.code} ${ru ? card.problem_ru : card.problem_en || card.problem_ru}` : t("classifier.new")}</h2>
        {card && !card.active && <span className="chip">{t("classifier.retired")}{card.valid_until && ` · ${exact(card.valid_until)}`}</span>}
        {card && card.open_tickets > 0 && <span className="chip soon">{t("classifier.open", { count: card.open_tickets })}</span>}
        {card && admin && <span className="end"><Btn size="small" icon={card.active ? IconArchive : IconArchiveOff} disabled={busy || dirty} title={t("classifier.retireLead")} onClick={() => send({ ...form, active: !card.active })}>{t(card.active ? "classifier.retire" : "classifier.restore")}</Btn></span>}
      </header>
      <div className="body formbody" tabIndex={0} role="group" aria-labelledby="entry-title">
        <fieldset className="bareset" disabled={!admin}>
          <section className="formpart"><h3>{t("classifier.part.what")}</h3>
            <div className="grid2">
              {!card && <Line label={t("classifier.code")} hint={t("classifier.codeHint")} value={code} required autoFocus onChange={setCode} />}
              <Choose label={t("classifier.parent")} value={form.parent} onChange={(x) => set({ parent: x })} options={[...(group ? [] : [["", "—"] as [string, string]]), ...groupOptions(tree, ru, null)]} />
              <Choose label={t("classifier.urgency")} value={form.urgency} onChange={(x) => set({ urgency: x as Form["urgency"] })} options={URGENCIES.map((u) => [u, t(`urgency.${u}`)])} />
              <Line label={t("classifier.problemRu")} value={form.problem_ru} required onChange={(x) => set({ problem_ru: x })} />
              <Line label={t("classifier.problemEn")} value={form.problem_en} onChange={(x) => set({ problem_en: x })} />
            </div>
          </section>
          <section className="formpart"><h3>{t("classifier.part.who")}</h3>
            <div className="grid2">
              <Choose label={t("classifier.kind")} value={form.organisation_kind} onChange={(x) => set({ organisation_kind: x })} options={KINDS.map((k) => [k, t(`classifier.kinds.${k}`)])} />
              <Next of={form.organisation_kinds_next} onChange={(x) => set({ organisation_kinds_next: x })} />
              <Line label={t("classifier.responsible")} value={form.responsible} onChange={(x) => set({ responsible: x })} />
              <Line label={t("classifier.trade")} value={form.trade} onChange={(x) => set({ trade: x })} />
            </div>
            <Check label={t("classifier.municipality")} checked={form.notify_municipality} onChange={(x) => set({ notify_municipality: x })} />
          </section>
          <section className="formpart"><h3>{t("classifier.part.when")}</h3>
            <div className="terms3">
              <Term label={t("classifier.accept")} value={form.accept_minutes} clock={form.clock} onChange={(x) => set({ accept_minutes: x })} />
              <Term label={t("classifier.localize")} value={form.localize_minutes} clock={form.clock} onChange={(x) => set({ localize_minutes: x })} />
              <Term label={t("classifier.fix")} value={form.fix_minutes} clock={form.clock} onChange={(x) => set({ fix_minutes: x })} />
            </div>
            <p className="t3 s12">{t("classifier.termHint")}</p>
            <ClockField value={form.clock} onChange={(x) => set({ clock: x })} />
            <div className="row wrap" style={{ gap: 16 }}>
              <Check label={t("classifier.paid")} checked={form.paid} onChange={(x) => set({ paid: x, confirm_minutes: x ? (form.confirm_minutes ?? 90) : null })} />
              {form.paid && <><Term label={t("classifier.confirm")} value={form.confirm_minutes} clock="24x7" onChange={(x) => set({ confirm_minutes: x })} /><span className="t3 s12 grow">{t("classifier.confirmLead")}</span></>}
            </div>
          </section>
          <section className="formpart"><h3>{t("classifier.part.ask")}</h3><Script of={form.script} onChange={(x) => set({ script: x })} /></section>
        </fieldset>
        <section className="formpart"><h3>{t("classifier.part.say")}</h3>
          <fieldset className="bareset" disabled={!admin}>
            <div className="grid2"><Paragraph label={`${t("classifier.safety")}, ${t("classifier.inRussian")}`} value={form.safety_ru} rows={3} onChange={(x) => set({ safety_ru: x })} /><Paragraph label={`${t("classifier.safety")}, ${t("classifier.inEnglish")}`} value={form.safety_en} rows={3} onChange={(x) => set({ safety_en: x })} /></div>
            <div style={{ maxWidth: 220, padding: "8px 0" }}><Line label={t("classifier.transfer")} inputMode="tel" value={form.transfer_to} onChange={(x) => set({ transfer_to: x })} /></div>
            <div className="grid2"><Paragraph label={`${t("classifier.referral")}, ${t("classifier.inRussian")}`} value={form.referral_ru} onChange={(x) => set({ referral_ru: x })} /><Paragraph label={`${t("classifier.referral")}, ${t("classifier.inEnglish")}`} value={form.referral_en} onChange={(x) => set({ referral_en: x })} /></div>
          </fieldset>
          <div className="grid2"><Paragraph label={`${t("classifier.answer")}, ${t("classifier.inRussian")}`} value={form.answer_ru} onChange={(x) => set({ answer_ru: x })} /><Paragraph label={`${t("classifier.answer")}, ${t("classifier.inEnglish")}`} value={form.answer_en} onChange={(x) => set({ answer_en: x })} /></div>
        </section>
        <fieldset className="bareset" disabled={!admin}><section className="formpart"><h3>{t("classifier.part.why")}</h3><Paragraph label={t("classifier.source")} value={form.source} onChange={(x) => set({ source: x })} /></section></fieldset>
      </div>
      {refused && <p className="warnline danger" role="alert"><span className="grow">{refused.text}</span>{refused.stale && <Btn size="small" icon={IconRefresh} onClick={reread}>{t("classifier.reread")}</Btn>}</p>}
      <footer className="formfoot wrap">
        <button type="button" className="btn primary main" aria-keyshortcuts="Control+Enter" disabled={!able} onClick={save}><I of={IconDeviceFloppy} />{t("classifier.save")}<Keys of="Ctrl Enter" /></button>
        {dirty && <Btn size="main" icon={IconX} onClick={() => { setForm(first); setRefused(null); }}>{t("classifier.reset")}</Btn>}
        {admin ? (
          <>
            <div className="field compact grow" style={{ minWidth: 160 }}><input aria-label={t("classifier.note")} placeholder={t("classifier.note")} maxLength={200} value={note} onChange={(e) => setNote(e.target.value)} /></div>
            <MomentField label={t("classifier.from")} empty={t("classifier.fromNow")} value={from} onChange={setFrom} />
          </>
        ) : <span className="t2 s13">{t("classifier.onlyAnswers")}</span>}
      </footer>
    </section>
  );
}

function Next({ of, onChange }: { of: string[]; onChange: (kinds: string[]) => void }) {
  const { t } = useTranslation();
  const left = KINDS.filter((k) => !of.includes(k));
  return (
    <div className="lab">
      <Choose label={t("classifier.next")} value="" onChange={(x) => x && onChange([...of, x])} options={[["", `${t("classifier.addNext")}…`], ...left.map((k): [string, string] => [k, t(`classifier.kinds.${k}`)])]} />
      {of.length > 0 && <ul className="row wrap" style={{ gap: 4 }}>{of.map((k) => <li key={k}><button type="button" className="chip bare" style={{ padding: "1px 8px", background: "var(--sunken)" }} aria-label={t("classifier.dropNext", { name: t(`classifier.kinds.${k}`) })} onClick={() => onChange(of.filter((x) => x !== k))}>{t(`classifier.kinds.${k}`)}<I of={IconX} size={13} /></button></li>)}</ul>}
    </div>
  );
}
