import { expect, it } from "vitest";
import type { Campaign, CampaignMessage } from "@/api/types";
import { listWith, withNews } from "./withNews";

const progress = (settled: number) => ({ total: 10, settled, reached: 0, marked: 0, mark_total: 0, states: { done: settled, waiting: 10 - settled }, results: {}, marks: {} });
const campaign = (id: number): Campaign => ({
  id, kind: "outage", name: "Вода", state: "running", standing: false, danger: false, language: "ru", hours: "09-20", days: "each", zones: [], lines: 2, attempts: 3, priority: 20,
  begins_at: null, ends_at: null, created_at: "2026-11-20T08:00:00Z", created_by: "Орлова", changed_at: "2026-11-20T09:00:00Z", changed_by: "Орлова", ended_at: null,
  choice: { classifier: "", organisation_id: null, district: "", house_ids: [], urgency: [], paid: null, status: [], since: null, until: null }, spacing: {}, channels: ["call"], progress: progress(0),
} as unknown as Campaign);
const news = (more: Partial<CampaignMessage> = {}): CampaignMessage => ({ campaign_id: 2, state: "finished", changed_at: "2026-11-20T10:00:00Z", changed_by: "callengine", ended_at: "2026-11-20T10:00:00Z", progress: progress(10), ...more });

it("changes the campaign that the news are of, and no other", () => {
  const { list, known } = listWith({ pageParams: [""], pages: [{ items: [campaign(1), campaign(2)], next: null }] }, news());
  expect(known).toBe(true);
  expect(list.pages[0]!.items.map((x) => [x.id, x.state, x.progress.settled])).toEqual([[1, "running", 0], [2, "finished", 10]]);
});

it("says that a list has no such campaign yet", () => {
  expect(listWith({ pageParams: [""], pages: [{ items: [campaign(1)], next: null }] }, news()).known).toBe(false);
});

it("takes the counts of news that are older than a press of one's own, and not their state", () => {
  const paused = { ...campaign(2), state: "paused", changed_at: "2026-11-20T11:00:00Z" } as Campaign;
  expect(withNews(paused, news({ state: "running" }))).toMatchObject({ state: "paused", progress: { settled: 10 } });
});
