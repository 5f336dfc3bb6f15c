import { expect, test } from "vitest";
import type { MoveOffer } from "@/api/types";
import { sorted } from "./buttons";

const offer = (move: string, forbidden = ""): MoveOffer => ({ move, label: move, target: null, needs: [], forbidden, forbidden_words: forbidden });

test("the move that leads on stands first, what ends the ticket stands quietly", () => {
  const { primary, plain, quiet } = sorted("awaiting_centre", [offer("cancel"), offer("return"), offer("confirm"), offer("move")]);
  expect([primary?.move, plain.map((m) => m.move), quiet.map((m) => m.move)]).toEqual(["confirm", ["return"], ["cancel", "move"]]);
});

test("a forbidden move is never the first button", () => {
  const { primary, forbidden } = sorted("executor_assigned", [offer("start", "no_executor"), offer("assign")]);
  expect([primary, forbidden.map((m) => m.move)]).toEqual([null, ["start"]]);
});

test("a finished ticket has no first button: reopening is never one press of Enter", () => {
  expect(sorted("closed", [offer("reopen")]).primary).toBeNull();
});

test("what the ticket has nothing of is no refusal", () => {
  expect(sorted("in_progress", [offer("localise", "nothing_to_localise"), offer("close", "act_required")]).forbidden.map((m) => m.move)).toEqual(["close"]);
});
