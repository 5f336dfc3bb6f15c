// What the engine tells of the robot, as the pages want it: a dialogue's graph with its lines by where they begin and end.

import type { Script } from "@/api/types";

export const LANGUAGES = ["ru", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Texts = Partial<Record<Language, string>>;
export type Step = Script["nodes"][number];
/** What a step is called, in the reader's language; one without a name by its first words, and only then by its code. */
export function nameOf(step: Step | undefined, reader: Language, id: string): string {
  const other = reader === "ru" ? "en" : "ru";
  return step?.title[reader] || step?.title[other] || id;
}

export interface Way { from: string; to: string; key: string; label: Texts; result: string }

/** As they stand on a telephone: 1 to 9, then 0, then what is no key. */
export const byKey = (a: { key: string }, b: { key: string }): number => placeOf(a.key) - placeOf(b.key);
const placeOf = (key: string): number => (/^\d$/.test(key) ? "1234567890".indexOf(key) : 10);

export const waysOf = (script: Script): Way[] => script.edges.map(({ source, target, key, label, result }) => ({ from: source, to: target, key, label, result }));
