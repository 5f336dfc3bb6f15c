// The English question of each shipped entry asks for the same kind of answer as its Russian one.

/// <reference types="vite/client" />
import { expect, it } from "vitest";
import english from "../../../data/classifier.en.csv?raw";
import russian from "../../../data/classifier.csv?raw";
import { answerKind } from "./questions";

/** RFC 4180, as far as our two files go. */
function table(file: string): Record<string, string>[] {
  const text = file.replace(/^\uFEFF/, "");
  const rows = [...text.matchAll(/(?:(?:"(?:[^"]|"")*"|[^",\r\n]*)(?:,|\r?\n|$))+?(?<=\n|$)/g)].map((m) => m[0].replace(/\r?\n$/, "")).filter(Boolean);
  const cells = (row: string) => [...row.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map((m) => m[1]!.replace(/^"|"$/g, "").replaceAll('""', '"'));
  const head = cells(rows[0]!);
  return rows.slice(1).map((row) => Object.fromEntries(cells(row).map((c, i) => [head[i] ?? "", c])));
}

const shape = (question: string, yes: string, no: string, unknown: string) => {
  const kind = answerKind(question.replace(/\s*\[[^\]]*\]\s*$/, ""), yes, no, unknown);
  if (kind.kind !== "choice") return kind.kind;
  return kind.options[0] === yes ? "yes or no" : `choice of ${kind.options.length}`;
};

it("has one kind of answer in both languages", () => {
  const other = new Map(table(english).map((row) => [row.code, row.questions!.split("|")]));
  const rows = table(russian);
  expect(rows.length).toBeGreaterThan(100);
  const different: string[] = [];
  for (const row of rows) {
    row.questions_ru!.split("|").forEach((question, i) => {
      const same = other.get(row.code)![i]!;
      const [ru, en] = [shape(question, "да", "нет", "не знает"), shape(same, "yes", "no", "does not know")];
      if (ru !== en) different.push(`${row.code}: ${question} (${ru}) / ${same} (${en})`);
    });
  }
  expect(different).toEqual([]);
});
