// The dialogue as a resident walks it: a keypad (the keyboard's digits too), what was said and pressed, the step lit in the picture.

import { IconEar, IconPhoneOff, IconRefresh, IconVolume, IconVolumeOff, IconX } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Script } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { Btn, I } from "@/ui/pieces";
import { useVoice } from "./audio";
import { begin, press, SILENCE, spoken, ways, type Said } from "./play";
import { nameOf, waysOf, type Language, type Step } from "./shapes";

const PAD = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

export function Play({ of: x, nodes, language, onAt, onClose, mute = false }: { of: Script; nodes: Step[]; language: Language; onAt: (step: string) => void; onClose: () => void; mute?: boolean }) {
  const { t, i18n } = useTranslation();
  const reader: Language = i18n.language === "en" ? "en" : "ru";
  const dialogue = { nodes, edges: waysOf(x) };
  const [walk, setWalk] = useState(() => begin(dialogue));
  const [aloud, setAloud] = useState(false);
  const voice = useVoice();
  const log = useRef<HTMLOListElement>(null);
  const go = (key: string) => setWalk((old) => press(dialogue, old, key));
  useEffect(() => onAt(walk.at), [walk.at]);
  useEffect(() => {
    log.current?.lastElementChild?.scrollIntoView({ block: "nearest" });
    const last = walk.said.at(-1);
    if (aloud && last && "step" in last) void voice.play({ kind: x.kind, step: last.step, language });
  }, [walk.said.length, aloud]);
  useKeys({
    ...Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`Digit${n}`, () => go(String(n))])),
    "Shift+Digit8": () => go("*"), "Shift+Digit3": () => go("#"), NumpadMultiply: () => go("*"), Escape: onClose,
  });
  const here = nodes.find((n) => n.id === walk.at);
  const keys = ways(dialogue, walk.at);
  const labels = new Map(dialogue.edges.filter((e) => e.from === walk.at).map((e) => [e.key, e.label[reader] || nameOf(nodes.find((n) => n.id === e.to), reader, e.to)]));
  const end = here?.kind === "end" && !walk.over;
  return (
    <section className="card" aria-labelledby="rbplay-title">
      <header><h2 id="rbplay-title">{t("robot.play.title")}</h2><span className="end row" style={{ gap: 4 }}>{!mute && <Btn size="small" icon={aloud ? IconVolume : IconVolumeOff} aria-pressed={aloud} onClick={() => setAloud((a) => !a)}>{t("robot.play.aloud")}</Btn>}<Btn size="small" icon={IconX} aria-label={t("common.close")} title={`${t("common.close")}, Esc`} onClick={onClose} /></span></header>
      <div className="body rbplay">
        <ol className="rbtalk" ref={log} tabIndex={0} aria-live="polite" aria-label={t("robot.play.talk")}>
          {walk.said.map((one, i) => <Line key={i} of={one} before={walk.said[i - 1]} script={x} nodes={nodes} language={language} />)}
          {walk.over && <li className="rbover"><I of={IconPhoneOff} size={16} />{t(here?.kind === "end" && here.result === "to_operator" ? "robot.play.toOperator" : "robot.play.over")}{here?.result && <span className="chip">{t(`robot.result.${here.result}`, { defaultValue: here.result })}</span>}</li>}
        </ol>
        {voice.problem && <p className="errorline" role="alert">{voice.problem}</p>}
        {walk.typed && <p className="rbtyped" aria-live="polite">{walk.typed}</p>}
        <div className="rbpad" role="group" aria-label={t("robot.play.keypad")}>
          {PAD.map((k) => {
            const means = k === "*" ? t("robot.play.repeat") : k === "#" ? (here?.kind === "digits" || here?.kind === "record" ? t("robot.play.finish") : "") : (labels.get(k) ?? "");
            return <button key={k} type="button" className={keys.some((e) => e.key === k) ? "rbkey leads" : "rbkey"} disabled={walk.over || end} onClick={() => go(k)}><b>{k}</b><span className="cut">{means}</span></button>;
          })}
        </div>
        <div className="row wrap">
          {end ? <><Btn onClick={() => go("next")}>{t("robot.script.way.next")}</Btn><Btn onClick={() => go("done")}>{t("robot.script.way.done")}</Btn></> : <Btn icon={IconEar} disabled={walk.over} onClick={() => go(SILENCE)}>{t("robot.play.silent")}</Btn>}
          <Btn icon={IconRefresh} onClick={() => setWalk(begin(dialogue))}>{t("robot.play.again")}</Btn>
        </div>
      </div>
    </section>
  );
}

function Line({ of: one, before, script, nodes, language }: { of: Said; before: Said | undefined; script: Script; nodes: Step[]; language: Language }) {
  const { t } = useTranslation();
  if ("pressed" in one) return <li className="rbpressed">{one.pressed === SILENCE ? <i>{t("robot.play.wasSilent")}</i> : ["next", "done"].includes(one.pressed) ? <i>{t(`robot.script.way.${one.pressed}`)}</i> : <kbd className="key">{one.pressed}</kbd>}</li>;
  const text = "told" in one ? script.told[one.told]?.[language] : nodes.find((n) => n.id === one.step)?.say[language];
  return <li className="rbsays" lang={language}>{spoken(text ?? "", before && "pressed" in before ? before.pressed.replace("#", "") : "")}</li>;
}
