import { beforeEach, expect, it, vi } from "vitest";
import { get } from "@/api/client";
import { ticketEn, ticketRu } from "@/tickets/ticketWords";
import { giveEn, giveRu } from "@/words/give";
import { failure, findHandover, handovers, lasts, takeHandover, type Handover } from "./handover";

vi.mock("@/api/client", () => ({ get: vi.fn() }));

const one = (state: string, more: Partial<Handover> = {}): Handover => ({ id: "a", call_id: 7, number: "112", operator: "101", state, began_at: "2026-11-22T10:00:00Z", answered_at: null, ended_at: null, why: "", ...more });

beforeEach(() => handovers.set({}));

it("lasts from the press until it is settled", () => {
  expect(["asked", "unknown", "ringing", "talking"].every((state) => lasts(one(state)))).toBe(true);
  expect(["left", "done", "joined", "failed", "ended", "cancelled", "blind", "over"].some((state) => lasts(one(state)))).toBe(false);
});

it("tells why the resident is back, and nothing when the operator took him back himself", () => {
  expect(failure(one("failed", { why: "busy" }))).toBe("busy");
  expect(failure(one("ended"))).toBe("ended");
  expect(failure(one("cancelled"))).toBeNull();
});

it("keeps the newest attempt of a call, whatever comes late of the one before", () => {
  takeHandover(one("ringing"));
  takeHandover(one("ringing", { id: "b", began_at: "2026-11-22T10:01:00Z" }));
  takeHandover(one("failed", { why: "busy" }));
  expect(handovers.get()[7]?.id).toBe("b");
  takeHandover(one("talking", { id: "b", began_at: "2026-11-22T10:01:00Z" }));
  expect(handovers.get()[7]?.state).toBe("talking");
});

it("keeps what the line told while the call was being asked for", async () => {
  takeHandover(one("ringing"));
  let answer: (detail: unknown) => void = () => undefined;
  vi.mocked(get).mockReturnValueOnce(new Promise((done) => { answer = done; }));
  const asked = findHandover(7);
  takeHandover(one("talking"));
  answer({ handovers: [one("ringing")] });
  await asked;
  expect(handovers.get()[7]?.state).toBe("talking");
  vi.mocked(get).mockResolvedValueOnce({ handovers: [one("done")] });
  await findHandover(7);
  expect(handovers.get()[7]?.state).toBe("done");
});

it("has words for every state and every reason of the engine, in both languages", () => {
  const reasons = ["busy", "no_answer", "rejected", "unreachable", "cancelled", "not_taken"];
  const states = ["asked", "unknown", "ringing", "talking", "left", "done", "joined", "ended", "cancelled", "blind", "over"];
  for (const words of [ticketRu.handed, ticketEn.handed]) expect(Object.keys(words)).toEqual(expect.arrayContaining([...states, ...reasons]));
  for (const words of [giveRu.failed, giveEn.failed]) expect(Object.keys(words)).toEqual(expect.arrayContaining([...reasons, "ended"]));
});
