// What is done to several duties at once: asked of the engine, told row by row, taken back where that is possible.

import { post } from "@/api/client";
import type { DutiesDone, Duty, DutyLeft } from "@/api/types";
import { phone } from "@/lib/phone";
import { queries } from "@/session";

export interface Left {
  id: number;
  number: string;
  why: string;
}

export const closeAll = (ids: number[], reason: string): Promise<DutiesDone> => done(ids, (some) => post<DutiesDone>("/callbacks/close", { ids: some, reason }));
export const reopenAll = (ids: number[]): Promise<DutiesDone> => done(ids, (some) => post<DutiesDone>("/callbacks/reopen", { ids: some }));
export const assignAll = (ids: number[], staff_id: number): Promise<DutiesDone> => done(ids, (some) => post<DutiesDone>("/callbacks/assign", { ids: some, staff_id }));

const AT_ONCE = 200; // the most that the engine takes in one request

/** In as many requests as it takes. A failure amid them is told; what was done before it stands, and the lists are read anew. */
async function done(ids: number[], ask: (some: number[]) => Promise<DutiesDone>): Promise<DutiesDone> {
  const told: DutiesDone = { items: [], refused: [] };
  try {
    for (let at = 0; at < ids.length; at += AT_ONCE) {
      const part = await ask(ids.slice(at, at + AT_ONCE));
      told.items.push(...part.items);
      told.refused.push(...part.refused);
    }
  } finally {
    void queries.invalidateQueries({ queryKey: ["duties"] });
    void queries.invalidateQueries({ queryKey: ["duty"] });
    void queries.invalidateQueries({ queryKey: ["compliance"] });
  }
  return told;
}

/** Ids of the rows that were really done. */
export function doneIds(told: DutiesDone): number[] {
  const left = new Set(told.refused.map((r) => r.id));
  return told.items.map((d) => d.id).filter((id) => !left.has(id));
}

/** The rows that were left alone, each with its number and its reason in the reader's words. */
export function leftOf(told: DutiesDone, known: Duty[], t: (key: string, values?: Record<string, unknown>) => string): Left[] {
  const all = new Map([...known, ...told.items].map((d) => [d.id, d]));
  return told.refused.map((r: DutyLeft) => {
    const state = told.items.find((d) => d.id === r.id)?.state ?? "";
    return { id: r.id, number: phone(all.get(r.id)?.number ?? "") || `№ ${r.id}`, why: t(`bulk.left.${r.why}`, { who: r.who, state: t(`bulk.state.${state}`, { defaultValue: state }), defaultValue: r.detail }) };
  });
}
