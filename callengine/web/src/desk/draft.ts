// The ticket that is being written: kept on this machine until it is registered.

import { newKey } from "@/api/client";
import type { ClassifierEntry, House } from "@/api/types";

export interface Draft {
  key: string;
  callId: number | null;
  personId: number | null;
  words: string;
  entry: ClassifierEntry | null;
  house: House | null;
  houseFromCard: boolean;
  premise: string;
  name: string;
  number: string;
  answers: Record<string, string>;
  text: string;
  organisationId: number | null;
  savedAt: number;
}

const place = (login: string) => `callengine.draft.${login}`;

export function emptyDraft(): Draft {
  return { key: newKey(), callId: null, personId: null, words: "", entry: null, house: null, houseFromCard: false, premise: "", name: "", number: "", answers: {}, text: "", organisationId: null, savedAt: 0 };
}

/** Nothing was written by hand: what came from the call alone is not worth keeping. */
export function isEmpty(draft: Draft): boolean {
  return !draft.words && !draft.entry && !draft.text && (!draft.house || draft.houseFromCard);
}

export function readDraft(login: string): Draft {
  try {
    const kept = JSON.parse(localStorage.getItem(place(login)) ?? "null") as Draft | null;
    return kept?.key ? { ...emptyDraft(), ...kept } : emptyDraft();
  } catch {
    return emptyDraft();
  }
}

export function keepDraft(login: string, draft: Draft): void {
  if (isEmpty(draft)) localStorage.removeItem(place(login));
  else localStorage.setItem(place(login), JSON.stringify(draft));
}

export function dropDraft(login: string): void {
  localStorage.removeItem(place(login));
}
