// Who is signed in, what the shift looks like, and how live messages change what was fetched.

import i18next from "i18next";
import { QueryClient, useQuery, type InfiniteData } from "@tanstack/react-query";
import { call, Failure, get, newKey, post, put } from "@/api/client";
import { live } from "@/api/live";
import type { Board, Call, Dialled, Duty, Me, Page, PbxHealth, Recording, Reminders, StaffMember, TicketReminder } from "@/api/types";
import { findHandover, takeHandover, type Handover } from "@/handover";
import { setServerTime } from "@/lib/clock";
import { phone, shortName } from "@/lib/phone";
import { endPushes, staffTaker } from "@/lib/push";
import { takeCall, takeRinging, forgetCall, forgetRinging, findMine, mine, type Ringing } from "@/mine";
import { heard, news } from "@/reminders";
import { say } from "@/ui/toasts";
import { t } from "@/words";

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      // The engine says why; only a broken link is worth a second try by itself.
      retry: (count, error) => count < 2 && error instanceof Failure && (error.status === 0 || error.status === 503),
      retryDelay: (n) => 400 * 2 ** n,
    },
  },
});

// What the engine words (questions, rules, reasons) is read anew in the other language.
i18next.on("languageChanged", () => void queries.invalidateQueries({ predicate: (q) => q.queryKey[0] !== "hints" && q.queryKey[0] !== "me" }));

export const useMe = () => useQuery({ queryKey: ["me"], queryFn: () => get<Me>("/session"), retry: false, staleTime: Infinity });

export const useBoard = () => useQuery({ queryKey: ["board"], queryFn: fetchBoard, refetchInterval: 30_000 });

async function fetchBoard(): Promise<Board> {
  const board = await get<Board>("/board");
  setServerTime(board.data_at);
  return board;
}

/** The callbacks that are owed; who is not at the desk may not read them and does not ask. */
export const useDuties = (when = true) =>
  useQuery({ enabled: when, queryKey: ["duties", "owed"], queryFn: ({ signal }) => everyDuty(signal), refetchInterval: 60_000 });

/** More than a night without anybody brings; beyond it the list says that there are more. */
const MOST_DUTIES = 5000;

/** All that is owed, page after page: the last of them is the newest, which can still be met in time. */
async function everyDuty(signal: AbortSignal): Promise<Page<Duty>> {
  const found = new Map<number, Duty>();
  let next: string | null = null;
  do {
    const page: Page<Duty> = await get<Page<Duty>>("/callbacks", { state: "owed", limit: 200, cursor: next }, signal);
    page.items.forEach((duty) => found.set(duty.id, duty)); // one that moved between two pages comes twice
    next = page.next;
  } while (next && found.size < MOST_DUTIES);
  return { items: [...found.values()].sort(byDue), next };
}

const OWED = new Set(["open", "claimed", "attempted"]);
const byDue = (a: Duty, b: Duty) => a.due_at.localeCompare(b.due_at) || a.id - b.id;

/** The duty that F9 dials: what was given to me or I took, else the most urgent that nobody holds. */
export function nextDuty(duties: Duty[], me: number | null): Duty | undefined {
  const owed = duties.filter((d) => OWED.has(d.state));
  return owed.find((d) => d.claimed_by !== null && d.claimed_by === me) ?? owed.find((d) => d.claimed_by === null);
}

/** A supervisor gave it to me: said on whatever page I am, with the call one press away. */
function tellGiven(duty: Duty, me: Me): void {
  const before = queries.getQueryData<Page<Duty>>(["duties", "owed"])?.items.find((d) => d.id === duty.id);
  const news = duty.state === "claimed" && duty.claimed_by === me.id && duty.assigned_by_name && (before?.claimed_by !== me.id || before.claimed_at !== duty.claimed_at);
  if (!news) return;
  const act = { word: t("duty.call"), run: () => void dialDuty(duty.id).catch((error: unknown) => say(error instanceof Failure ? (error.problem.detail ?? t("error.unknown")) : t("error.unknown"), { bad: true })) };
  say(t("duty.given", { number: phone(duty.number), name: shortName(duty.assigned_by_name) }), { act });
}

function putDuty(duty: Duty): void {
  // An answer that is on its way may be older than this news: it must not have the last word.
  // It is awaited and asked for again, and not cancelled: a stream of news would keep the list from ever coming.
  const awaited = queries.getQueryCache().find({ queryKey: ["duties", "owed"] });
  if (awaited?.state.fetchStatus === "fetching") void awaited.promise?.catch(() => undefined).then(() => queries.invalidateQueries({ queryKey: ["duties", "owed"] }));
  queries.setQueryData<Page<Duty>>(["duties", "owed"], (old) => {
    if (!old) return old;
    const others = old.items.filter((d) => d.id !== duty.id);
    return { ...old, items: OWED.has(duty.state) ? [...others, duty].sort(byDue) : others };
  });
}

const pending = new Map<string, ReturnType<typeof setTimeout>>();

/** Refetches at most once in `ms`, however many messages ask for it. */
function soon(key: string[], ms: number): void {
  const name = key.join("/");
  if (pending.has(name)) return;
  pending.set(name, setTimeout(() => {
    pending.delete(name);
    void queries.invalidateQueries({ queryKey: key });
  }, ms));
}

type LiveCall = Call & { fact?: string };

function patchJournal(data: LiveCall): void {
  let known = false;
  for (const [key, value] of queries.getQueriesData<InfiniteData<Page<Call>>>({ queryKey: ["calls"] })) {
    if (!value?.pages) continue;
    const pages = value.pages.map((page) => {
      const at = page.items.findIndex((c) => c.id === data.id);
      if (at < 0) return page;
      known = true;
      return { ...page, items: page.items.with(at, { ...page.items[at], ...data }) };
    });
    if (known) queries.setQueryData(key, { ...value, pages });
  }
  if (!known || data.state === "ended") soon(["calls"], 2000);
}

/** Wires the live line to the cache; returns what undoes it. */
export function listen(me: Me): () => void {
  const offs = [
    live.on<LiveCall>("call", (data) => {
      takeCall(data, me.extension);
      patchJournal(data);
      if (data.state === "ended") {
        soon(["shift"], 1500);
        soon(["totals"], 3000);
      }
    }),
    live.on<Handover>("handover", takeHandover),
    live.on<Ringing>("ringing", takeRinging),
    live.on<Duty>("duty", (duty) => {
      tellGiven(duty, me);
      putDuty(duty);
      soon(["duties", "withheld"], 2000);
      soon(["compliance"], 3000);
      soon(["shift"], 1500);
    }),
    live.on<StaffMember>("state", (staff) => {
      if (staff.id !== me.id) return;
      queries.setQueryData<Me>(["me"], (old) => old && (old.state === staff.state ? old : { ...old, state: staff.state, state_since: null }));
      void queries.invalidateQueries({ queryKey: ["me"] });
    }),
    live.on<Board>("board", (board) => {
      setServerTime(board.data_at);
      queries.setQueryData(["board"], board);
    }),
    live.on<PbxHealth>("pbx", (health) =>
      queries.setQueryData<Board>(["board"], (old) =>
        old && { ...old, pbx: old.pbx.some((p) => p.name === health.name) ? old.pbx.map((p) => (p.name === health.name ? health : p)) : [...old.pbx, health] })),
    live.on<Recording>("recording", (recording) => {
      void queries.invalidateQueries({ queryKey: ["recording", recording.id] });
      soon(["calls"], 2000);
    }),
    live.on<TicketReminder>("reminder", (reminder) => {
      if (me.role === "inspector") return; // he has the list of what is late
      heard(reminder);
      soon(["reminders"], 200);
    }),
    live.on<{ number?: string } | undefined>("ticket", (row) => {
      // A move may have settled it, a colleague may have taken it.
      const open = queries.getQueryData<Reminders>(["reminders"])?.items ?? [];
      if (open.some((r) => r.number === row?.number) || news.get().some((x) => x.of.number === row?.number)) soon(["reminders"], 300);
      soon(["tickets"], 300);
      soon(["ticket"], 300);
      soon(["shift"], 1500);
    }),
    live.on<{ state: string; reason?: string }>("dial", (d) => {
      if (["refused", "failed", "unknown"].includes(d.state)) say(d.reason || t("error.unknown"), { bad: true });
    }),
    live.on("reset", () => {
      forgetRinging();
      void queries.invalidateQueries({ predicate: (q) => q.queryKey[0] !== "hints" });
      void findMine(me.extension);
      const own = mine.get();
      if (own) void findHandover(own.call.id);
    }),
  ];
  live.start();
  void findMine(me.extension);
  return () => {
    offs.forEach((off) => off());
    live.stop();
    forgetCall();
    news.set([]);
  };
}

export async function setState(state: "ready" | "pause" | "after_call"): Promise<void> {
  queries.setQueryData(["me"], await put<Me>("/session/state", { state }));
}

/** Who takes the machine next has pushes of his own. */
export async function signOut(id: number | null): Promise<void> {
  await endPushes(staffTaker(id)).catch(() => undefined);
  await call("DELETE", "/session").catch(() => undefined);
  // Whoever watches who is signed in is told: a cache that is emptied under him tells nothing.
  queries.setQueryData(["me"], null);
  queries.removeQueries({ predicate: (q) => q.queryKey[0] !== "me" && q.queryKey[0] !== "hints" });
}

export const dial = (to: string) => post<Dialled>("/calls", { to }, newKey());
export const dialDuty = (id: number) => post<Dialled>(`/callbacks/${id}/dial`, undefined, newKey());
