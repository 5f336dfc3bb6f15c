// Keys, bound to the physical key so that the Russian layout works; a single key never fires while somebody types.

import { useEffect, useRef, useSyncExternalStore } from "react";

type KeyMap = Record<string, (event: KeyboardEvent) => void | false>;

interface Layer {
  map: () => KeyMap;
  modal: boolean;
}

const layers: Layer[] = [];
const OFF = "callengine.single-keys-off";
const REPEATING = /^(Arrow|Bracket)/;

/** "Ctrl+KeyK", "Shift+F3", "KeyD", "Digit1", "Enter". */
function combo(e: KeyboardEvent): string {
  const code = e.code === "NumpadEnter" ? "Enter" : e.code.replace(/^Numpad(\d)$/, "Digit$1");
  return `${e.ctrlKey || e.metaKey ? "Ctrl+" : ""}${e.altKey ? "Alt+" : ""}${e.shiftKey ? "Shift+" : ""}${code}`;
}

function single(e: KeyboardEvent): boolean {
  return !e.ctrlKey && !e.metaKey && !e.altKey && !/^F\d+$/.test(e.code) && e.code !== "Escape";
}

/** Whether somebody types there; a check-box, which keeps the focus after a click, is no such field. */
export function field(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox]), textarea, select"));
}

function presses(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("button, a[href], summary, input[type=checkbox], [role=menuitem], [role=option]") !== null;
}

/** An open menu is walked and closed by its own keys. */
function menu(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("[role=menu]") !== null;
}

function onKey(e: KeyboardEvent): void {
  if (e.isComposing || (e.repeat && !REPEATING.test(e.code))) return;
  if (menu(e.target) && (single(e) || e.code === "Escape")) return;
  if (single(e)) {
    if (field(e.target)) return;
    if ((e.code === "Enter" || e.code === "Space" || e.code === "NumpadEnter") && presses(e.target)) return;
    if (singleKeysOff() && /^(Key|Digit)/.test(e.code)) return;
  }
  const name = combo(e);
  const dialog = document.querySelector("[role=dialog]") !== null;
  for (const layer of [...layers].reverse()) {
    if (dialog && !layer.modal && name !== "F1") continue;
    const act = layer.map()[name];
    if (act && act(e) !== false) {
      e.preventDefault();
      e.stopPropagation();
      return;
    }
  }
}

window.addEventListener("keydown", onKey, true);

/** Binds keys while the component stands; the youngest binding wins; an answer of `false` passes the key on. */
export function useKeys(map: KeyMap, { modal = false, when = true }: { modal?: boolean; when?: boolean } = {}): void {
  const latest = useRef(map);
  latest.current = map;
  useEffect(() => {
    if (!when) return;
    const layer: Layer = { map: () => latest.current, modal };
    layers.push(layer);
    return () => void layers.splice(layers.indexOf(layer), 1);
  }, [modal, when]);
}

const watchers = new Set<() => void>();
const singleKeysOff = () => localStorage.getItem(OFF) === "1";

export function useSingleKeys(): [boolean, (on: boolean) => void] {
  const off = useSyncExternalStore((w) => (watchers.add(w), () => watchers.delete(w)), singleKeysOff);
  return [
    !off,
    (on) => {
      localStorage.setItem(OFF, on ? "0" : "1");
      watchers.forEach((w) => w());
    },
  ];
}
