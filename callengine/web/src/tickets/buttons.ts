// Which buttons of a ticket stand where, and by which keys they are pressed. Pure.

import type { Me, MoveOffer } from "@/api/types";

export const DESK = new Set<Me["role"]>(["operator", "supervisor", "administrator"]);

/** The physical key of each move; what ends a ticket has none. */
export const MOVE_KEYS: Record<string, [code: string, cap: string]> = {
  route: ["KeyN", "N"], accept: ["KeyA", "A"], decline: ["KeyD", "D"], assign: ["KeyA", "A"], start: ["KeyS", "S"], localise: ["KeyL", "L"], postpone: ["KeyP", "P"], interim: ["KeyI", "I"], report_done: ["KeyG", "G"],
  confirm: ["KeyY", "Y"], return: ["KeyR", "R"], rework: ["KeyR", "R"], mark: ["KeyK", "K"], close: ["KeyX", "X"], reopen: ["KeyR", "R"], confirm_paid: ["KeyB", "B"],
};
const LEADS_ON: Record<string, string> = {
  from_cabinet: "route", unassigned: "route", declined: "route", awaiting_acceptance: "accept", no_executor: "assign", executor_assigned: "start", needs_rework: "start",
  in_progress: "report_done", awaiting_centre: "confirm", awaiting_client: "mark", conflict: "rework",
};

/** Not refusals: there is no such thing on this ticket. */
const NOTHING_TO_DO = new Set(["nothing_to_localise", "nothing_to_confirm"]);

interface Sorted { primary: MoveOffer | null; plain: MoveOffer[]; quiet: MoveOffer[]; forbidden: MoveOffer[] }

/** The buttons in their order: the one that leads on, the others, what ends or bends the ticket, what is forbidden now. */
export function sorted(status: string, moves: readonly MoveOffer[]): Sorted {
  const may = moves.filter((m) => !m.forbidden);
  const primary = may.find((m) => m.move === LEADS_ON[status]) ?? null;
  const quiet = may.filter((m) => m.move === "cancel" || m.move === "move");
  return { primary, plain: may.filter((m) => m !== primary && !quiet.includes(m)), quiet, forbidden: moves.filter((m) => m.forbidden && !NOTHING_TO_DO.has(m.forbidden)) };
}

export const askFirst = (offer: MoveOffer) => offer.needs.length > 0;
