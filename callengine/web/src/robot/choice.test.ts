import { expect, it } from "vitest";
import type { CampaignPreview } from "@/api/types";
import { choiceOf, leftBy, nothingChosen, spacingOf } from "./choice";

it("says of tickets that exist when they were registered, both days included", () => {
  const chosen = { ...nothingChosen("2026-11-22"), classifier: "HVS", organisation: "3", paid: "no" as const, status: "closed", urgency: ["life"] };
  expect(choiceOf(chosen, false)).toEqual({
    classifier: "HVS", organisation_id: 3, district: "", house_ids: [], urgency: ["life"], paid: false, status: ["closed"], since: "2026-10-22T21:00:00.000Z", until: "2026-11-22T21:00:00.000Z",
  });
});

it("says nothing of time and state where a campaign waits for its tickets", () => {
  expect(choiceOf({ ...nothingChosen("2026-11-22"), status: "closed", district: "Юг", others: true }, true)).toEqual({ classifier: "", organisation_id: null, district: "Юг", house_ids: [], urgency: [], others: true });
});

it("leaves a day that was cleared unsaid, for the engine to ask", () => {
  expect(choiceOf({ ...nothingChosen("2026-11-22"), until: "" }, false).until).toBeNull();
});

it("turns minutes into seconds and sends only what is typed", () => {
  expect(spacingOf({ busy: "10", no_answer: " ", machine: "1,5" })).toEqual({ busy: 600, machine: 90 });
});

it("groups who is left out by why, the most first", () => {
  const left_out = [{ number: "1", why: "a" }, { number: "2", why: "b" }, { number: "3", why: "b" }];
  expect(leftBy({ left_out } as CampaignPreview)).toEqual([["b", ["2", "3"]], ["a", ["1"]]]);
});
