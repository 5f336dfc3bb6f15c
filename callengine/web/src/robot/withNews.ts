// What news of a campaign change in what was fetched of it. Pure.

import type { InfiniteData } from "@tanstack/react-query";
import type { Campaign, CampaignMessage, Page } from "@/api/types";

/** The campaign as the news have it; older news than what is known change nothing of its state. */
export function withNews(x: Campaign, { campaign_id, ...news }: CampaignMessage): Campaign {
  if (x.id !== campaign_id) return x;
  return news.changed_at < x.changed_at ? { ...x, progress: news.progress } : { ...x, ...news };
}

/** A list with the news in it, and whether the campaign is there at all. */
export function listWith(list: InfiniteData<Page<Campaign>>, news: CampaignMessage): { list: InfiniteData<Page<Campaign>>; known: boolean } {
  const known = list.pages.some((page) => page.items.some((x) => x.id === news.campaign_id));
  if (!known) return { list, known };
  return { known, list: { ...list, pages: list.pages.map((page) => ({ ...page, items: page.items.map((x) => withNews(x, news)) })) } };
}
