// The dialogues of the robot: the picture of one, the words of a step in both languages, and a walk through it by keys.

import { IconAlertTriangle, IconArrowBackUp, IconPlayerPlay, IconPlayerStop, IconTopologyStar3, IconVolume } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure, get, put } from "@/api/client";
import type { Script } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { go } from "@/lib/route";
import { exact } from "@/lib/time";
import { useUnsaved } from "@/lib/unsaved";
import { queries } from "@/session";
import { Btn, Empty, I, Keys, Segments, Toggles, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { useVoice } from "./audio";
import { Graph } from "./Graph";
import { Play } from "./Play";
import { Held } from "./parts";
import { useInWords } from "./mistakes";
import { byKey, LANGUAGES, nameOf, waysOf, type Language, type Texts } from "./shapes";

const KINDS = ["rating", "result", "job", "outage", "survey", "meter", "status"] as const;
type Words = Record<string, Texts>;
interface Wrong { step: string; problem: string }

export function Scripts({ kind: asked, leads }: { kind: string; leads: boolean }) {
  const { t } = useTranslation();
  const kind = KINDS.find((k) => k === asked) ?? "rating";
  const found = useQuery({ queryKey: ["script", kind], queryFn: () => get<Script>(`/scripts/${kind}`), staleTime: 60_000 });
  return (
    <>
      <div className="filters"><Toggles label={t("robot.script.kinds")} value={kind} onChange={(k) => go(`/robot/scripts/${k}`)} options={KINDS.map((k) => [k, t(`robot.kind.${k}`)])} /></div>
      <Held of={found} bones={{ count: 5, height: 80 }} empty={found.data?.nodes.length === 0 && <Empty icon={IconTopologyStar3} title={t("robot.script.none")} />}>
        {found.data && <Editor key={kind} of={found.data} leads={leads} />}
      </Held>
    </>
  );
}

function Editor({ of: x, leads }: { of: Script; leads: boolean }) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const [language, setLanguage] = useState<Language>(i18n.language === "en" ? "en" : "ru");
  const [at, setAt] = useState(x.nodes.find((n) => n.start)?.id ?? x.nodes[0]?.id ?? "");
  const [typed, setTyped] = useState<Words>({});
  const [wrong, setWrong] = useState<Wrong[]>([]);
  const [failed, setFailed] = useState("");
  const [busy, setBusy] = useState(false);
  const [playing, setPlaying] = useState(false);
  const changed = Object.keys(typed).length > 0;
  useUnsaved(changed);
  const edges = useMemo(() => waysOf(x), [x]);
  const shown = useMemo(() => x.nodes.map((n) => ({ ...n, say: { ...n.say, ...typed[n.id] } })), [x.nodes, typed]);
  const type = (step: string, lang: Language, text: string) => {
    const before = stands(x, step)[lang] ?? "";
    setTyped((old) => {
      const { [step]: mine = {}, ...rest } = old;
      const { [lang]: _, ...others } = mine;
      const next = text === before ? others : { ...others, [lang]: text };
      return Object.keys(next).length ? { ...rest, [step]: next } : rest;
    });
  };
  const send = (words: Words, done: string, undo?: Words) => {
    if (busy) return;
    setBusy(true);
    setFailed("");
    put<Script>(`/scripts/${x.kind}`, { texts: words }).then(
      (kept) => {
        queries.setQueryData(["script", x.kind], kept);
        // What was typed while the answer was on its way is not what was kept.
        setTyped((now) => rest(now, words));
        setWrong([]);
        say(t(done), undo && { act: { word: t("robot.undo"), run: () => send(undo, "robot.script.saved") } });
      },
      (error: unknown) => {
        const problems = error instanceof Failure && error.code === "script-wrong" ? (error.problem as { problems?: Wrong[] }).problems ?? [] : [];
        setWrong(problems);
        setFailed(problems.length ? "" : why(error));
        const first = problems.find((p) => x.nodes.some((n) => n.id === p.step) || p.step in x.told);
        if (first) setAt(first.step);
      },
    ).finally(() => setBusy(false));
  };
  const save = () => { if (changed && leads) send(typed, "robot.script.saved", reverse(x, typed)); };
  const ids = x.nodes.map((n) => n.id);
  // The step may have been left out just now.
  useEffect(() => { if (!ids.includes(at) && !(at in x.told)) setAt(x.nodes.find((n) => n.start)?.id ?? ids[0] ?? ""); }, [x.nodes]);
  const move = (by: number) => setAt(ids[Math.max(0, Math.min(ids.length - 1, ids.indexOf(at) + by))] ?? at);
  useKeys({ "Ctrl+Enter": save });
  useKeys({ ArrowDown: () => move(1), ArrowUp: () => move(-1) }, { when: !playing });
  return (
    <div className="rbscript">
      <section className="card" aria-labelledby="rbscript-title">
        <header className="wrap">
          <h2 id="rbscript-title">{x.title[i18n.language === "en" ? "en" : "ru"] || t(`robot.kind.${x.kind}`)}</h2>
          {x.changed_at && <span className="t3 s12 cut" title={exact(x.changed_at)}>{t("robot.template.changed", { name: x.changed_by })}</span>}
          <span className="end row">
            <Segments name="rblanguage" label={t("robot.script.language")} value={language} onChange={(l) => setLanguage(l as Language)} options={LANGUAGES.map((l) => [l, t(`robot.language.${l}`)])} />
            <Btn icon={playing ? IconPlayerStop : IconPlayerPlay} aria-pressed={playing} onClick={() => setPlaying((p) => !p)}>{t(playing ? "robot.script.stop" : "robot.script.play")}</Btn>
          </span>
        </header>
        <Graph nodes={shown} edges={edges} language={language} at={at} wrong={new Set(wrong.map((w) => w.step))} onPick={setAt} />
        <Options of={x} leads={leads && !changed} />
        <div className="rblegend"><span><i className="rbdash" />{t("robot.script.way.silent")}</span><span><kbd className="key calm">0</kbd>{t("robot.script.everywhere")}</span><span className="end row" style={{ gap: 6 }}><Keys of="↑ ↓" calm />{t("robot.script.steps")}</span></div>
      </section>
      {playing ? <Play of={x} nodes={shown} language={language} onAt={setAt} onClose={() => setPlaying(false)} /> : (
        <Words key={at} of={x} at={at} typed={typed} leads={leads} wrong={wrong} failed={failed} changed={changed} busy={busy} onAt={setAt} onType={type} onSave={save} onDiscard={() => { setTyped({}); setWrong([]); setFailed(""); }} onShipped={(step, before) => send({ [step]: { ru: "", en: "" } }, "robot.script.back", { [step]: before })} />
      )}
    </div>
  );
}

/** What the service leaves out of it: from the next call on, and taken back by the same press. */
function Options({ of: x, leads }: { of: Script; leads: boolean }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [busy, setBusy] = useState(false);
  const names = Object.keys(x.options);
  if (!names.length) return null;
  const turn = (name: string, on: boolean) => {
    setBusy(true);
    put<Script>(`/scripts/${x.kind}/options`, { options: { [name]: on } }).then(
      (kept) => { queries.setQueryData(["script", x.kind], kept); say(t(on ? "robot.script.option.taken" : "robot.script.option.left"), { act: { word: t("robot.undo"), run: () => turn(name, !on) } }); },
      (e) => say(why(e), { bad: true }),
    ).finally(() => setBusy(false));
  };
  return (
    <fieldset className="bareset rboptions" disabled={!leads || busy}>
      <legend className="sr">{t("robot.script.option.title")}</legend>
      {names.map((name) => <label key={name} className="checkline"><input type="checkbox" checked={x.options[name]} onChange={(e) => turn(name, e.target.checked)} />{t(`robot.script.option.names.${name}`, { defaultValue: name })}</label>)}
    </fieldset>
  );
}

/** What is typed beside what was sent. */
function rest(typed: Words, sent: Words): Words {
  const left = Object.entries(typed).map(([step, texts]) => [step, Object.fromEntries(Object.entries(texts).filter(([l, text]) => sent[step]?.[l as Language] !== text))] as const);
  return Object.fromEntries(left.filter(([, texts]) => Object.keys(texts).length > 0));
}

/** What a step (or what is told of a mistake) says now. */
const stands = (x: Script, step: string): Texts => x.nodes.find((n) => n.id === step)?.say ?? x.told[step] ?? {};

/** The text that is one's own, or "" where the shipped one speaks; of what is told of mistakes that is not known. */
function ownOf(x: Script, step: string, language: Language): string {
  const node = x.nodes.find((n) => n.id === step);
  return node && !node.own.includes(language) ? "" : (stands(x, step)[language] ?? "");
}

/** What brings the words back: one's own ones of before, or the shipped ones. */
function reverse(x: Script, typed: Words): Words {
  return Object.fromEntries(Object.entries(typed).map(([step, texts]) => [step, Object.fromEntries(Object.keys(texts).map((l) => [l, ownOf(x, step, l as Language)]))]));
}

function Words({ of: x, at, typed, leads, wrong, failed, changed, busy, onAt, onType, onSave, onDiscard, onShipped }: {
  of: Script; at: string; typed: Words; leads: boolean; wrong: Wrong[]; failed: string; changed: boolean; busy: boolean;
  onAt: (step: string) => void; onType: (step: string, language: Language, text: string) => void; onSave: () => void; onDiscard: () => void; onShipped: (step: string, before: Texts) => void;
}) {
  const { t, i18n } = useTranslation();
  const voice = useVoice();
  const reader: Language = i18n.language === "en" ? "en" : "ru";
  const called = (step: string) => nameOf(x.nodes.find((n) => n.id === step), reader, t(`robot.script.told.${step}`, { defaultValue: step }));
  const inWords = useInWords(called);
  const node = x.nodes.find((n) => n.id === at);
  const now = stands(x, at);
  const own = Object.fromEntries((node?.own ?? []).map((l) => [l, now[l as Language] ?? ""]));
  const worded = Object.keys(own).length > 0;
  const mine = wrong.filter((w) => w.step === at);
  const elsewhere = wrong.filter((w) => w.step !== at);
  const keys = waysOf(x).filter((e) => e.from === at).sort(byKey);
  return (
    <section className="card" aria-labelledby="rbstep-title">
      <header><h2 id="rbstep-title" className="cut" title={called(at)}>{called(at)}</h2>{node && <span className="chip">{t(`robot.script.step.${node.kind}`)}</span>}{worded && <span className="chip accent end">{t("robot.template.own")}</span>}</header>
      <div className="body rbform" tabIndex={0} role="group" aria-labelledby="rbstep-title">
        {LANGUAGES.map((l) => {
          const text = typed[at]?.[l] ?? now[l] ?? "";
          const id = `rbwords-${l}`;
          return (
            <div key={l} className="labelled">
              <span className="row"><label htmlFor={id}>{t(`robot.language.${l}`)}</label><span className="end"><Btn look="link" size="small" icon={IconVolume} disabled={!text.trim() || voice.busy} onClick={() => void voice.play({ kind: x.kind, step: at, language: l, text: typed[at]?.[l] })} aria-label={`${t("robot.script.listen")}: ${t(`robot.language.${l}`)}`}>{t("robot.script.listen")}</Btn></span></span>
              <textarea id={id} className={mine.length ? "area rbbad" : "area"} rows={Math.min(12, Math.max(3, Math.ceil(text.length / 32)))} lang={l} maxLength={600} value={text} disabled={!leads} aria-invalid={mine.length > 0} aria-describedby={mine.length ? "rbwrong" : undefined} onChange={(e) => onType(at, l, e.target.value)} />
            </div>
          );
        })}
        {voice.problem && <p className="errorline" role="alert">{voice.problem}</p>}
        {mine.length > 0 && <ul id="rbwrong" className="rbwrong" role="alert">{mine.map((w) => <li key={w.problem}>{inWords(w.problem)}</li>)}</ul>}
        {failed && <p className="errorline" role="alert">{failed}</p>}
        {elsewhere.length > 0 && <div className="warnbox"><p className="row"><I of={IconAlertTriangle} size={16} />{t("robot.script.elsewhere")}</p>{elsewhere.map((w) => <button key={w.step + w.problem} type="button" className="btn link" onClick={() => onAt(w.step)}>{called(w.step)}: {inWords(w.problem)}</button>)}</div>}
        {leads && <p className="t3 s12">{t("robot.script.fields", { fields: [...x.fields, "entered"].map((f) => `{${f}}`).join(" ") })}</p>}
        {leads && (
          <div className="row wrap">
            <Btn look="primary" keys="Ctrl Enter" disabled={busy || !changed} onClick={onSave}>{t("directory.save")}</Btn>
            {changed && <Btn onClick={onDiscard}>{t("robot.discard")}</Btn>}
            {worded && !typed[at] && <Btn icon={IconArrowBackUp} disabled={busy} onClick={() => onShipped(at, own)}>{t("robot.template.shipped")}</Btn>}
          </div>
        )}
        {keys.length > 0 && (
          <div className="col" style={{ gap: 4 }}>
            <h3 className="b s13">{t("robot.script.leads")}</h3>
            <ul className="rbways">{keys.map((e) => <li key={e.key}><kbd className="key calm">{/^\d$/.test(e.key) ? e.key : "→"}</kbd><span className="grow">{/^\d$/.test(e.key) ? e.label[reader] : t(`robot.script.way.${e.key || "on"}`, { defaultValue: e.key })}{e.result && <span className="t3"> · {t(`robot.result.${e.result}`, { defaultValue: e.result })}</span>}</span><button type="button" className="btn link" onClick={() => onAt(e.to)}>{called(e.to)}</button></li>)}</ul>
          </div>
        )}
        <div className="col" style={{ gap: 4 }}>
          <h3 className="b s13">{t("robot.script.tolds")}</h3>
          <div className="row wrap">{Object.keys(x.told).map((name) => <Btn key={name} size="small" aria-pressed={name === at} onClick={() => onAt(name)}>{t(`robot.script.told.${name}`, { defaultValue: name })}</Btn>)}</div>
        </div>
      </div>
    </section>
  );
}
