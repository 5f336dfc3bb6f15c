// A value outside React that components can read: set is synchronous, so what arrives is painted in the next frame.

import { useSyncExternalStore } from "react";

export class Store<T> {
  private readonly watchers = new Set<() => void>();
  constructor(private value: T) {}

  get = (): T => this.value;

  set(next: T | ((old: T) => T)): void {
    const value = typeof next === "function" ? (next as (old: T) => T)(this.value) : next;
    if (Object.is(value, this.value)) return;
    this.value = value;
    this.watchers.forEach((w) => w());
  }

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  /** A part of the value, or what follows from it (a plain value): renders only when that changes. */
  pick<R extends string | number | boolean | null | undefined>(of: (value: T) => R): R {
    return useSyncExternalStore(this.watch, () => of(this.value));
  }

  use(): T {
    return useSyncExternalStore(this.watch, this.get);
  }
}
