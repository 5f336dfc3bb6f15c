// The call that is mine now: what the docked panel shows. `step` is pure; the rest keeps and fetches.

import { get } from "@/api/client";
import type { Call, CallDetail, CallerCard, OfferView, Page, Ringing } from "@/api/types";
import { serverNow } from "@/lib/clock";
import { Store } from "@/lib/store";

export type Phase = "ringing" | "dialling" | "talking" | "hold" | "after";

export interface Mine {
  call: Call;
  phase: Phase;
  /** When this phase began, in milliseconds of the engine's clock. */
  since: number;
  card: CallerCard | null;
  cardFailed: boolean;
  /** The person whom the operator chose among the candidates; null while it is open. */
  person: number | null;
}

export interface Told extends Call {
  fact?: string;
  card?: CallerCard | null;
  offers?: OfferView[];
}

/** Said ahead of the commit: this phone of mine rings, or what was said so is taken back. Its `Told` confirms it. */
export type { Ringing };

export interface Step {
  mine: Mine | null;
  /** The message does not tell whether my phone still rings: ask for the offers. */
  ask?: boolean;
}

const PHASES: Record<string, Phase> = { talking: "talking", held: "hold", dialling: "dialling" };

/** What a message about a call makes of my call. */
export function step(mine: Mine | null, told: Told, extension: string | null, now: number): Step {
  if (!extension) return { mine };
  const same = mine?.call.id === told.id;
  if (mine && !same && (mine.phase === "talking" || mine.phase === "hold")) return { mine };
  const offeredToMe = Boolean(told.card) || ringsHere(told.offers, extension);
  if (told.state === "ended") return { mine: same ? ended(mine, told, extension, now) : mine };
  if (told.operator === extension && PHASES[told.state]) return { mine: go(mine, told, PHASES[told.state]!, now) };
  if (offeredToMe) return { mine: go(mine, told, "ringing", now) };
  if (!same || !mine) return { mine };
  if (mine.phase === "ringing") {
    if (told.offers || told.state !== "offered") return { mine: null };
    // An offer is told twice: to its operator with the card, then to everybody; the second is no news of mine.
    const twin = told.fact === "offered" && now - mine.since < 1500;
    return { mine: { ...mine, call: merge(mine.call, told) }, ask: !twin };
  }
  // Transferred: another operator has it, my part is over.
  return { mine: told.operator === extension ? { ...mine, call: merge(mine.call, told) } : ended(mine, told, extension, now) };
}

function ringsHere(offers: OfferView[] | undefined, extension: string): boolean {
  return offers?.some((o) => o.operator === extension && !o.ended_at) ?? false;
}

function merge(old: Call, told: Told): Call {
  const { fact: _fact, card: _card, ...call } = told;
  return { ...old, ...call };
}

function go(mine: Mine | null, told: Told, phase: Phase, now: number): Mine {
  const { fact: _fact, card, ...call } = told;
  const same = mine?.call.id === told.id ? mine : null;
  const known = card ?? same?.card ?? null;
  const begun = phase === "talking" ? told.answered_at : phase === "ringing" ? told.offered_at : null;
  const since = same?.phase === phase ? same.since : begun && !(same?.phase === "hold" && phase === "talking") ? Date.parse(begun) : now;
  const person = same?.person ?? (known?.candidates.length === 1 ? known.candidates[0]!.id : null);
  return { call: same ? { ...same.call, ...call } : call, phase, since: phase === "talking" && begun ? Date.parse(begun) : since, card: known, cardFailed: false, person };
}

function ended(mine: Mine | null, told: Told, extension: string, now: number): Mine | null {
  if (!mine || mine.phase === "after") return mine && { ...mine, call: merge(mine.call, told) };
  if (mine.phase === "ringing" && told.operator !== extension) return null;
  return { ...mine, call: merge(mine.call, told), phase: "after", since: told.ended_at ? Date.parse(told.ended_at) : now };
}

const sameCall = (a: { pbx: string; linkedid: string }, b: { pbx: string; linkedid: string }) => a.pbx === b.pbx && a.linkedid === b.linkedid;

/** What an early message makes of the call that is only said to ring. */
export function early(now: Ringing | null, told: Ringing, own: Mine | null): Ringing | null {
  if (!told.rings) return now && sameCall(now, told) ? null : now;
  if (own && (own.phase === "talking" || own.phase === "hold")) return now;
  return told;
}

/** A durable message takes the early one's place: it confirms it, or tells what came after. Lists that lag behind do not. */
export function settled(now: Ringing | null, told: Told, extension: string | null): Ringing | null {
  if (!now || !sameCall(now, told)) return now;
  const confirmed = Boolean(told.card) || (extension !== null && ringsHere(told.offers, extension));
  return confirmed || told.state === "ended" || told.operator === extension ? null : now;
}

export const mine = new Store<Mine | null>(null);
/** Who rings, as long as that is not durable: nothing hangs on it, and a reset of the line forgets it. */
export const ringing = new Store<Ringing | null>(null);

export function takeRinging(told: Ringing): void {
  ringing.set((now) => early(now, told, mine.get()));
}

/** How long what needs the stored call waits for it, in milliseconds. */
const DURABLE_MS = 10_000;

/** The stored call of one that was said to ring: awaited, then read anew; null when there is none. */
export async function stored(said: Ringing, extension: string | null, ms = DURABLE_MS): Promise<Call | null> {
  const found = () => {
    const own = mine.get();
    return own && sameCall(own.call, said) ? own.call : null;
  };
  await new Promise<void>((done) => {
    const look = () => {
      if (!found() && ringing.get() && sameCall(ringing.get()!, said)) return;
      clearTimeout(timer);
      offs.forEach((off) => off());
      done();
    };
    const offs = [mine.watch(look), ringing.watch(look)];
    const timer = setTimeout(() => { offs.forEach((off) => off()); done(); }, ms);
    look();
  });
  if (!found()) await findMine(extension);
  return found();
}

export function takeCall(told: Told, extension: string | null): void {
  const { mine: next, ask } = step(mine.get(), told, extension, serverNow());
  mine.set(next);
  ringing.set((now) => settled(now, told, extension));
  if (next && !next.card && !next.cardFailed && next.phase !== "after") void fetchCard(next);
  if (ask && next) void askOffers(next.call.id, extension);
}

async function askOffers(id: number, extension: string | null): Promise<void> {
  const detail = await get<CallDetail>(`/calls/${id}`).catch(() => null);
  if (detail && mine.get()?.call.id === id) takeCall(detail, extension);
}

const asked = new Set<number>();

export async function fetchCard({ call }: Mine): Promise<void> {
  if (asked.has(call.id)) return;
  asked.add(call.id);
  try {
    const card = await get<CallerCard>("/caller", { call_id: call.id });
    mine.set((m) => m && m.call.id === call.id ? { ...m, card, cardFailed: false, person: m.person ?? (card.candidates.length === 1 ? card.candidates[0]!.id : null) } : m);
  } catch {
    mine.set((m) => (m && m.call.id === call.id ? { ...m, cardFailed: true } : m));
  } finally {
    asked.delete(call.id);
  }
}

/** At the start, and after a long loss of the line: is there a call that is mine? */
export async function findMine(extension: string | null): Promise<void> {
  if (!extension) return;
  const page = await get<Page<Call>>("/calls/live").catch(() => null);
  if (!page) return;
  const now = mine.get();
  if (now && now.phase !== "after" && !page.items.some((c) => c.id === now.call.id)) await askOffers(now.call.id, extension);
  for (const call of page.items) {
    takeCall(call, extension);
    if (call.state === "offered" && call.id !== now?.call.id) {
      const detail = await get<CallDetail>(`/calls/${call.id}`).catch(() => null);
      if (detail) takeCall(detail, extension);
    }
  }
}

export function choose(person: number): void {
  mine.set((m) => m && { ...m, person });
}

export function forgetCall(): void {
  mine.set(null);
}

/** The line begins anew, or who was here has left: what was only said is said again if it still holds. */
export function forgetRinging(): void {
  ringing.set(null);
}
