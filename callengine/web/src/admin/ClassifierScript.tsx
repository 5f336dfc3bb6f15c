// The script of an entry: questions in both languages, each with the type of its answer, in the order they are asked.

import { IconArrowDown, IconArrowUp, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ClassifierQuestion } from "@/api/types";
import { Btn } from "@/ui/pieces";
import { Check, Choose, Line } from "./ClassifierFields";

const TYPES = ["text", "yesno", "number", "choice", "moment"] as const;
// What rule packs are told, and by which type of answer: the same as in tickets/script.py.
const CONDITIONS: [string, string][] = [
  ["indoor_celsius", "number"], ["outdoor_celsius", "number"], ["damage_at", "moment"], ["outage_at", "moment"], ["power_feeds", "number"],
  ["whole_house", "yesno"], ["dead_end_main", "yesno"], ["blocked_sewer", "yesno"], ["season", "choice"],
];
const NEW: ClassifierQuestion = { text_ru: "", text_en: "", type: "text", choices: [], choices_en: [], unit: "", required: false, condition: "" };
const listed = (text: string) => text.split(";").map((x) => x.trim()).filter(Boolean);

export function Script({ of, onChange }: { of: ClassifierQuestion[]; onChange: (script: ClassifierQuestion[]) => void }) {
  const { t } = useTranslation();
  const set = (i: number, change: Partial<ClassifierQuestion>) => onChange(of.map((q, n) => (n === i ? { ...q, ...change } : q)));
  const move = (i: number, by: number) => {
    const next = [...of];
    const [taken] = next.splice(i, 1);
    next.splice(i + by, 0, taken!);
    onChange(next);
  };
  return (
    <div className="col" style={{ gap: 10 }}>
      {of.length === 0 && <p className="t3 s13">{t("classifier.noQuestions")}</p>}
      <ol className="col" style={{ gap: 10 }}>
        {of.map((q, i) => (
          <li key={i} className="questionbox">
            <fieldset className="bareset">
              <legend className="sr">{t("classifier.question", { number: i + 1 })}</legend>
              <div className="row"><span className="step" aria-hidden>{i + 1}</span>
                <span className="grow cut s12 t3">{q.text_ru}</span>
                <Btn size="small" icon={IconArrowUp} aria-label={`${t("classifier.up")}: ${t("classifier.question", { number: i + 1 })}`} disabled={i === 0} onClick={() => move(i, -1)} />
                <Btn size="small" icon={IconArrowDown} aria-label={`${t("classifier.down")}: ${t("classifier.question", { number: i + 1 })}`} disabled={i === of.length - 1} onClick={() => move(i, 1)} />
                <Btn size="small" icon={IconTrash} aria-label={`${t("classifier.dropQuestion")} ${i + 1}`} onClick={() => onChange(of.filter((_, n) => n !== i))} />
              </div>
              <div className="grid2">
                <Line label={t("classifier.questionRu")} value={q.text_ru} required onChange={(x) => set(i, { text_ru: x })} />
                <Line label={t("classifier.questionEn")} value={q.text_en ?? ""} onChange={(x) => set(i, { text_en: x })} />
              </div>
              <div className="row wrap questiontype">
                <Choose label={t("classifier.type")} value={q.type ?? "text"} onChange={(x) => set(i, { type: x as ClassifierQuestion["type"], choices: [], choices_en: [], unit: "", condition: "" })} options={TYPES.map((x) => [x, t(`classifier.types.${x}`)])} />
                {q.type === "number" && <Line label={t("classifier.unit")} value={q.unit ?? ""} onChange={(x) => set(i, { unit: x })} />}
                {q.type !== "text" && CONDITIONS.some(([, type]) => type === q.type) && <Choose label={t("classifier.condition")} value={q.condition ?? ""} onChange={(x) => set(i, { condition: x })} options={conditionsOf(q, t)} />}
                <Check label={t("classifier.required")} checked={q.required ?? false} onChange={(x) => set(i, { required: x })} />
              </div>
              {q.type === "choice" && (
                <div className="grid2">
                  <Choices label={t("classifier.choices")} of={q.choices ?? []} onChange={(choices) => set(i, { choices })} />
                  <Choices label={t("classifier.choicesEn")} of={q.choices_en ?? []} onChange={(choices_en) => set(i, { choices_en })} />
                </div>
              )}
            </fieldset>
          </li>
        ))}
      </ol>
      <div><Btn size="small" icon={IconPlus} onClick={() => onChange([...of, NEW])}>{t("classifier.addQuestion")}</Btn></div>
    </div>
  );
}

function conditionsOf(q: ClassifierQuestion, t: (key: string) => string): [string, string][] {
  const known = CONDITIONS.filter(([, type]) => type === q.type).map(([name]): [string, string] => [name, t(`classifier.conditions.${name}`)]);
  const own: [string, string][] = q.condition && !known.some(([name]) => name === q.condition) ? [[q.condition, q.condition]] : [];
  return [["", t("classifier.noCondition")], ...known, ...own];
}

function Choices({ label, of, onChange }: { label: string; of: string[]; onChange: (choices: string[]) => void }) {
  const [text, setText] = useState(of.join("; "));
  // A space or a semicolon that is just typed is no choice yet; a list that came from elsewhere is shown as it is.
  const shown = listed(text).join(";") === of.join(";") ? text : of.join("; ");
  return <Line label={label} value={shown} onChange={(x) => { setText(x); onChange(listed(x)); }} />;
}
