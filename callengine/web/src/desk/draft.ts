// The ticket that is being written: kept on this machine until it is registered.

import { newKey } from "@/api/client";
import type { ClassifierProblem, House } from "@/api/types";
import type { Answers } from "@/lib/questions";
import type { Way } from "@/people/WayFields";

export interface Draft {
  key: string;
  callId: number | null;
  personId: number | null;
  words: string;
  entry: ClassifierProblem | null;
  house: House | null;
  houseFromCard: boolean;
  premise: string;
  /** No house: the place in words, and the section that it is in, when that is known. */
  elsewhere: boolean;
  place: string;
  district: string;
  name: string;
  number: string;
  /** Another telephone of the same applicant. */
  second: string;
  /** How he is told of this ticket: "" as his card says, or as usual; and where letters go. */
  notify: Way;
  email: string;
  /** The applicant names nobody: neither his name nor his number goes into the ticket. */
  anonymous: boolean;
  answers: Answers;
  text: string;
  organisationId: number | null;
  paid: boolean;
  /** The number of the ticket that this one repeats. */
  parent: string;
  /** The approved answer was read out: registered, the ticket is closed with it. */
  given: boolean;
  savedAt: number;
}

const place = (login: string) => `callengine.draft.${login}`;

export function emptyDraft(): Draft {
  return {
    key: newKey(), callId: null, personId: null, words: "", entry: null, house: null, houseFromCard: false, premise: "", elsewhere: false, place: "", district: "", name: "", number: "", second: "", notify: "", email: "", anonymous: false,
    answers: {}, text: "", organisationId: null, paid: false, parent: "", given: false, savedAt: 0,
  };
}

/** Nothing was written by hand: what came from the call alone is not worth keeping. */
export function isEmpty(draft: Draft): boolean {
  return !draft.words && !draft.entry && !draft.text && !draft.place && (!draft.house || draft.houseFromCard);
}

// As tickets/classifier.py: what the centre answers itself, or a service that is called by voice.
const SPOKEN = ["contact_centre", "emergency_112", "gas_emergency_104", "police"];

/** Whether a ticket of the matter must say where it is. */
export function ofPlace(entry: ClassifierProblem): boolean {
  return entry.urgency !== "info" && !SPOKEN.includes(entry.organisation_kind);
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
