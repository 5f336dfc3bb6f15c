import i18next from "i18next";
import { expect, it } from "vitest";
import { en } from "@/words/en";
import { ru } from "@/words/ru";
import { reasonsInWords } from "./reasons";
import type { Say } from "./mistakes";

const words = i18next.createInstance();
void words.init({ lng: "ru", resources: { ru: { translation: ru }, en: { translation: en } }, interpolation: { escapeValue: false } });
const said = (language: string, ...reasons: [string, Record<string, string>][]) => reasonsInWords(reasons.map(([code, values]) => ({ code, values })), words.getFixedT(language) as unknown as Say);

it("says a code and what it came of, in both languages", () => {
  const chain: [string, Record<string, string>][] = [["given_up", { count: "3" }], ["service_busy", { service: "sms_gateway", said: "503 later" }]];
  expect(said("ru", ...chain)).toBe("Больше не пробуем, попыток: 3: шлюз СМС занят (503 later)");
  expect(said("en", ...chain)).toBe("Given up, attempts: 3: the SMS gateway is busy (503 later)");
});

it("leaves another's words as they are, and a newer engine's code as a code", () => {
  expect(said("ru", ["", { said: "250 OK" }])).toBe("250 OK");
  expect(said("ru", ["moon_full", {}])).toBe("Moon_full");
  expect(said("ru")).toBe("");
});

it("says how a robot's call ended and which move called it off", () => {
  expect(said("ru", ["robot_call", { result: "busy" }])).toBe("Звонок робота: занято");
  expect(said("ru", ["ticket_moved", { move: "decline" }])).toBe("Заявка изменилась: Отклонена");
});
