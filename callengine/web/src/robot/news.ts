// How campaigns stand, as the live line tells it: what was fetched is changed in place, and asked for again only where a message cannot say it.
// Polling goes on only while the line is down; beside it once a minute, as every list here, for what another engine of the same database did.

import { useEffect } from "react";
import type { InfiniteData, QueryKey } from "@tanstack/react-query";
import { live } from "@/api/live";
import type { Campaign, CampaignMessage, CampaignResults, Page } from "@/api/types";
import { queries } from "@/session";
import { listWith, withNews } from "./withNews";

export const SELDOM = 60_000;

/** Milliseconds between two questions: `ms` while nothing is told live. */
export function usePolling(ms: number): number {
  return live.link.pick((link) => link.state === "up") ? SELDOM : ms;
}

const pending = new Set<string>();

/** Asks again at most once in `ms`, however many messages want it. */
function soon(queryKey: QueryKey, ms: number): void {
  const name = JSON.stringify(queryKey);
  if (pending.has(name)) return;
  pending.add(name);
  setTimeout(() => {
    pending.delete(name);
    void queries.invalidateQueries({ queryKey });
  }, ms);
}

/** An answer that is on its way may be older than the news: it is asked for once more when it is there. */
function afterwards(queryKey: QueryKey): void {
  for (const one of queries.getQueryCache().findAll({ queryKey })) {
    if (one.state.fetchStatus === "fetching") void one.promise?.catch(() => undefined).then(() => queries.invalidateQueries({ queryKey: one.queryKey, exact: true }));
  }
}

const ANSWERED = new Set<string>(["survey", "meter"]); // their results have more than counts

function take(news: CampaignMessage): void {
  const one: QueryKey = ["campaigns", "one", news.campaign_id];
  afterwards(["campaigns", "list"]);
  afterwards(one);
  for (const [key, list] of queries.getQueriesData<InfiniteData<Page<Campaign>>>({ queryKey: ["campaigns", "list"] })) {
    if (!list?.pages) continue;
    const found = listWith(list, news);
    const narrowed = (key[2] as { state?: string } | undefined)?.state;
    if (found.known) queries.setQueryData(key, found.list);
    if (!found.known || (narrowed && narrowed !== news.state)) soon(["campaigns", "list"], 1_000);
  }
  const shown = queries.getQueryData<CampaignResults>(one);
  if (shown) queries.setQueryData<CampaignResults>(one, { ...shown, campaign: withNews(shown.campaign, news) });
  if (shown && ANSWERED.has(shown.campaign.kind)) soon(one, 3_000);
  soon(["campaigns", "calls", news.campaign_id], 2_000);
  soon(["outreach", "switch"], 2_000);
}

/** For the room of the robot, while it is open. */
export function useCampaignNews(): void {
  useEffect(() => {
    const offs = [live.on<CampaignMessage>("campaign", take), live.on("robot", () => void queries.invalidateQueries({ queryKey: ["outreach", "switch"] }))];
    return () => offs.forEach((off) => off());
  }, []);
}
