import { expect, it } from "vitest";
import { answerKind } from "./questions";

const kind = (q: string) => answerKind(q, "да", "нет", "не знает");

it("offers the answers that the question lists", () => {
  expect(kind("Интенсивность: капает, струя, фонтан?")).toEqual({ kind: "choice", options: ["капает", "струя", "фонтан", "не знает"] });
  expect(kind("Капает или льётся?")).toEqual({ kind: "choice", options: ["капает", "льётся", "не знает"] });
});

it("asks yes or no where the question does", () => {
  expect(kind("Перекрыт ли кран (вентиль) на вводе?")).toEqual({ kind: "choice", options: ["да", "нет", "не знает"] });
  expect(kind("Топит ли соседей снизу?")).toEqual({ kind: "choice", options: ["да", "нет", "не знает"] });
});

it("takes words where two things are asked at once", () => {
  expect(kind("Открыт ли доступ в подвал, у кого ключ?").kind).toBe("text");
  expect(kind("Какой уровень воды, есть ли электрощит рядом?").kind).toBe("text");
  expect(kind("Кто откроет квартиру?").kind).toBe("text");
});

it("takes a number with its unit", () => {
  expect(kind("Какая температура в комнате?")).toEqual({ kind: "number", unit: "°C" });
});

it("reads English questions alike", () => {
  const english = (q: string) => answerKind(q, "yes", "no", "does not know");
  expect(english("Is there any smell of gas?")).toEqual({ kind: "choice", options: ["yes", "no", "does not know"] });
  expect(english("Dripping or running?")).toEqual({ kind: "choice", options: ["dripping", "running", "does not know"] });
  expect(english("How strong: dripping, a stream, a jet?")).toEqual({ kind: "choice", options: ["dripping", "a stream", "a jet", "does not know"] });
  expect(english("What is the temperature in the room?")).toEqual({ kind: "number", unit: "°C" });
  expect(english("Is the basement open, who has the key?").kind).toBe("text");
  expect(english("Do not try to get out by yourselves").kind).toBe("text");
});
