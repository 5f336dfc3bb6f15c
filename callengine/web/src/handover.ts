// The warm transfer of my call: what stands in the dock while 112 is told first. The engine's word is the only truth.

import { get } from "@/api/client";
import type { CallDetail, HandoverView } from "@/api/types";
import { Store } from "@/lib/store";

export type Handover = HandoverView;

const LASTS = new Set(["asked", "unknown", "ringing", "talking"]);
export const lasts = (one: Handover | null): boolean => one !== null && LASTS.has(one.state);

/** Why the resident is with the operator again; null when he is not, or was taken back by the operator himself. */
export function failure(one: Handover | null): string | null {
  if (one?.state === "failed") return one.why || "unreachable";
  return one?.state === "ended" ? "ended" : null;
}

/** The newest one of each call of this page's life. */
export const handovers = new Store<Readonly<Record<number, Handover>>>({});

export function takeHandover(told: Handover): void {
  handovers.set((old) => {
    const known = old[told.call_id];
    return known && known.id !== told.id && Date.parse(known.began_at) > Date.parse(told.began_at) ? old : { ...old, [told.call_id]: told };
  });
}

/** After a reload of the page, or of the line: what lasts is asked for. */
export async function findHandover(call: number): Promise<void> {
  const before = handovers.get()[call];
  const found = (await get<CallDetail>(`/calls/${call}`).catch(() => null))?.handovers?.at(-1);
  // What the live line told meanwhile is newer than this answer.
  if (found && handovers.get()[call] === before) takeHandover(found);
}
