// A survey as one writes it, questions with their answers, and as the engine walks it: steps and keys. Pure.

import type { Script, SurveyQuestion } from "@/api/types";

export interface Answer { label: string; to: string }
export interface Question { text: string; answers: Answer[] }
/** Where an answer leads: "" to the next question, "end", or the number of a question from 1. */
export const TO_END = "end";
// 8, 9 and 0 are the same in every dialogue: not me, never call me, an operator.
export const MOST_ANSWERS = 7;
export const MOST_QUESTIONS = 12;
const MOST_TITLE = 80;

export interface Phrases { begin: string; thanks: string; bye: string; operator: string; sorry: string; never: string; wrong: string; press: (label: string, key: number) => string }

/** Without one question: answers that led behind it lead to the same ones as before, those that led to it to the next. */
export function without(questions: Question[], n: number): Question[] {
  const moved = (to: string) => (/^\d+$/.test(to) && Number(to) > n ? (Number(to) === n + 1 ? "" : String(Number(to) - 1)) : to);
  return questions.filter((_, i) => i !== n).map((q) => ({ ...q, answers: q.answers.map((a) => ({ ...a, to: moved(a.to) })) }));
}

/** One question at another place: ways keep to the questions that they led to, and "" goes on to whichever comes next. */
export function moved(questions: Question[], from: number, to: number): Question[] {
  if (from === to || to < 0 || to >= questions.length) return questions;
  const order = questions.map((_, i) => i);
  order.splice(to, 0, ...order.splice(from, 1));
  const place = (way: string) => (/^\d+$/.test(way) ? String(order.indexOf(Number(way) - 1) + 1) : way);
  return order.map((i) => ({ ...questions[i]!, answers: questions[i]!.answers.map((a) => ({ ...a, to: place(a.to) })) }));
}

/** Where an answer of a question leads: its place from 0, or null for the goodbye. */
const leads = (n: number, to: string, count: number): number | null => (to === TO_END || (to === "" && n + 1 >= count) ? null : to === "" ? n + 1 : Number(to) - 1);

export type WrongWay = { n: number; key?: number; what: "unreached" | "loop" };

/** What the engine will refuse (outreach/surveys.py): a question that no answer leads to, a way that comes back; from 1. */
export function wrongWays(questions: Question[]): WrongWay[] {
  const out = questions.map((q, n) => q.answers.map((a) => leads(n, a.to, questions.length)));
  const reach = (start: number) => {
    const seen = new Set([start]);
    for (const at of seen) for (const to of out[at] ?? []) if (to !== null && to < questions.length) seen.add(to);
    return seen;
  };
  const reached = reach(0);
  return questions.flatMap((_, n): WrongWay[] => [
    ...(reached.has(n) ? [] : [{ n: n + 1, what: "unreached" as const }]),
    ...out[n]!.flatMap((to, k): WrongWay[] => (to !== null && reach(to).has(n) ? [{ n: n + 1, key: k + 1, what: "loop" }] : [])),
  ]);
}

interface RawStep { kind: string; say: Record<string, string>; title?: Record<string, string>; result?: string; silent?: string; keys?: Record<string, { next: string; result?: string; label?: Record<string, string> }> }

/** The dialogue as the picture and the walk want it, before the engine has seen it; `names` are those of the steps that nobody wrote. */
export function scriptOf(dialogue: Record<string, unknown>, names: Record<string, Record<string, string>> = {}): Script {
  const raw = dialogue as unknown as { start: string; title: Record<string, string>; fields: string[]; languages: string[]; told: Script["told"]; steps: Record<string, RawStep> };
  return {
    kind: "survey", title: raw.title, fields: raw.fields, languages: raw.languages, told: raw.told, options: {}, changed_at: null, changed_by: "",
    nodes: Object.entries(raw.steps).map(([id, s]) => ({ id, kind: s.kind, say: s.say, result: s.result ?? "", start: id === raw.start, own: [], title: Object.values(s.title ?? {}).some(Boolean) ? s.title! : names[id] ?? {} })),
    edges: Object.entries(raw.steps).flatMap(([source, s]) => [
      ...Object.entries(s.keys ?? {}).map(([key, c]) => ({ source, target: c.next, key, label: c.label ?? {}, result: c.result ?? "" })),
      ...(s.silent ? [{ source, target: s.silent, key: "silent", label: {}, result: "" }] : []),
    ]),
  };
}

/** As the engine keeps it: the key of an answer is its place. */
export const keptOf = (questions: Question[]): SurveyQuestion[] => questions.map((q) => ({ text: q.text.trim(), answers: q.answers.map((a, k) => ({ key: String(k + 1), label: a.label.trim(), to: a.to })) }));

export const questionsOf = (kept: SurveyQuestion[]): Question[] => kept.map((q) => ({ text: q.text, answers: [...q.answers].sort((a, b) => a.key.localeCompare(b.key)).map((a) => ({ label: a.label, to: a.to ?? "" })) }));

/** What is not written yet: the number of the question, and of its answer when that is what lacks; both from 1. */
export function unwritten(questions: Question[]): { n: number; key?: number }[] {
  return questions.flatMap((q, i) => [...(q.text.trim() ? [] : [{ n: i + 1 }]), ...q.answers.flatMap((a, k) => (a.label.trim() ? [] : [{ n: i + 1, key: k + 1 }]))]);
}

export function dialogueOf(language: string, title: string, intro: string, questions: Question[], say: Phrases): Record<string, unknown> {
  const words = (text: string) => ({ [language]: text });
  const all = { "0": { next: "operator", result: "to_operator" }, "8": { next: "not_me", result: "not_me" }, "9": { next: "never", result: "never_again" } };
  const step = (n: number) => (n < questions.length ? `q${n + 1}` : "bye");
  const next = (n: number, to: string) => (to === "" ? step(n + 1) : to === TO_END ? "bye" : step(Number(to) - 1));
  const asked = questions.map((q, n) => [`q${n + 1}`, {
    kind: "key", title: words(titled(q.text)), records: true, silent: "bye_early", say: words([q.text.trim(), ...q.answers.map((a, i) => say.press(a.label.trim(), i + 1))].join(" ")),
    keys: { ...all, ...Object.fromEntries(q.answers.map((a, i) => [String(i + 1), { next: next(n, a.to), label: words(a.label.trim()) }])) },
  }]);
  return {
    kind: "survey", start: "hello", fields: ["service"], languages: [language], title: words(title),
    told: { wrong: words(say.wrong), too_low: words(say.wrong), too_high: words(say.wrong) },
    steps: {
      hello: { kind: "key", say: words(`${intro.trim()} ${say.begin}`), keys: { ...all, "1": { next: step(0) }, "2": { next: "refused", result: "declined" } } },
      ...Object.fromEntries(asked),
      bye: { kind: "end", result: "answered", say: words(say.thanks) }, bye_early: { kind: "end", say: words(say.bye) }, refused: { kind: "end", say: words(say.bye) },
      operator: { kind: "end", then: "operator", result: "to_operator", say: words(say.operator) }, not_me: { kind: "end", say: words(say.sorry) }, never: { kind: "end", say: words(say.never) },
    },
  };
}

/** What a step is called where there is little room. */
const titled = (text: string): string => (text.trim().length > MOST_TITLE ? `${text.trim().slice(0, MOST_TITLE - 1)}…` : text.trim());

const LIKE_NUMBER = /^[+\d][\d\s()+-]{4,}$/;

/** Numbers out of pasted text or a file of columns: each cell that looks like one; of lines without any, the whole line. */
export function numbersIn(text: string): { numbers: string[]; strange: string[] } {
  const numbers = new Map<string, string>();
  const strange: string[] = [];
  for (const line of text.split(/\r?\n/)) {
    const cells = line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^["']|["']$/g, "").trim());
    const good = cells.filter((cell) => LIKE_NUMBER.test(cell) && cell.replace(/\D/g, "").length >= 5);
    good.forEach((cell) => numbers.set(cell.replace(/[^\d+]/g, ""), cell));
    if (!good.length && line.trim()) strange.push(line.trim().slice(0, 40));
  }
  return { numbers: [...numbers.values()], strange };
}
