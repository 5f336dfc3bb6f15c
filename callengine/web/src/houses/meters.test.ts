import i18next from "i18next";
import { beforeAll, expect, it } from "vitest";
import type { MeterReading } from "@/api/types";
import { directoryRu } from "@/words/directory.ru";
import { corrected, holdsFor, meterWords } from "./meters";

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
