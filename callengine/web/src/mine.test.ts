import { describe, expect, it } from "vitest";
import type { CallerCard } from "./api/types";
import { step, type Mine, type Told } from "./mine";

const card: CallerCard = { number: "+79074121806", number_kind: "e164", candidates: [], incidents: [], open_tickets: [], last_calls: [], calls_in_year: 0 };
const call = (changes: Partial<Told> = {}): Told => ({
  id: 1, pbx: "main", linkedid: "1.1", direction: "inbound", number: "+79074121806", number_kind: "e164", name: "", did: "115", queue: "desk",
  state: "offered", outcome: null, missed: null, arrived_at: "2026-11-21T19:46:00Z", queued_at: null, offered_at: "2026-11-21T19:46:30Z",
  answered_at: null, ended_at: null, operator: "", operator_name: "", wait_seconds: null, talk_seconds: 0, held_seconds: 0, robot: false,
  source: "events", recording: null, ticket_numbers: [], duty: null, people: [], ...changes,
});
const now = Date.parse("2026-11-21T19:46:37Z");
const after = (...told: Told[]): Mine | null => told.reduce<Mine | null>((m, c) => step(m, c, "101", now).mine, null);

describe("my call", () => {
  it("rings at once with the card that the offer carries", () => {
    const mine = after(call({ fact: "offered", card }));
    expect(mine?.phase).toBe("ringing");
    expect(mine?.card).toBe(card);
  });

  it("is not mine when it rings at another phone", () => {
    expect(after(call({ fact: "offered" }))).toBeNull();
  });

  it("goes from ringing to talking, hold, talking and after", () => {
    const talk = { state: "talking", operator: "101", answered_at: "2026-11-21T19:46:37Z" };
    const offer = call({ fact: "offered", card });
    expect(after(offer, call(talk))?.phase).toBe("talking");
    expect(after(offer, call(talk), call({ ...talk, state: "held" }))?.phase).toBe("hold");
    expect(after(offer, call(talk), call({ ...talk, state: "held" }), call(talk))?.phase).toBe("talking");
    expect(after(offer, call(talk), call({ ...talk, state: "ended", ended_at: "2026-11-21T19:50:00Z" }))?.phase).toBe("after");
  });

  it("leaves when another operator answers, or the caller gives up", () => {
    const offer = call({ fact: "offered", card });
    expect(after(offer, call({ state: "talking", operator: "102" }))).toBeNull();
    expect(after(offer, call({ state: "ended", outcome: "missed" }))).toBeNull();
    expect(after(offer, call({ state: "queued" }))).toBeNull();
  });

  it("asks for the offers when a message leaves it open whether my phone still rings", () => {
    const ringing = step(null, call({ fact: "offered", card }), "101", now).mine;
    expect(step(ringing, call({ fact: "offer_ended" }), "101", now).ask).toBe(true);
    expect(step(ringing, call({ offers: [{ operator: "101", began_at: "", ended_at: "x", result: "no_answer" }] }), "101", now).mine).toBeNull();
  });

  it("keeps the talk when another call is told", () => {
    const talk = after(call({ state: "talking", operator: "101" }));
    expect(step(talk, call({ id: 2, fact: "offered", card }), "101", now).mine?.call.id).toBe(1);
  });
});
