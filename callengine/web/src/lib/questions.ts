// A question of the classifier -> the kind of answer that it asks for. Pure.

export type AnswerKind = { kind: "text" } | { kind: "number"; unit: string } | { kind: "choice"; options: string[] };

const YES_NO = new RegExp(
  [
    "(^|\\s)ли(\\s|$|,)", "^(во всём|весь) дом", "^первый этаж", "^только (хол|гор|ваш)", "^этаж последний", "^фото", "^крышка на месте", "^прибор выключен", "^печь погашена", "^обесточено", "^огорожено", "^проветрили", "^проветриваете",
    "^дверь заблокирована", "^слабый напор и", "^у соседей .*так же", "^машины/дети", "^замок сломан", "^пятно растёт", "^соседи сверху дома", "^тяга обратная", "^двери закрываются", "^запах гари", "^проверили", "^измеряли", "^кто-то", "^угрожает", "^угроза жизни", "^продолжается", "^согласны", "^хотите", "(виден|включён)$",
    "^(?!do not)(is|are|do|does|did|has|have|can|was|were)\\s", "^only the\\s", "^ground floor", "^do not .*: have\\s",
  ].join("|"),
  "i",
);
const AND_MORE = /,\s*(у кого|какой|где|когда|кто|сколько|есть ли|who|which|what|where|when|how many|is|are|has)\s/i;
const NUMBERS: [RegExp, string][] = [
  [/температура|temperature/i, "°C"],
  [/уровень воды|глубина/i, "см"],
  [/water level|depth/i, "cm"],
  [/^сколько|^how (many|long)/i, ""],
  [/^показание|^reading/i, ""],
];

/** `yes`, `no` and `unknown` are the words for them in the reader's language. */
export function answerKind(question: string, yes: string, no: string, unknown: string): AnswerKind {
  const text = question.replace(/[?.]+$/, "").trim();
  const listed = /:\s*(.+)$/.exec(text);
  if (listed?.[1]) {
    const options = listed[1].split(/,\s*/);
    if (options.length >= 2 && options.length <= 5 && options.every((o) => o.length <= 18)) return choice(options, unknown);
  }
  const either = /^(\S{2,14}) (?:или|or) (\S{2,14})$/i.exec(text);
  if (either?.[1] && either[2]) return choice([either[1].toLowerCase(), either[2]], unknown);
  // Two things asked at once need words.
  if (/,/.test(text) && !YES_NO.test(text)) return numberOrText(text);
  if (AND_MORE.test(`${text} `)) return { kind: "text" };
  if (YES_NO.test(text)) return choice([yes, no], unknown);
  return numberOrText(text);
}

function choice(options: string[], unknown: string): AnswerKind {
  return { kind: "choice", options: [...options, unknown] };
}

function numberOrText(text: string): AnswerKind {
  if (/,| и | или | and | or /.test(text)) return { kind: "text" };
  for (const [pattern, unit] of NUMBERS) if (pattern.test(text)) return { kind: "number", unit };
  return { kind: "text" };
}
