import i18next from "i18next";
import { beforeAll, expect, it } from "vitest";
import type { MeterReading } from "@/api/types";
import { directoryRu } from "@/words/directory.ru";
import { corrected, holdsFor, meterWords, mistakes } from "./meters";

const words = i18next.createInstance();
beforeAll(() => words.init({ lng: "ru", resources: { ru: { translation: { directory: directoryRu } } }, interpolation: { escapeValue: false } }));

const readings = [{ id: 3, period: "2026-11", value: "140" }, { id: 2, period: "2026-11", value: "400" }, { id: 1, period: "2026-10", value: "120" }] as MeterReading[];

it("takes the newest of a month for what holds, and the others for corrected", () => {
  expect(holdsFor(readings, "2026-11")?.value).toBe("140");
  expect(holdsFor(readings, "2026-09")).toBeUndefined();
  expect([...corrected(readings)]).toEqual([2]);
});

it("words why a reading is refused, with the figure", () => {
  expect(meterWords("below the last reading, 120.5", words.t as never)).toBe("Меньше прежнего показания: 120.5");
  expect(meterWords("the moon is full", words.t as never)).toBe("the moon is full");
});

it("says each mistake of a form at its field in the reader's words, whatever the engine calls it", () => {
  const told = mistakes([
    { pointer: "#/digits", detail: "Input should be greater than or equal to 3" }, { pointer: "#/most", detail: "Input should be less than or equal to 1000000" },
    { pointer: "#/verified_until", detail: "Input should be a valid date" }, { pointer: "#/value", detail: "below the last reading, 7" }, { pointer: "#/moon", detail: "full" },
  ], words.t as never);
  expect(told).toEqual({ digits: "От 3 до 8 знаков до запятой", most: "Целое число от 1 до 1 000 000 или пусто", verified_until: "Такого дня нет", value: "Меньше прежнего показания: 7", moon: "full" });
});
