import { expect, test } from "vitest";
import type { OrganisationLoad } from "@/api/types";
import { count, hands, query } from "./lists";

const line = (executor_id: number | null, executor: string, status: string, n: number, late = 0) => ({ executor_id, executor, status, count: n, late, stalled: 0 });
const load: OrganisationLoad = { open: 9, late: 1, stalled: 0, lines: [line(null, "", "awaiting_acceptance", 2), line(5, "Громов", "executor_assigned", 3), line(5, "Громов", "in_progress", 1, 1), line(8, "Ушедший", "needs_rework", 1), line(5, "Громов", "awaiting_centre", 2)] };

test("a list is counted by its statuses, and asked for its own organisation alone", () => {
  expect([count("accept", load), count("work", load), count("checking", load), count("late", load)]).toEqual([2, 4, 2, null]);
  expect(query("work", 3)).toEqual({ status: "executor_assigned,in_progress", organisation_id: 3, sort: "due", limit: 100 });
});

test("everybody has a line, the idle one and the one who left with a ticket in hand; what nobody holds stands last", () => {
  const found = hands([{ id: 7, name: "Фомин" }, { id: 5, name: "Громов" }], load);
  expect(found.map((h) => [h.name, h.assigned, h.working, h.rework, h.late])).toEqual([["Ушедший", 0, 0, 1, 0], ["Фомин", 0, 0, 0, 0], ["Громов", 3, 1, 0, 1], ["", 2, 0, 0, 0]]);
});
