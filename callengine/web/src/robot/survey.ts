// A survey as one writes it, questions with their answers, and as the engine walks it: steps and keys. Pure.

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
