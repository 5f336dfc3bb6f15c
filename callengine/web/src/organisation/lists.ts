// The lists of an organisation's room: what each asks the engine for, and how many stand in it by the load.

import type { OrganisationLoad } from "@/api/types";

export const TABS = ["accept", "free", "work", "late", "returned", "checking"] as const;
export type Tab = (typeof TABS)[number];

const STATUSES: Record<Exclude<Tab, "late">, string[]> = {
  accept: ["awaiting_acceptance"], free: ["no_executor"], work: ["executor_assigned", "in_progress"], returned: ["needs_rework"], checking: ["awaiting_centre", "awaiting_client", "conflict"],
};
export const MOST = 100;

export function query(tab: Tab, organisationId: number): Record<string, string | number> {
  const what: Record<string, string> = tab === "late" ? { overdue: "true" } : { status: STATUSES[tab].join(",") };
  // Of the declined and of what went to others later its manager still reads, but these are not his to do.
  return { ...what, organisation_id: organisationId, sort: tab === "late" ? "danger" : "due", limit: MOST };
}

/** How many stand in a list; null where the load does not tell. */
export function count(tab: Tab, load: OrganisationLoad | undefined): number | null {
  if (!load || tab === "late") return null;
  return load.lines.filter((l) => STATUSES[tab].includes(l.status)).reduce((n, l) => n + l.count, 0);
}

export interface Hands { id: number | null; name: string; assigned: number; working: number; rework: number; late: number; stalled: number }

/** What everybody holds, the idle ones too: people as they are known, lines as they were counted. */
export function hands(people: readonly { id: number; name: string }[], load: OrganisationLoad | undefined): Hands[] {
  const empty = (id: number | null, name: string): Hands => ({ id, name, assigned: 0, working: 0, rework: 0, late: 0, stalled: 0 });
  const found = new Map<number | null, Hands>(people.map((p) => [p.id, empty(p.id, p.name)]));
  for (const l of load?.lines ?? []) {
    if (l.executor_id === null && !["no_executor", "awaiting_acceptance", "needs_rework"].includes(l.status)) continue;
    const of = found.get(l.executor_id) ?? empty(l.executor_id, l.executor);
    found.set(l.executor_id, of);
    if (l.status === "in_progress") of.working += l.count;
    else if (l.status === "needs_rework") of.rework += l.count;
    else if (["executor_assigned", "no_executor", "awaiting_acceptance"].includes(l.status)) of.assigned += l.count;
    of.late += l.late;
    of.stalled += l.stalled;
  }
  return [...found.values()].sort((a, b) => Number(a.id === null) - Number(b.id === null) || people.findIndex((p) => p.id === a.id) - people.findIndex((p) => p.id === b.id));
}
