// One ticking clock for the whole page, set right by the engine's own time.

import { useSyncExternalStore } from "react";

let skew = 0;
let current = Date.now();
const watchers = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;

function tick(): void {
  current = Date.now() + skew;
  watchers.forEach((w) => w());
  timer = setTimeout(tick, 1000 - (current % 1000) + 2);
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  if (timer === undefined) tick();
  return () => watchers.delete(watcher);
}

/** The engine told its time: a wrong clock of this machine must not bend a deadline. */
export function setServerTime(at: string | null): void {
  const told = at ? Date.parse(at) : NaN;
  if (Number.isNaN(told)) return;
  const difference = told - Date.now();
  if (Math.abs(difference - skew) > 1500) skew = Math.abs(difference) > 1500 ? difference : 0;
}

export const serverNow = (): number => Date.now() + skew;

/** Now, by the engine's clock; renders once a second. */
export function useNow(): number {
  return useSyncExternalStore(watch, () => current);
}
