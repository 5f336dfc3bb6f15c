import { describe, expect, test } from "vitest";
import { minutesOf, termText, type Units } from "./terms";

const RU: Units = { min: "мин", h: "ч", d: "сут", wd: "раб. дн." };
const EN: Units = { min: "min", h: "h", d: "d", wd: "working d" };

describe("a term as people write it", () => {
  test.each([["", null], ["4320", 4320], ["3 сут", 4320], ["3 суток", 4320], ["2 ч", 120], ["30 мин.", 30], ["1 ч 30 мин", 90], ["1,5 часа", 90], ["3 days", 4320], ["10 раб. дн.", 14400], ["сутки", 1440]])("%s", (text, minutes) => {
    expect(minutesOf(text)).toBe(minutes);
  });
  test.each(["немедленно", "-5", "0", "3 попугая", "99999999", "1.333 ч", "2 часа ночи"])("%s is refused", (text) => {
    expect(minutesOf(text)).toBeNaN();
  });
  test("what is shown is read back", () => {
    for (const minutes of [1, 30, 59, 60, 90, 240, 1440, 4320, 14400, 20160])
      for (const units of [RU, EN]) for (const clock of ["24x7", "work", "workdays"]) expect(minutesOf(termText(minutes, clock, units))).toBe(minutes);
  });
});
