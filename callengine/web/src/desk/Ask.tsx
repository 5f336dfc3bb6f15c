// The script: each question with the field of its type, the required ones marked, not knowing one press away.

import { IconClock } from "@tabler/icons-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import type { ScriptQuestion } from "@/api/types";
import { serverNow } from "@/lib/clock";
import { mistaken, UNKNOWN, type Answers } from "@/lib/questions";
import { localOf, momentOf } from "@/lib/time";
import { Btn, Segments } from "@/ui/pieces";

interface AskProps {
  script: ScriptQuestion[];
  answers: Answers;
  onChange: (question: string, answer: string) => void;
  onEnter: (from: HTMLElement) => void;
  /** Those that were missed at the last try. */
  missed: string[];
}

export function Ask({ script, answers, onChange, onEnter, missed }: AskProps) {
  return <div className="qa">{script.map((q, i) => <Question key={q.text_ru} id={`q${i}`} question={q} value={answers[q.text_ru] ?? ""} missed={missed.includes(q.text_ru)} onChange={(answer) => onChange(q.text_ru, answer)} onEnter={onEnter} />)}</div>;
}

interface FieldProps {
  id: string;
  question: ScriptQuestion;
  value: string;
  missed: boolean;
  onChange: (value: string) => void;
  onEnter: (from: HTMLElement) => void;
}

function Question({ id, question: q, value, missed, onChange, onEnter }: FieldProps) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const wrong = mistaken(q, value);
  const enter = () => box.current && onEnter(box.current);
  const must = q.required && <span className={missed ? "danger s12 b" : "t3 s12"}> {t("ticketForm.required")}</span>;
  const segmented = q.type === "yesno" || q.type === "choice";
  const options: [string, string][] = q.type === "yesno" ? [["yes", t("form.yes")], ["no", t("form.no")]] : q.choices.map((c) => [c, c]);
  // Some scripts list it among their own choices.
  const ownUnknown = q.choices.some((c) => /^(не знаю|не знает|неизвестно|unknown|don't know)$/i.test(c));
  const long = options.reduce((sum, [, word]) => sum + word.length, 0) > 48;
  const hint = wrong ? t(q.type === "number" ? "ticketForm.notNumber" : "ticketForm.notMoment", { example: t("ticketForm.example") }) : "";
  if (segmented) {
    return (
      <>
        <span className="label" id={`${id}-label`}>{q.text}{must}</span>
        <div data-q={q.text_ru} ref={box} className={`answer ${long ? "long" : ""} ${missed ? "missed" : ""}`}>
          <Segments name={id} labelledBy={`${id}-label`} options={ownUnknown ? options : [...options, [UNKNOWN, t("form.unknown")]]} value={value} onChange={onChange} onEnter={enter} />
        </div>
      </>
    );
  }
  return (
    <>
      <label htmlFor={id} className="label">{q.text}{must}</label>
      <div data-q={q.text_ru} ref={box} className={missed ? "answer missed" : "answer"}>
        <div className="row">
          {q.type === "number" && <Typed id={id} className="short" mode="decimal" unit={q.unit} wrong={wrong} value={value} onChange={onChange} onEnter={enter} />}
          {q.type === "text" && <Typed id={id} className="grow" wrong={false} value={value} onChange={onChange} onEnter={enter} />}
          {q.type === "moment" && <When id={id} wrong={wrong} value={value} onChange={onChange} onEnter={enter} />}
          {q.type !== "text" && <Unknown of={q.text} on={value === UNKNOWN} onPress={() => onChange(value === UNKNOWN ? "" : UNKNOWN)} />}
        </div>
        {hint && <p id={`${id}-hint`} className="danger s12" role="alert">{hint}</p>}
      </div>
    </>
  );
}

function Unknown({ of, on, onPress }: { of: string; on: boolean; onPress: () => void }) {
  const { t } = useTranslation();
  return <Btn size="small" className={on ? "unknown on" : "unknown"} aria-pressed={on} onClick={onPress}>{t("ticketForm.unknownShort")}<span className="sr"> {of}</span></Btn>;
}

interface TypedProps {
  id: string;
  className: string;
  wrong: boolean;
  value: string;
  unit?: string;
  mode?: "decimal";
  onChange: (value: string) => void;
  onEnter: () => void;
}

function Typed({ id, className, wrong, value, unit, mode, onChange, onEnter }: TypedProps) {
  return (
    <div className={`field compact ${className} ${wrong ? "bad" : ""}`}>
      <input id={id} value={value === UNKNOWN ? "" : value} maxLength={1000} inputMode={mode} autoComplete="off" aria-invalid={wrong || undefined} aria-describedby={wrong ? `${id}-hint` : undefined} onChange={(e) => onChange(e.target.value)} onKeyDown={(e) => onward(e, onEnter)} />
      {unit && <span className="t3 s12">{unit}</span>}
    </div>
  );
}

function When({ id, wrong, value, onChange, onEnter }: { id: string; wrong: boolean; value: string; onChange: (value: string) => void; onEnter: () => void }) {
  const { t } = useTranslation();
  const shown = value && value !== UNKNOWN && !wrong ? localOf(value) : "";
  return (
    <>
      <div className={`field compact when ${wrong ? "bad" : ""}`}>
        <input id={id} type="datetime-local" value={shown} max="2100-01-01T00:00" aria-invalid={wrong || undefined} onChange={(e) => onChange(e.target.value ? momentOf(e.target.value) : "")} onKeyDown={(e) => onward(e, onEnter)} />
      </div>
      <Btn size="small" icon={IconClock} onClick={() => onChange(momentOf(localOf(serverNow())))}>{t("ticketForm.now")}</Btn>
    </>
  );
}

function onward(e: React.KeyboardEvent, onEnter: () => void): void {
  if (e.key !== "Enter" || e.ctrlKey) return;
  e.preventDefault();
  onEnter();
}
