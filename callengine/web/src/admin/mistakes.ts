// What the engine says of a wrong row, in the reader's words where we have them; else as the engine says it. Pure.

type Say = (key: string, about?: Record<string, unknown>) => string;

const KNOWN: [RegExp, string, string[]][] = [
  [/^(\w+) is empty/, "empty", ["field"]],
  [/^parent '(.*)' is no group$/, "parent", ["text"]],
  [/^(?:.*: )?a loop: (.*)$/, "loop", ["text"]],
  [/^the same as row (\d+): (.*)$/, "twice", ["row", "text"]],
  [/^(\d+) cells, the header has (\d+)$/, "cells", ["text", "row"]],
  [/^unknown column '(.*)': not read$/, "column", ["text"]],
  [/^type '(.*)': group or entry$/, "type", ["text"]],
  [/^(\w+) '(.*)': whole minutes from/, "minutes", ["field", "text"]],
  [/^\w+ working days need the clock/, "working", []],
  [/^urgency '(.*)': one of/, "urgency", ["text"]],
  [/^organisation_kind '(.*)': one of/, "kind", ["text"]],
  [/^clock '(.*)': 24x7/, "clock", ["text"]],
  [/^(\w+) '(.*)': yes or no$/, "yes", ["field", "text"]],
  [/^code '(.*)': letters/, "code", ["text"]],
  [/^transfer_to '(.*)': a number/, "number", ["text"]],
  [/^a quote is never closed$/, "quote", []],
  [/^questions_en has (\d+) questions, questions_ru (\d+)/, "english", ["text", "row"]],
  [/^question '?(.*?)'?:? ?\[(.*)\] is no type/, "questionType", ["text", "row"]],
  [/^(\w+) is longer than (\d+) characters$/, "long", ["field", "row"]],
];

export function mistakeWords(reason: string, t: Say): string {
  for (const [shape, key, names] of KNOWN) {
    const found = shape.exec(reason);
    if (!found) continue;
    const about = Object.fromEntries(names.map((name, i) => [name, found[i + 1]]));
    if (about.field) about.field = t(`classifier.field.${about.field}`, { defaultValue: about.field });
    return t(`classifier.mistake.${key}`, about);
  }
  return reason;
}
