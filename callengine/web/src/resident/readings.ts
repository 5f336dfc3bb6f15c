// A reading as a resident types it: exact to a thousandth, compared without floating point. Pure.

import type { ResidentMeter } from "@/api/types";

/** "123,456" or "123.456" in thousandths; null for what is no reading. */
export function thousandths(text: string): number | null {
  const found = /^(\d{1,8})(?:[.,](\d{1,3}))?$/.exec(text.trim());
  return found ? Number(found[1]) * 1000 + Number((found[2] ?? "").padEnd(3, "0")) : null;
}

/** As people write it: no zeros at the end, a comma where the language has one. */
export function shown(value: string | number, language: string): string {
  const n = typeof value === "number" ? value : thousandths(value) ?? 0;
  const whole = Math.floor(n / 1000);
  const part = String(n % 1000).padStart(3, "0").replace(/0+$/, "");
  return part ? `${whole}${language === "ru" ? "," : "."}${part}` : String(whole);
}

export type Verdict = "none" | "low" | "high" | "doubted" | "good";

/** What the engine will say of it, so that nobody waits for an answer to a slip of the finger. */
export function verdictOf(text: string, of: ResidentMeter): Verdict {
  const told = thousandths(text);
  if (told === null) return "none";
  if (told < (thousandths(of.lowest) ?? 0)) return "low";
  if (told > (thousandths(of.highest) ?? 0)) return "high";
  return told > (thousandths(of.doubted_above) ?? 0) ? "doubted" : "good";
}

/** So much since the last month, in thousandths. */
export const since = (text: string, of: ResidentMeter): number => (thousandths(text) ?? 0) - (thousandths(of.before?.value ?? "0") ?? 0);
