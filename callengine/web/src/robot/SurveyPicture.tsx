// A survey that is being written as the engine will walk it: the picture, and a walk by keys before anybody is rung.

import { IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Btn } from "@/ui/pieces";
import { Graph } from "./Graph";
import { usePhrases } from "./phrases";
import { Play } from "./Play";
import { LANGUAGES, waysOf, type Language } from "./shapes";
import { dialogueOf, scriptOf, unwritten, wrongWays, type Question } from "./survey";

const STEPS = ["hello", "bye", "bye_early", "refused", "operator", "not_me", "never"] as const;

export function SurveyPicture({ language, name, intro, questions }: { language: Language; name: string; intro: string; questions: Question[] }) {
  const { t, i18n } = useTranslation();
  const phrases = usePhrases();
  const [at, setAt] = useState("hello");
  const [playing, setPlaying] = useState(false);
  const names = useMemo(() => {
    const inEach = (key: string, values = {}) => Object.fromEntries(LANGUAGES.map((l) => [l, i18n.getFixedT(l)(key, values)]));
    const asked = questions.map((_, n) => [`q${n + 1}`, inEach("robot.form.question", { n: n + 1 })]);
    return Object.fromEntries([...STEPS.map((step) => [step, inEach(`robot.survey.steps.${step}`)]), ...asked]);
  }, [i18n, questions.length]);
  const script = useMemo(() => scriptOf(dialogueOf(language, name.trim(), intro, questions, phrases(language)), names), [language, name, intro, questions]);
  const edges = useMemo(() => waysOf(script), [script]);
  const loops = wrongWays(questions).some((w) => w.what === "loop");
  const bad = new Set([...wrongWays(questions), ...unwritten(questions)].map((w) => `q${w.n}`));
  return (
    <div className="rbsurvey">
      <section className="card rbsurveygraph" aria-labelledby="rbsurvey-graph">
        <header><h2 id="rbsurvey-graph">{t("robot.script.graph")}</h2><span className="end"><Btn icon={playing ? IconPlayerStop : IconPlayerPlay} aria-pressed={playing} disabled={loops && !playing} onClick={() => setPlaying((p) => !p)}>{t(playing ? "robot.survey.stop" : "robot.script.play")}</Btn></span></header>
        <Graph nodes={script.nodes} edges={edges} language={language} at={at} wrong={bad} onPick={setAt} />
      </section>
      {playing && <Play key={JSON.stringify(script.edges)} of={script} nodes={script.nodes} language={language} onAt={setAt} onClose={() => setPlaying(false)} mute />}
    </div>
  );
}
