// Stretches in which nobody saw a PBX: neither events nor its own records tell what happened there.

export interface Seen {
  pbx: string;
  began_at: string;
  ended_at: string | null;
}
export interface Unseen {
  pbx: string;
  from: number;
  to: number;
}

const SHORTEST = 10_000; // milliseconds: a reconnect is no news

/** The gaps between the intervals of each PBX, oldest first. What was before the first interval is not known to be a gap. */
export function unseen(intervals: Seen[]): Unseen[] {
  const found: Unseen[] = [];
  const reach = new Map<string, number>();
  for (const one of [...intervals].sort((a, b) => a.began_at.localeCompare(b.began_at))) {
    const began = Date.parse(one.began_at);
    const before = reach.get(one.pbx);
    if (before !== undefined && began - before >= SHORTEST) found.push({ pbx: one.pbx, from: before, to: began });
    reach.set(one.pbx, Math.max(before ?? 0, one.ended_at ? Date.parse(one.ended_at) : Infinity));
  }
  return found;
}
