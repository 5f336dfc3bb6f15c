import { expect, test } from "vitest";
import { classifierEn } from "@/words/classifier.en";
import { classifierRu } from "@/words/classifier.ru";
import { mistakeWords } from "./mistakes";

const at = (words: object, key: string): unknown => key.split(".").slice(1).reduce<unknown>((x, k) => (x as Record<string, unknown>)?.[k], words);
const speak = (words: object) => (key: string, about: Record<string, unknown> = {}) => String(at(words, key) ?? about.defaultValue ?? key).replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(about[name]));

test.each([
  ["problem_ru is empty", "название: пусто"],
  ["parent 'NOPE' is no group", "раздела «NOPE» нет"],
  ["a loop: A → B → A", "разделы ходят по кругу: A → B → A"],
  ["the same as row 2: HVS-91", "код HVS-91 уже занят строкой 2"],
  ["4 cells, the header has 7", "ячеек 4, а столбцов 7"],
  ["fix_minutes 'немедленно': whole minutes from 1 to 527040, or words such as «2 ч», «3 суток»", "устранить, мин: «немедленно» не понято, напишите «30 мин», «2 ч», «3 суток»"],
  ["a quote is never closed", "кавычка не закрыта"],
])("%s", (reason, russian) => {
  expect(mistakeWords(reason, speak(classifierRu))).toBe(russian);
  expect(mistakeWords(reason, speak(classifierEn))).not.toMatch(/[а-я]{3}.*classifier\./);
});

test("what we have no words for is told as the engine tells it", () => {
  expect(mistakeWords("something new", speak(classifierRu))).toBe("something new");
});
