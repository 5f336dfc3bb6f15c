import { beforeEach, expect, it, vi } from "vitest";
import type { Reminder, TicketReminder } from "@/api/types";

const one = (number: string, urgency = "normal", about = "fix"): TicketReminder => ({ number, about, level: 0, due_at: "2026-11-22T10:00:00Z", status: "in_progress", urgency, problem_ru: "", problem_en: "", address: "" });
const row = (of: TicketReminder, id: number): Reminder => ({ ...of, id, at: of.due_at });

beforeEach(() => {
  vi.resetModules();
  vi.stubGlobal("localStorage", { getItem: () => "none", setItem: () => undefined });
});

it("shows what was heard while it stands open, dangers first, and what nobody has read yet as it was heard", async () => {
  const { heard, news, standing } = await import("./reminders");
  const a = one("26-1"), b = one("26-2", "life"), c = one("26-3");
  [a, b, c, a].forEach(heard);
  expect(standing(news.get(), undefined, 0).map((r) => r.number)).toEqual(["26-2", "26-1", "26-3"]);
  const open = [row(a, 7), row(one("26-9"), 8)];
  expect(standing(news.get(), open, Date.now() + 1).map((r) => [r.number, r.id])).toEqual([["26-1", 7]]);
  expect(standing(news.get(), open, 0).map((r) => [r.number, r.id])).toEqual([["26-2", undefined], ["26-1", 7], ["26-3", undefined]]);
});
