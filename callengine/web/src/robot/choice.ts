// Which tickets a campaign is about, as it is typed and as the engine takes it; its spacing in minutes. Pure.

import type { CampaignPreview, House, TicketsChoice } from "@/api/types";
import { midnight, shiftDay } from "@/lib/time";

/** Everything said must hold; "" and an empty list narrow nothing. `since` and `until` are days, both included. */
export interface Chosen { classifier: string; organisation: string; district: string; houses: House[]; urgency: string[]; paid: "" | "yes" | "no"; status: string; since: string; until: string; others: boolean }

export const URGENCIES = ["life", "emergency", "urgent", "normal", "planned", "info"] as const;
/** The results after which an attempt is made again (outreach/rules.py). */
export const SPACED = ["busy", "no_answer", "rejected", "failed", "machine", "silent", "hung_up"] as const;

/** `today` is a day; the last 30 are offered. */
export const nothingChosen = (today: string): Chosen => ({ classifier: "", organisation: "", district: "", houses: [], urgency: [], paid: "", status: "", since: shiftDay(today, -30), until: today, others: false });

/** Marks wait for their tickets: when those were registered and how they stand is not asked then. */
export function choiceOf(c: Chosen, waits: boolean): TicketsChoice {
  const paid = c.paid ? { paid: c.paid === "yes" } : {};
  const narrowed = { classifier: c.classifier, organisation_id: c.organisation ? Number(c.organisation) : null, district: c.district, house_ids: c.houses.map((h) => h.id), urgency: c.urgency, ...paid };
  if (waits) return { ...narrowed, others: c.others };
  const edge = (day: string) => (day ? new Date(midnight(day)).toISOString() : null);
  return { ...narrowed, status: c.status ? [c.status] : [], since: edge(c.since), until: edge(c.until && shiftDay(c.until, 1)) };
}

/** Seconds by result, of what is typed in minutes; what is empty is as configured. */
export function spacingOf(minutes: Record<string, string>): Record<string, number> {
  return Object.fromEntries(Object.entries(minutes).filter(([, text]) => text.trim()).map(([result, text]) => [result, Math.round(Number(text.replace(",", ".")) * 60)]));
}

/** Whom the preview leaves out, by the reason, the most of them first. */
export function leftBy(preview: CampaignPreview): [why: string, numbers: string[]][] {
  const found = new Map<string, string[]>();
  for (const one of preview.left_out) found.set(one.why, [...(found.get(one.why) ?? []), one.number]);
  return [...found].sort((a, b) => b[1].length - a[1].length);
}
