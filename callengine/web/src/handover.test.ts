import { beforeEach, expect, it } from "vitest";
import { failure, handovers, lasts, takeHandover, type Handover } from "./handover";

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
