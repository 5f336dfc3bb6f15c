import { afterEach, describe, expect, it, vi } from "vitest";
import type { CallerCard } from "./api/types";
import { early, mine, ringing, settled, step, stored, takeCall, takeRinging, type Mine, type Ringing, type Told } from "./mine";

const card: CallerCard = { number: "+79074121806", number_kind: "e164", candidates: [], incidents: [], open_tickets: [], last_calls: [], calls_in_year: 0 };
const call = (changes: Partial<Told> = {}): Told => ({
  id: 1, pbx: "main", linkedid: "1.1", direction: "inbound", number: "+79074121806", number_kind: "e164", name: "", did: "115", queue: "desk",
  state: "offered", outcome: null, missed: null, arrived_at: "2026-11-21T19:46:00Z", queued_at: null, offered_at: "2026-11-21T19:46:30Z",
  answered_at: null, ended_at: null, operator: "", operator_name: "", wait_seconds: null, talk_seconds: 0, held_seconds: 0, robot: false, recorded: false,
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

const said = (changes: Partial<Ringing> = {}): Ringing => ({ pbx: "main", linkedid: "1.1", rings: true, number: "+79074121806", number_kind: "e164", name: "", did: "115", arrived_at: "2026-11-21T19:46:00Z", people: [], ...changes });

describe("a call that is only said to ring", () => {
  afterEach(() => { mine.set(null); ringing.set(null); vi.unstubAllGlobals(); vi.useRealTimers(); });

  it("is taken back by its own message alone", () => {
    expect(early(said(), said({ linkedid: "2.2", rings: false }), null)).not.toBeNull();
    expect(early(said(), said({ pbx: "north", rings: false }), null)).not.toBeNull();
    expect(early(said(), said({ rings: false }), null)).toBeNull();
  });

  it("does not stand over a talk", () => {
    const talk = after(call({ state: "talking", operator: "101" }));
    expect(early(null, said({ linkedid: "2.2" }), talk)).toBeNull();
  });

  it("gives way to what is durable, and not to a list that lags behind", () => {
    expect(settled(said(), call({ state: "queued", fact: "queued" }), "101")).not.toBeNull();
    expect(settled(said(), call({ fact: "offered", offers: [{ operator: "102", began_at: "", ended_at: null, result: null }] }), "101")).not.toBeNull();
    expect(settled(said(), call({ linkedid: "2.2", card }), "101")).not.toBeNull();
    for (const durable of [call({ card }), call({ offers: [{ operator: "101", began_at: "", ended_at: null, result: null }] }), call({ state: "talking", operator: "101" }), call({ state: "ended" })])
      expect(settled(said(), durable, "101")).toBeNull();
  });

  it("makes no call of mine by itself, and is followed by the stored one", async () => {
    takeRinging(said());
    expect(mine.get()).toBeNull();
    const waited = stored(said(), "101");
    takeCall(call({ fact: "offered", card }), "101");
    expect(ringing.get()).toBeNull();
    expect((await waited)?.id).toBe(1);
  });

  it("is read anew when it was not told in time, and null when the store has none", async () => {
    vi.useFakeTimers();
    const asked: string[] = [];
    vi.stubGlobal("document", { documentElement: { lang: "ru" } });
    vi.stubGlobal("fetch", (url: string) => (asked.push(String(url)), Promise.resolve(new Response(JSON.stringify({ items: [], next: null }), { status: 200, headers: { "Content-Type": "application/json" } }))));
    takeRinging(said());
    const waited = stored(said(), "101", 5_000);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await waited).toBeNull();
    expect(asked.join()).toContain("/calls/live");
  });
});
