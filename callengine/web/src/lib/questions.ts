// Questions of the classifier's script and their answers: what is kept in a draft, what is wrong with it, what is sent. Pure.

import type { Answer, ClassifierProblem, ScriptQuestion } from "@/api/types";

/** Answers as the draft keeps them, by the Russian words of the question: a yes, a choice, a number as typed, a moment in RFC 3339. */
export type Answers = Record<string, string>;

/** «Не знает» is an answer too. */
export const UNKNOWN = "unknown";

const NUMBER = /^[-−+]?\d{1,9}([.,]\d{1,6})?$/;

/** The script that an entry brings along, until the preview tells it with what the rules want to know. */
export function ownScript(entry: ClassifierProblem, language: string): ScriptQuestion[] {
  return (entry.script ?? []).map((q) => ({
    text: (language === "ru" ? q.text_ru : q.text_en) || q.text_ru, text_ru: q.text_ru, type: q.type ?? "text", unit: q.unit ?? "", required: q.required ?? false, condition: q.condition ?? "",
    choices: (language !== "ru" && q.choices_en?.length ? q.choices_en : q.choices) ?? [],
  }));
}

export function numberOf(text: string, unit = ""): number | null {
  const bare = (unit && text.trim().endsWith(unit) ? text.trim().slice(0, -unit.length) : text).trim();
  return NUMBER.test(bare) ? Number(bare.replace(",", ".").replace("−", "-")) : null;
}

/** What stands written and is no answer of the question's type. */
export function mistaken(q: ScriptQuestion, value: string | undefined): boolean {
  const text = (value ?? "").trim();
  if (!text || text === UNKNOWN) return false;
  if (q.type === "number") return numberOf(text, q.unit) === null;
  if (q.type === "moment") return Number.isNaN(Date.parse(text));
  return false;
}

export const answered = (q: ScriptQuestion, answers: Answers): boolean => Boolean(answers[q.text_ru]?.trim()) && !mistaken(q, answers[q.text_ru]);

export const owed = (script: ScriptQuestion[], answers: Answers): ScriptQuestion[] => script.filter((q) => q.required && !answered(q, answers));

export interface Told {
  answers: Answer[];
  /** What the rules are told by name: a number, yes or no, a moment. A choice they read from its answer. */
  conditions: Record<string, boolean | number | string>;
  damage_at: string | null;
}

/** The good answers as they are sent; `words` are those of the reader's language that the engine understands. */
export function told(script: ScriptQuestion[], answers: Answers, words: { yes: string; no: string; unknown: string }): Told {
  const out: Told = { answers: [], conditions: {}, damage_at: null };
  for (const q of script) {
    if (!answered(q, answers)) continue;
    const text = answers[q.text_ru]!.trim();
    const known = text !== UNKNOWN;
    out.answers.push({ question: q.text_ru, answer: known ? written(q, text, words) : words.unknown });
    if (!known || !q.condition) continue;
    if (q.condition === "damage_at") out.damage_at = text;
    else if (q.type === "number") out.conditions[q.condition] = numberOf(text, q.unit)!;
    else if (q.type === "yesno") out.conditions[q.condition] = text === "yes";
    else if (q.type === "moment") out.conditions[q.condition] = text;
  }
  return out;
}

function written(q: ScriptQuestion, text: string, words: { yes: string; no: string }): string {
  if (q.type === "yesno") return text === "yes" ? words.yes : words.no;
  return q.type === "number" && q.unit && !text.endsWith(q.unit) ? `${text} ${q.unit}` : text;
}
