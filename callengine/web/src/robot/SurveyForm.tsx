// The questions of a survey: what is asked, in which order, what each key means, and where it leads.

import { IconArrowDown, IconArrowUp, IconPlus, IconX } from "@tabler/icons-react";
import { useRef, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import { Labelled } from "@/houses/parts";
import { Btn } from "@/ui/pieces";
import { MOST_ANSWERS, MOST_QUESTIONS, moved, TO_END, without, wrongWays, type Answer, type Question } from "./survey";

export function SurveyForm({ intro, onIntro, questions, onChange, disabled = false }: { intro: string; onIntro: (text: string) => void; questions: Question[]; onChange: (questions: Question[]) => void; disabled?: boolean }) {
  const { t } = useTranslation();
  const box = useRef<HTMLFieldSetElement>(null);
  const set = (n: number, change: Partial<Question>) => onChange(questions.map((q, i) => (i === n ? { ...q, ...change } : q)));
  const answer = (n: number, k: number, change: Partial<Answer>) => set(n, { answers: questions[n]!.answers.map((a, i) => (i === k ? { ...a, ...change } : a)) });
  const move = (n: number, by: number) => {
    if (n + by < 0 || n + by >= questions.length) return;
    onChange(moved(questions, n, n + by));
    requestAnimationFrame(() => box.current?.querySelector<HTMLInputElement>(`[data-question="${n + by}"]`)?.focus());
  };
  const byKeys = (n: number) => (e: KeyboardEvent) => {
    const by = e.altKey && { ArrowUp: -1, ArrowDown: 1 }[e.key];
    if (!by) return;
    e.preventDefault();
    e.stopPropagation();
    move(n, by);
  };
  const wrong = wrongWays(questions);
  const said = (n: number, key?: number) => wrong.find((w) => w.n === n + 1 && w.key === (key === undefined ? undefined : key + 1))?.what;
  return (
    <>
      <Labelled label={t("robot.form.intro")}>{(id) => <textarea id={id} className="area" rows={2} value={intro} maxLength={300} disabled={disabled} onChange={(e) => onIntro(e.target.value)} />}</Labelled>
      <fieldset className="bareset" ref={box} disabled={disabled}>
        <legend className="s12 t2">{t("robot.form.questions")}</legend>
        {questions.map((q, n) => (
          <div key={n} className={said(n) ? "rbquestion wrong" : "rbquestion"} onKeyDown={byKeys(n)}>
            <div className="row">
              <div className="field grow"><input data-question={n} aria-label={t("robot.form.question", { n: n + 1 })} placeholder={t("robot.form.question", { n: n + 1 })} value={q.text} maxLength={300} onChange={(e) => set(n, { text: e.target.value })} /></div>
              <Btn icon={IconArrowUp} aria-label={t("robot.form.up", { n: n + 1 })} title="Alt ↑" disabled={n === 0} onClick={() => move(n, -1)} /><Btn icon={IconArrowDown} aria-label={t("robot.form.down", { n: n + 1 })} title="Alt ↓" disabled={n === questions.length - 1} onClick={() => move(n, 1)} />
              <Btn icon={IconX} aria-label={t("robot.form.dropQuestion", { n: n + 1 })} disabled={questions.length === 1} onClick={() => onChange(without(questions, n))} />
            </div>
            {said(n) && <p className="danger s12" role="status">{t("robot.form.ways.unreached")}</p>}
            {q.answers.map((a, k) => (
              <div key={k} className="rbanswer">
                <kbd className="key calm">{k + 1}</kbd>
                <div className="field compact"><input aria-label={t("robot.form.answer", { n: n + 1, key: k + 1 })} value={a.label} maxLength={60} onChange={(e) => answer(n, k, { label: e.target.value })} /></div>
                <div className={said(n, k) ? "field compact bad" : "field compact"}><select aria-label={t("robot.form.then", { n: n + 1, key: k + 1 })} aria-invalid={Boolean(said(n, k))} value={a.to} onChange={(e) => answer(n, k, { to: e.target.value })}>
                  <option value="">{t("robot.form.nextOne")}</option>
                  {questions.map((other, i) => i !== n && <option key={i} value={String(i + 1)}>{t("robot.form.toQuestion", { n: i + 1 })}{other.text && `: ${other.text.slice(0, 40)}`}</option>)}
                  <option value={TO_END}>{t("robot.form.toEnd")}</option>
                </select></div>
                <Btn icon={IconX} size="small" aria-label={t("robot.form.dropAnswer", { n: n + 1, key: k + 1 })} disabled={q.answers.length === 1} onClick={() => set(n, { answers: q.answers.filter((_, i) => i !== k) })} />
                {said(n, k) && <p className="danger s12 rbway" role="status">{t("robot.form.ways.loop")}</p>}
              </div>
            ))}
            {q.answers.length < MOST_ANSWERS && <Btn look="link" size="small" icon={IconPlus} onClick={() => set(n, { answers: [...q.answers, { label: "", to: "" }] })}>{t("robot.form.addAnswer")}</Btn>}
          </div>
        ))}
        {questions.length < MOST_QUESTIONS ? <Btn look="link" icon={IconPlus} onClick={() => onChange([...questions, { text: "", answers: [{ label: "", to: "" }, { label: "", to: "" }] }])}>{t("robot.form.addQuestion")}</Btn> : <p className="t3 s12">{t("robot.form.mostQuestions", { count: MOST_QUESTIONS })}</p>}
      </fieldset>
    </>
  );
}
