// The questions of a survey: what is asked, what each key means, and where it leads.

import { IconPlus, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Labelled } from "@/houses/parts";
import { Btn } from "@/ui/pieces";
import { MOST_ANSWERS, MOST_QUESTIONS, TO_END, without, type Answer, type Question } from "./survey";

export function SurveyForm({ intro, onIntro, questions, onChange }: { intro: string; onIntro: (text: string) => void; questions: Question[]; onChange: (questions: Question[]) => void }) {
  const { t } = useTranslation();
  const set = (n: number, change: Partial<Question>) => onChange(questions.map((q, i) => (i === n ? { ...q, ...change } : q)));
  const answer = (n: number, k: number, change: Partial<Answer>) => set(n, { answers: questions[n]!.answers.map((a, i) => (i === k ? { ...a, ...change } : a)) });
  return (
    <>
      <Labelled label={t("robot.form.intro")}>{(id) => <textarea id={id} className="area" rows={2} value={intro} maxLength={300} onChange={(e) => onIntro(e.target.value)} />}</Labelled>
      <fieldset className="bareset">
        <legend className="s12 t2">{t("robot.form.questions")}</legend>
        {questions.map((q, n) => (
          <div key={n} className="rbquestion">
            <div className="row"><div className="field grow"><input aria-label={t("robot.form.question", { n: n + 1 })} placeholder={t("robot.form.question", { n: n + 1 })} value={q.text} maxLength={300} onChange={(e) => set(n, { text: e.target.value })} /></div><Btn icon={IconX} aria-label={t("robot.form.dropQuestion", { n: n + 1 })} disabled={questions.length === 1} onClick={() => onChange(without(questions, n))} /></div>
            {q.answers.map((a, k) => (
              <div key={k} className="rbanswer">
                <kbd className="key calm">{k + 1}</kbd>
                <div className="field compact"><input aria-label={t("robot.form.answer", { n: n + 1, key: k + 1 })} value={a.label} maxLength={60} onChange={(e) => answer(n, k, { label: e.target.value })} /></div>
                <div className="field compact"><select aria-label={t("robot.form.then", { n: n + 1, key: k + 1 })} value={a.to} onChange={(e) => answer(n, k, { to: e.target.value })}>
                  <option value="">{t("robot.form.nextOne")}</option>
                  {questions.map((_, i) => i > n && <option key={i} value={String(i + 1)}>{t("robot.form.toQuestion", { n: i + 1 })}</option>)}
                  <option value={TO_END}>{t("robot.form.toEnd")}</option>
                </select></div>
                <Btn icon={IconX} size="small" aria-label={t("robot.form.dropAnswer", { n: n + 1, key: k + 1 })} disabled={q.answers.length === 1} onClick={() => set(n, { answers: q.answers.filter((_, i) => i !== k) })} />
              </div>
            ))}
            {q.answers.length < MOST_ANSWERS && <Btn look="link" size="small" icon={IconPlus} onClick={() => set(n, { answers: [...q.answers, { label: "", to: "" }] })}>{t("robot.form.addAnswer")}</Btn>}
          </div>
        ))}
        {questions.length < MOST_QUESTIONS && <Btn look="link" icon={IconPlus} onClick={() => onChange([...questions, { text: "", answers: [{ label: "", to: "" }, { label: "", to: "" }] }])}>{t("robot.form.addQuestion")}</Btn>}
      </fieldset>
    </>
  );
}
