// The story of a ticket as lines, newest first: events of its history, with its calls and files in their places. Pure.

import type { RecordingRef, Ticket, TicketCall, TicketEvent, TicketFile } from "@/api/types";

export type Tab = "all" | "moves" | "calls" | "files" | "internal";
export interface Item {
  key: string;
  at: string;
  kind: "move" | "call" | "file" | "word" | "other";
  internal: boolean;
  event?: TicketEvent;
  call?: TicketCall;
  recording?: RecordingRef;
  files: TicketFile[];
}

const BEGINNINGS = new Set(["registered", "routed", "spoken", "unassigned"]);
const ABOUT_CALLS = new Set(["called_again", "call_linked", "recording_attached", "handed_over"]);
const ABOUT_FILES = new Set(["file_added", "file_removed", "file_restored"]);
/** Files that one person hung up within so long stand in one line. */
const TOGETHER_MS = 10 * 60_000;

export function story(x: Ticket): Item[] {
  const files = new Map(x.files.map((f) => [f.id, f]));
  const calls = new Set(x.calls.map((c) => c.id));
  const items: Item[] = [];
  x.calls.forEach((call) => items.push({ key: `c${call.id}`, at: call.at, kind: "call", internal: false, call, files: [] }));
  const known = new Set(x.calls.flatMap((c) => (c.recording ? [c.recording.id] : [])));
  x.recordings.filter((r) => !known.has(r.id)).forEach((recording) => items.push({ key: `r${recording.id}`, at: x.created_at, kind: "call", internal: false, recording, files: [] }));
  x.history.forEach((event, i) => {
    const item: Item = { key: `e${i}`, at: event.at, kind: kindOf(event), internal: !event.public, event, files: [] };
    if (event.what === "call_linked" && calls.has(Number(event.data.call_id))) return;
    if (event.what === "robot_call" && calls.has(Number(event.data.call_id))) {
      // One line for the call and for what it came to.
      const call = items.find((one) => one.call?.id === Number(event.data.call_id));
      if (call && !call.event) return void (call.event = event);
    }
    if (event.what === "file_added") {
      const file = files.get(Number(event.data.file_id));
      if (!file) return; // taken down since: its own line says so
      item.files = [file];
      const last = items.at(-1);
      if (last?.kind === "file" && last.files.length && last.event?.author === event.author && last.internal === item.internal && Date.parse(event.at) - Date.parse(last.at) <= TOGETHER_MS) return void last.files.push(file);
    }
    items.push(item);
  });
  const order = new Map(items.map((item, i) => [item, i]));
  return items.sort((a, b) => Date.parse(b.at) - Date.parse(a.at) || order.get(b)! - order.get(a)!);
}

function kindOf(event: TicketEvent): Item["kind"] {
  if (event.what === "comment") return "word";
  if (ABOUT_FILES.has(event.what)) return "file";
  if (ABOUT_CALLS.has(event.what)) return "call";
  return BEGINNINGS.has(event.what) || typeof event.data.move === "string" ? "move" : "other";
}

export function within(items: Item[], tab: Tab): Item[] {
  if (tab === "all") return items;
  if (tab === "internal") return items.filter((i) => i.internal);
  const kind = { moves: "move", calls: "call", files: "file" }[tab];
  return items.filter((i) => i.kind === kind);
}

/** When the ticket came into each status, the last time; by its history. */
export function entered(x: Ticket): Record<string, string> {
  const found: Record<string, string> = {};
  for (const e of x.history) {
    if (e.what === "registered") found[typeof e.data.status === "string" ? e.data.status : "unassigned"] = e.at;
    if (typeof e.data.to === "string" && e.data.to !== e.data.from) found[e.data.to] = e.at;
  }
  return found;
}
