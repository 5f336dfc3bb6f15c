import { expect, test } from "vitest";
import type { Ticket, TicketEvent, TicketFile } from "@/api/types";
import { entered, story, within } from "./storyItems";

const event = (what: string, minute: number, more: Partial<TicketEvent> = {}): TicketEvent => ({ at: `2026-11-22T10:${String(minute).padStart(2, "0")}:00Z`, what, author: "Акимов Р.", role: "executor", reason: "", data: {}, public: true, ...more });
const file = (id: number) => ({ id, name: `${id}.jpg` }) as TicketFile;
const ticket = (more: Partial<Ticket>) => ({ created_at: "2026-11-22T10:00:00Z", history: [], calls: [], files: [], recordings: [], ...more }) as unknown as Ticket;
const call = { id: 7, at: "2026-11-22T09:59:00Z", direction: "in", number: "+7", talk_seconds: 5, recording: { id: 3, seconds: 5, state: "ready" } };

test("the newest stands first, and of one moment what was written last", () => {
  const x = ticket({ history: [event("registered", 0), event("routed", 0), event("accept", 5, { data: { move: "accept" } })], calls: [call] });
  expect(story(x).map((i) => i.event?.what ?? i.kind)).toEqual(["accept", "routed", "registered", "call"]);
});

test("files that one person hung up together stand in one line, a removed one in none", () => {
  const added = (id: number, minute: number, author = "Акимов Р.") => event("file_added", minute, { author, data: { file_id: id } });
  const x = ticket({ files: [file(1), file(2), file(4)], history: [added(1, 1), added(2, 3), added(3, 4), added(4, 30)] });
  expect(story(x).map((i) => i.files.map((f) => f.id))).toEqual([[4], [1, 2]]);
});

test("a call that was linked stands once, with its recording", () => {
  const x = ticket({ calls: [call], recordings: [{ id: 3, seconds: 5, state: "ready" }, { id: 9, seconds: 1, state: "ready" }], history: [event("call_linked", 1, { data: { call_id: 7 } })] });
  expect(within(story(x), "calls").map((i) => i.call?.id ?? i.recording?.id)).toEqual([9, 7]);
});

test("the internal tab holds all that the resident does not see", () => {
  const x = ticket({ history: [event("comment", 1, { public: false }), event("comment", 2), event("link_given", 3, { public: false })] });
  expect(within(story(x), "internal").map((i) => i.event?.what)).toEqual(["link_given", "comment"]);
});

test("the time of a status is that of its last coming; a move that keeps it does not count", () => {
  const to = (from: string, into: string, minute: number) => event("x", minute, { data: { move: "x", from, to: into } });
  const x = ticket({ history: [event("registered", 0, { data: { status: "awaiting_acceptance" } }), to("awaiting_acceptance", "declined", 5), to("declined", "awaiting_acceptance", 9), to("awaiting_acceptance", "awaiting_acceptance", 12)] });
  expect(entered(x)).toEqual({ awaiting_acceptance: "2026-11-22T10:09:00Z", declined: "2026-11-22T10:05:00Z" });
});

test("a call of the robot and what it came to stand in one line", () => {
  const x = ticket({ calls: [call], history: [event("robot_call", 3, { data: { call_id: 7, result: "marked", mark: 2 } }), event("robot_call", 9, { data: { call_id: null, result: "busy" } })] });
  expect(story(x).map((i) => [i.kind, i.event?.data.result])).toEqual([["other", "busy"], ["call", "marked"]]);
});
