// A question of the classifier -> the kind of answer that it asks for. Pure.

export type AnswerKind = { kind: "text" } | { kind: "number"; unit: string } | { kind: "choice"; options: string[] };

const YES_NO = /(^|\s)ли(\s|$|,)|^(во всём|весь) дом|^первый этаж|^только (хол|гор|ваш)|^этаж последний|^фото|^крышка на месте|^прибор выключен|^печь погашена|^обесточено|^огорожено|^проветрили|^проветриваете/i;
const NUMBERS: [RegExp, string][] = [
  [/температура/i, "°C"],
  [/уровень воды|глубина/i, "см"],
  [/^сколько/i, ""],
  [/^показание/i, ""],
];

/** `yes`, `no` and `unknown` are the words for them in the reader's language. */
export function answerKind(question: string, yes: string, no: string, unknown: string): AnswerKind {
  const text = question.replace(/[?.]+$/, "").trim();
  const listed = /:\s*(.+)$/.exec(text);
  if (listed?.[1]) {
    const options = listed[1].split(/,\s*/);
    if (options.length >= 2 && options.length <= 5 && options.every((o) => o.length <= 18)) return choice(options, unknown);
  }
  const either = /^(\S{2,14}) или (\S{2,14})$/i.exec(text);
  if (either?.[1] && either[2]) return choice([either[1].toLowerCase(), either[2]], unknown);
  // Two things asked at once need words.
  if (/,/.test(text) && !YES_NO.test(text)) return numberOrText(text);
  if (/,\s*(у кого|какой|где|когда|кто|сколько|есть ли)/i.test(text)) return { kind: "text" };
  if (YES_NO.test(text)) return choice([yes, no], unknown);
  return numberOrText(text);
}

function choice(options: string[], unknown: string): AnswerKind {
  return { kind: "choice", options: [...options, unknown] };
}

function numberOrText(text: string): AnswerKind {
  if (/,| и | или /.test(text)) return { kind: "text" };
  for (const [pattern, unit] of NUMBERS) if (pattern.test(text)) return { kind: "number", unit };
  return { kind: "text" };
}
