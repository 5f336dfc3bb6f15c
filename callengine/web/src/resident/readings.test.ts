import { expect, it } from "vitest";
import type { ResidentMeter } from "@/api/types";
import { shown, since, thousandths, verdictOf } from "./readings";

const meter = { lowest: "120.5", doubted_above: "170.5", highest: "99999.999", before: { period: "2026-10", value: "120.5", at: "2026-10-20T08:00:00Z", flag: "" } } as ResidentMeter;

it("reads what people type, and nothing else", () => {
  expect(["131", " 131,25", "131.250", "0,001"].map(thousandths)).toEqual([131_000, 131_250, 131_250, 1]);
  expect(["", "1,2345", "-1", "1e3", "123456789", "1,2,3"].map(thousandths)).toEqual([null, null, null, null, null, null]);
});

it("shows it without zeros, with the comma of the language", () => {
  expect([shown("131.250", "ru"), shown("131.25", "en"), shown(10_750, "ru"), shown("120", "ru")]).toEqual(["131,25", "131.25", "10,75", "120"]);
});

it("knows what the engine will say", () => {
  expect(["", "120,4", "100000", "170,501", "170,5", "120,5"].map((text) => verdictOf(text, meter))).toEqual(["none", "low", "high", "doubted", "good", "good"]);
  expect(since("131,25", meter)).toBe(10_750);
});
