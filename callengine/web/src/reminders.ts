// What the engine reminded this screen of since it was opened, and the sound of it. What stands open is the engine's list.

import type { Reminder, TicketReminder } from "@/api/types";
import { Store } from "@/lib/store";

export interface News {
  key: string;
  heard: number; // the browser's clock
  of: TicketReminder;
}

export const keyOf = (r: TicketReminder) => `${r.number}/${r.about}/${r.level}`;
export const isDanger = (r: TicketReminder) => r.urgency === "life" || r.urgency === "emergency";
export const news = new Store<News[]>([]);
/** What stands may be folded to one line, out of the way of the work; the next that comes unfolds it. */
export const folded = new Store(false);

export function heard(of: TicketReminder): void {
  const key = keyOf(of);
  news.set((old) => [{ key, heard: Date.now(), of }, ...old.filter((x) => x.key !== key)].slice(0, 200));
  folded.set(false);
  const wanted = sound.get();
  if (wanted === "all" || (wanted === "danger" && isDanger(of))) ring();
}

/** What stands on the screen until it is taken: heard here, and still open by the list; before the list is read anew, as it was heard. */
export function standing(told: News[], open: Reminder[] | undefined, readAt: number): (TicketReminder & { id?: number })[] {
  const known = new Map((open ?? []).map((r) => [keyOf(r), r]));
  const left = told.flatMap<TicketReminder & { id?: number }>((x) => known.get(x.key) ?? (open && readAt > x.heard ? [] : x.of));
  return [...left.filter(isDanger), ...left.filter((r) => !isDanger(r))];
}

// --- the sound, a setting of this browser ------------------------------------------------------------------------

export type Sound = "none" | "danger" | "all";
const KEPT = "callengine.reminder-sound";
const kept = localStorage.getItem(KEPT);
export const sound = new Store<Sound>(kept === "none" || kept === "all" ? kept : "danger");

export function setSound(wanted: Sound): void {
  localStorage.setItem(KEPT, wanted);
  sound.set(wanted);
  if (wanted !== "none") ring(); // what it will be like; a press also gives the browser's leave to sound
}

let speaker: AudioContext | undefined;
let rang = 0;

/** Two short tones, once in two seconds however many come. Without the browser's leave it stays silent. */
function ring(): void {
  if (Date.now() - rang < 2000) return;
  rang = Date.now();
  try {
    speaker ??= new AudioContext();
    void speaker.resume().catch(() => undefined);
    [660, 880].forEach((pitch, nth) => tone(speaker!, pitch, speaker!.currentTime + nth * 0.18));
  } catch {
    // A browser without sound: the screen says it all the same.
  }
}

function tone(to: AudioContext, pitch: number, at: number): void {
  const voice = to.createOscillator(), loud = to.createGain();
  voice.frequency.value = pitch;
  loud.gain.setValueAtTime(0.12, at);
  loud.gain.exponentialRampToValueAtTime(0.001, at + 0.16);
  voice.connect(loud).connect(to.destination);
  voice.start(at);
  voice.stop(at + 0.17);
}
