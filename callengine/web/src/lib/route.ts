// Where we are: the address bar, and nothing else. What is typed and not saved is asked about before the address changes.

import { useSyncExternalStore } from "react";
import { mayLeave } from "./unsaved";

const watchers = new Set<() => void>();
const tell = () => watchers.forEach((w) => w());
let stands = location.pathname + location.search;

window.addEventListener("popstate", () => {
  const to = location.pathname + location.search;
  // The browser has moved already: who stays is put back where he was.
  if (to !== stands && !mayLeave()) return history.pushState(null, "", stands);
  stands = to;
  tell();
});

export function go(to: string, { replace = false } = {}): void {
  if (to === location.pathname + location.search || !mayLeave()) return;
  if (replace) history.replaceState(null, "", to);
  else history.pushState(null, "", to);
  stands = location.pathname + location.search;
  tell();
}

export function useRoute(): { room: string; id: string; rest: string[]; query: URLSearchParams } {
  const at = useSyncExternalStore((w) => (watchers.add(w), () => watchers.delete(w)), () => location.pathname + location.search);
  const url = new URL(at, location.origin);
  const [room = "", id = "", ...rest] = url.pathname.split("/").filter(Boolean).map(decodeURIComponent);
  return { room, id, rest, query: url.searchParams };
}

/** Follows a link in place, unless the reader wants a new tab. */
export function follow(to: string) {
  return (e: React.MouseEvent) => {
    if (e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
    e.preventDefault();
    go(to);
  };
}
