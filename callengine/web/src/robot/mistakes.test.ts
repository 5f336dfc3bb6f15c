import i18next from "i18next";
import { beforeAll, expect, it } from "vitest";
import { robotRu } from "@/words/robot.ru";
import { inWords, mistakesOf, type Say } from "./mistakes";

const words = i18next.createInstance();
beforeAll(() => words.init({ lng: "ru", resources: { ru: { translation: { robot: robotRu } } }, interpolation: { escapeValue: false } }));
const ru = (problem: string) => inWords(problem, words.t as Say, (step) => `«${step}»`);

it("words what the engine says of a dialogue and of an attempt", () => {
  expect(ru("the text in 'ru' is missing")).toBe("Русский: слов нет");
  expect(ru("key 3 leads to 'q9', and there is no such step")).toBe("Клавиша 3 ведёт к шагу «q9», а такого шага нет");
  expect(ru("the lines are wanted by callers")).toBe("линии нужны звонящим");
});

it("leaves what nobody knows as it was said", () => {
  expect(ru("the moon is full")).toBe("the moon is full");
});

it("puts what a campaign is refused for at its fields, each in our words", () => {
  const errors = [{ pointer: "#/choice/until", detail: "after since, and at most 366 days later" }, { pointer: "#/spacing/busy", detail: "Input should be greater than or equal to 60" }, { pointer: "#/moon", detail: "is full" }];
  expect(mistakesOf({ errors }, words.t as Say)).toEqual({
    "choice/until": "Последний день — не раньше первого и не дальше 366 дней от него", "spacing/busy": "Промежуток — от 1 минуты до 14 суток", moon: "is full",
  });
});
