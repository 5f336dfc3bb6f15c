// What the engine says of a reading, in the reader's words; a month and what is written in it. Pure.

import type { MeterReading } from "@/api/types";

export const METER_KINDS = ["cold_water", "hot_water", "heat", "gas", "electricity", "electricity_day", "electricity_night"] as const;

type Say = (key: string, values?: Record<string, unknown>) => string;

// directory/meters.py, directory/metering.py
const KNOWN: [RegExp, string][] = [
  [/^below the last reading, (?<value>\S+)$/, "below"], [/^more than it can be: at most (?<value>\S+)$/, "above"], [/^that month has not begun$/, "ahead"],
  [/^as it stands on the meter/, "serial"], [/^another meter hangs there/, "another"], [/^a meter of this kind and serial number hangs there already$/, "twin"], [/^say which flat$/, "flat"],
];

export function meterWords(detail: string, t: Say): string {
  for (const [shape, word] of KNOWN) {
    const found = shape.exec(detail);
    if (found) return t(`directory.meters.mistake.${word}`, found.groups);
  }
  return detail;
}

/** What holds for a month is the newest of it; the engine gives the newest first. */
export const holdsFor = (readings: MeterReading[], period: string): MeterReading | undefined => readings.find((r) => r.period === period);

/** Readings that a later one of the same month took the place of. */
export function corrected(readings: MeterReading[]): Set<number> {
  const seen = new Set<string>();
  return new Set(readings.filter((r) => (seen.has(r.period) ? true : (seen.add(r.period), false))).map((r) => r.id));
}

/** What is wrong by field, in the reader's words: what the engine says of a shape it says in English alone. */
export function mistakes(errors: { pointer?: unknown; detail?: unknown }[], t: Say): Record<string, string> {
  return Object.fromEntries(errors.map((one) => {
    const field = String(one.pointer ?? "").replace(/^#?\//, ""), detail = String(one.detail ?? "");
    const told = meterWords(detail, t);
    return [field, told === detail ? t(`directory.meters.wrong.${field}`, { defaultValue: detail }) : told];
  }));
}
