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

  use(): T {
    return useSyncExternalStore(this.watch, this.get);
  }
}
