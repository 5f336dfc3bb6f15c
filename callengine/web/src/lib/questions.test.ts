import { expect, it } from "vitest";
import type { ClassifierProblem, ScriptQuestion } from "@/api/types";
import { answered, mistaken, numberOf, owed, ownScript, told, UNKNOWN } from "./questions";

const ask = (type: ScriptQuestion["type"], part: Partial<ScriptQuestion> = {}): ScriptQuestion => ({ text: "?", text_ru: `вопрос ${type}`, type, choices: [], unit: "", required: false, condition: "", ...part });
const WARM = ask("number", { text_ru: "Сколько градусов?", unit: "°C", condition: "indoor_celsius" });
const RU = { yes: "да", no: "нет", unknown: "не знает" };

it("reads a number with its unit, a decimal comma and a true minus", () => {
  expect(numberOf("14")).toBe(14);
  expect(numberOf(" −3,5 °C", "°C")).toBe(-3.5);
  for (const wrong of ["", "тепло", "14 15", "1e3", "°C"]) expect(numberOf(wrong, "°C"), wrong).toBeNull();
});

it("calls an answer of another type a mistake, and not knowing none", () => {
  expect(mistaken(WARM, "тепло")).toBe(true);
  expect(mistaken(WARM, UNKNOWN)).toBe(false);
  expect(mistaken(WARM, undefined)).toBe(false);
  expect(mistaken(ask("moment"), "вчера")).toBe(true);
  expect(mistaken(ask("moment"), "2026-11-22T08:30:00+03:00")).toBe(false);
});

it("owes the required questions that have no good answer", () => {
  const must = { ...WARM, required: true };
  expect(owed([must, ask("text")], {})).toEqual([must]);
  expect(owed([must], { [must.text_ru]: "тепло" })).toEqual([must]);
  expect(owed([must], { [must.text_ru]: UNKNOWN })).toEqual([]);
  expect(answered(must, { [must.text_ru]: "  " })).toBe(false);
});

it("sends answers in words and tells the rules typed conditions", () => {
  const script = [WARM, ask("yesno", { text_ru: "Тупик?", condition: "dead_end_main" }), ask("moment", { text_ru: "Когда?", condition: "damage_at" }), ask("moment", { text_ru: "С какого времени?", condition: "outage_at" }), ask("choice", { text_ru: "Сезон?", condition: "season", choices: ["зима", "лето"] })];
  const at = "2026-11-22T08:30:00+03:00";
  const answers = { "Сколько градусов?": "14,5", "Тупик?": "no", "Когда?": at, "С какого времени?": at, "Сезон?": "зима", "лишний": "нет" };
  expect(told(script, answers, RU)).toEqual({
    answers: [["Сколько градусов?", "14,5 °C"], ["Тупик?", "нет"], ["Когда?", at], ["С какого времени?", at], ["Сезон?", "зима"]].map(([question, answer]) => ({ question, answer })),
    conditions: { indoor_celsius: 14.5, dead_end_main: false, outage_at: at }, damage_at: at,
  });
});

it("sends no mistake, and not knowing tells the rules nothing", () => {
  expect(told([WARM], { [WARM.text_ru]: "тепло" }, RU)).toEqual({ answers: [], conditions: {}, damage_at: null });
  expect(told([WARM], { [WARM.text_ru]: UNKNOWN }, RU)).toEqual({ answers: [{ question: WARM.text_ru, answer: "не знает" }], conditions: {}, damage_at: null });
});

it("asks in the reader's language and keeps the Russian words beside", () => {
  const entry = { script: [{ text_ru: "Как течёт?", text_en: "How?", type: "choice", choices: ["капает", "струя"], choices_en: ["drips", "runs"], unit: "", required: true, condition: "" }] } as unknown as ClassifierProblem;
  expect(ownScript(entry, "en")).toEqual([{ text: "How?", text_ru: "Как течёт?", type: "choice", choices: ["drips", "runs"], unit: "", required: true, condition: "" }]);
  expect(ownScript(entry, "ru")[0]!.choices).toEqual(["капает", "струя"]);
});
