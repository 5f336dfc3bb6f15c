// What the engine tells of the robot, as the pages want it: a dialogue's graph with its lines by where they begin and end.

import type { Script } from "@/api/types";

export const LANGUAGES = ["ru", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Texts = Partial<Record<Language, string>>;
export type Step = Script["nodes"][number];
export interface Way { from: string; to: string; key: string; label: Texts; result: string }

export const waysOf = (script: Script): Way[] => script.edges.map(({ source, target, key, label, result }) => ({ from: source, to: target, key, label, result }));
