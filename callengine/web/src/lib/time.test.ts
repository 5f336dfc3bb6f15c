import { describe, expect, it } from "vitest";
import { clock, clockAt, countdown, dayOf, localOf, midnight, momentOf, shiftDay, span, speakTime } from "./time";

describe("time", () => {
  speakTime("Europe/Moscow", "ru");

  it("counts down, and past the deadline with a true minus", () => {
    expect(countdown(47_000, 0)).toBe("0:47");
    expect(countdown(0, 72_000)).toBe("−1:12");
    expect(countdown(0, 3 * 86_400_000)).toMatch(/^−3/);
  });

  it("writes lengths as a clock and in words", () => {
    expect(clock(134)).toBe("2:14");
    expect(clock(3761)).toBe("1:02:41");
    expect(span(4320)).toBe("1 ч 12 мин");
    expect(span(18 * 3600)).toBe("18 ч");
  });

  it("knows when a day begins in the zone of the organisation", () => {
    expect(new Date(midnight("2026-11-21", "Europe/Moscow")).toISOString()).toBe("2026-11-20T21:00:00.000Z");
    expect(dayOf("2026-11-20T21:30:00Z")).toBe("2026-11-21");
    expect(shiftDay("2026-03-01", -1)).toBe("2026-02-28");
  });
});

it("takes a day and a time of the field for the zone's own", () => {
  expect(momentOf("2026-11-22T08:30", "Europe/Moscow")).toBe("2026-11-22T08:30:00+03:00");
  expect(momentOf("2026-07-01T08:30", "America/St_Johns")).toBe("2026-07-01T08:30:00-02:30");
  expect(localOf("2026-11-22T05:30:20Z", "Europe/Moscow")).toBe("2026-11-22T08:30");
  expect(momentOf("", "Europe/Moscow")).toBe("");
});

it("takes the first of the hour that comes twice, and goes over the hour that never comes", () => {
  expect(momentOf("2026-10-25T02:30", "Europe/Berlin")).toBe("2026-10-25T02:30:00+02:00");
  expect(momentOf("2026-10-25T03:30", "Europe/Berlin")).toBe("2026-10-25T03:30:00+01:00");
  expect(momentOf("2026-03-29T02:30", "Europe/Berlin")).toBe("2026-03-29T03:30:00+02:00");
});

it("takes a time of a day by the clocks, on the days they are changed too", () => {
  expect(clockAt("2026-11-22", "09:00", "Europe/Moscow")).toBe(Date.parse("2026-11-22T06:00:00Z"));
  expect(clockAt("2026-03-29", "09:00", "Europe/Berlin")).toBe(Date.parse("2026-03-29T07:00:00Z"));
  expect(clockAt("2026-10-25", "09:00", "Europe/Berlin")).toBe(Date.parse("2026-10-25T08:00:00Z"));
});
