// A move as a person makes it: sent once however often it is pressed; who was first is said in words.

import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Failure, newKey, post } from "@/api/client";
import type { Ticket, TicketMove } from "@/api/types";
import { serverNow } from "@/lib/clock";
import { until } from "@/lib/time";
import { queries } from "@/session";
import { useWhy } from "@/ui/pieces";

/** What stands on the pages about these tickets is asked for anew. */
export function readAnew(numbers: string[]): void {
  for (const key of [...numbers.map((number) => ["ticket", number]), ["tickets"], ["journal"], ["load"]]) void queries.invalidateQueries({ queryKey: key });
}

/** The same wish again has the same key; another wish, or the next one after it was made, has its own. `later`: one of many, who sends them reads anew once after the last. */
export function useSendMove(): (number: string, body: TicketMove, how?: { later?: boolean }) => Promise<Ticket> {
  const kept = useRef<{ wish: string; key: string } | null>(null);
  return async (number, body, { later = false } = {}) => {
    const wish = JSON.stringify([number, body]);
    if (kept.current?.wish !== wish) kept.current = { wish, key: newKey() };
    try {
      const after = await post<Ticket>(`/tickets/${encodeURIComponent(number)}/moves`, body, kept.current.key);
      kept.current = null;
      queries.setQueryData(["ticket", number], (old: Ticket | undefined) => (old && after.history.length ? after : old));
      return after;
    } finally {
      if (!later) readAnew([number]);
    }
  };
}

interface Stands { ticket_status?: string; moved_by?: string | null; moved_at?: string | null; move?: string | null }

/** Why a move was not made, in the reader's words. */
export function useMoveWhy(): (error: unknown) => string {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  return (error) => {
    if (!(error instanceof Failure)) return why(error);
    const told = error.problem as Stands & { forbidden?: string; forbidden_words?: string };
    if (error.status === 409 && told.ticket_status) {
      const status = t(`status.${told.ticket_status}`, { defaultValue: told.ticket_status });
      if (!told.moved_by || !told.moved_at) return t("ticket.conflictPlain", { status });
      return t("ticket.conflict", { status, who: told.moved_by, move: t(`ticket.what.${told.move}`, { defaultValue: told.move ?? "" }), time: until(told.moved_at, serverNow()) });
    }
    if (told.forbidden_words && i18n.language === "ru") return told.forbidden_words;
    return why(error);
  };
}

export const isConflict = (error: unknown) => error instanceof Failure && error.status === 409;
