// Every word of the pages is asked for by some page: one that nobody says is taken out.

import ts from "typescript";
import { expect, it } from "vitest";
import { en } from "./en";
import { ru } from "./ru";

const sources = import.meta.glob<string>(["../**/*.{ts,tsx}", "!../**/*.test.*", "!../**/*[wW]ords.ts", "!./*"], { query: "?raw", import: "default", eager: true });
const escaped = (text: string) => text.replace(/[.+*?^${}()|[\]\\]/g, "\\$&");

// Their names are the engine's own codes: no page writes them.
const CODES = new Set(["error.", "outcome.", "ticket.what."]);

/** Every text that stands in the sources, and every template, a hole of it being one part of a key. */
function said(): { texts: Set<string>; templates: RegExp[] } {
  const texts = new Set<string>();
  const templates = new Map<string, RegExp>();
  const look = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node)) texts.add(node.text);
    if (ts.isTemplateExpression(node) && /^[a-z]\w*\./i.test(node.head.text)) {
      const parts = [node.head.text, ...node.templateSpans.map((span) => span.literal.text)].map(escaped);
      templates.set(parts.join("*"), new RegExp(`^${parts.join("([^.]*)")}$`));
    }
    ts.forEachChild(node, look);
  };
  for (const [path, text] of Object.entries(sources)) look(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, false, path.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS));
  return { texts, templates: [...templates.values()] };
}

type Words = { [key: string]: string | Words };

function unsaid(words: Words, { texts, templates }: ReturnType<typeof said>, at = ""): string[] {
  const whole = (name: string) => texts.has(at + name) || texts.has(at + plain(name));
  // Where some words are named one by one, a hole that could stand for any of them stands only for what is written somewhere.
  const mixed = Object.keys(words).some(whole);
  const filled = (name: string) => [name, plain(name)].some((one) => templates.some((template) => {
    const found = template.exec(at + one);
    return found && (!mixed || CODES.has(at) || found.slice(1).every((hole) => texts.has(hole)));
  }));
  return Object.entries(words).flatMap(([name, word]) => (typeof word !== "string" ? unsaid(word, { texts, templates }, `${at}${name}.`) : whole(name) || filled(name) ? [] : [at + name]));
}

const plain = (name: string) => name.replace(/_(one|few|many|other)$/, "");

it("asks for every word", { timeout: 60_000 }, () => {
  const spoken = said();
  expect(unsaid(ru as unknown as Words, spoken)).toEqual([]);
  expect(unsaid(en as unknown as Words, spoken)).toEqual([]);
});

it("finds a word that nobody says", () => {
  const spoken = { texts: new Set(["list.more", "day", "night"]), templates: [/^list\.([^.]*)$/, /^state\.([^.]*)$/] };
  expect(unsaid({ list: { more: "", day: "", dusk: "" }, state: { any: "" }, old: { one_few: "" } }, spoken)).toEqual(["list.dusk", "old.one_few"]);
});
