// Asks for exactly what a move needs, and says what is missing before it is sent.

import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { House, Me, MoveOffer, TicketMove } from "@/api/types";
import { serverNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { Dialog } from "@/ui/dialog";
import { Btn } from "@/ui/pieces";
import { ExecutorField, HouseField, MarkField, OrganisationField, UntilField, type Marked, type Routed } from "./Choose";
import { STATUSES } from "./statuses";

/** What was typed, so that a conflict or a slip of the mouse loses nothing. */
export interface Filled { reason: string; organisation: number | null; executor: number | null; until: number | null; mark: Marked; status: string; house: House | null; premise: string }
export const NOTHING_FILLED: Filled = { reason: "", organisation: null, executor: null, until: null, mark: null, status: "", house: null, premise: "" };

const NEEDS_ORGANISATION = new Set(["awaiting_acceptance", "declined", "no_executor", "executor_assigned", "in_progress", "needs_rework"]);

interface Props {
  me: Me;
  of: Routed & { executor: { id: number } | null };
  offer: Pick<MoveOffer, "move" | "label" | "needs">;
  title: string;
  kept?: Filled;
  /** Reasons that are given often: one press writes them. */
  usual?: string[];
  usualLabel?: string;
  onKeep?: (filled: Filled) => void;
  onClose: () => void;
  onSend: (body: TicketMove) => Promise<string>;
}

/** `onSend` gives "" when the move is made, else why it is not: then what was typed stays. */
export function MoveDialog({ me, of, offer, title, kept, usual = [], usualLabel, onKeep, onClose, onSend }: Props) {
  const { t } = useTranslation();
  const [filled, setFilled] = useState<Filled>(kept ?? NOTHING_FILLED);
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const id = useId();
  const put = (some: Partial<Filled>) => {
    const next = { ...filled, ...some };
    setFilled(next);
    onKeep?.(next);
    setWrong("");
  };
  const anywhere = offer.move === "move";
  const organisationId = filled.organisation ?? of.organisation?.id ?? null;
  const needs = new Set(offer.needs);
  if (anywhere && NEEDS_ORGANISATION.has(filled.status) && !of.organisation) needs.add("organisation_id");
  if (anywhere && filled.status === "executor_assigned" && !of.executor) needs.add("executor_id");
  const missing = () =>
    needs.has("status") && !filled.status ? t("ticket.needStatus")
      : needs.has("organisation_id") && filled.organisation === null ? t("ticket.needOrganisation")
        : needs.has("executor_id") && filled.executor === null ? t("ticket.needExecutor")
          : needs.has("until") && (filled.until === null || filled.until <= serverNow()) ? t("ticket.needUntil")
            : needs.has("mark") && filled.mark === null ? t("ticket.needMark")
              : needs.has("reason") && filled.reason.trim().length < 3 ? t(offer.move === "interim" ? "ticket.needAnswer" : "ticket.needReason") : "";
  const send = () => {
    if (busy) return;
    const lacks = missing();
    if (lacks) return setWrong(lacks);
    const body: TicketMove = { move: offer.move, reason: filled.reason.trim() };
    if (needs.has("organisation_id")) body.organisation_id = filled.organisation;
    if (needs.has("executor_id")) body.executor_id = filled.executor;
    if (needs.has("until")) body.until = new Date(filled.until!).toISOString();
    if (needs.has("status")) body.status = filled.status;
    if (needs.has("mark")) Object.assign(body, filled.mark === "not_done" ? { not_done: true } : { mark: filled.mark });
    if (filled.house) Object.assign(body, { house_id: filled.house.id, premise: filled.premise.trim() });
    setBusy(true);
    void onSend(body).then((why) => (why ? setWrong(why) : onClose())).finally(() => setBusy(false));
  };
  useKeys({ "Ctrl+Enter": send, ...(needs.has("mark") && Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`Digit${n}`, () => put({ mark: n })]))) }, { modal: true });
  const reasonFirst = needs.size === 1 && needs.has("reason");
  return (
    <Dialog title={title} onClose={onClose} size={560}>
      <div className="col" style={{ gap: 12 }}>
        {needs.has("status") && (
          <label className="col"><span className="b s13">{t("ticket.statusLabel")}</span>
            <span className="field"><select value={filled.status} onChange={(e) => put({ status: e.target.value })} data-autofocus>
              <option value="">{t("ticket.chooseStatus")}</option>
              {STATUSES.filter((s) => s !== of.status).map((s) => <option key={s} value={s}>{t(`status.${s}`)}</option>)}
            </select></span>
          </label>
        )}
        {offer.move === "route" && <HouseField of={of} house={filled.house} premise={filled.premise} onChange={(some) => put({ ...some, ...(some.house !== undefined && { organisation: null }) })} />}
        {needs.has("organisation_id") && <OrganisationField of={filled.house ? { ...of, house: filled.house } : of} moved={filled.house !== null} value={filled.organisation} onChange={(organisation) => put({ organisation, executor: null })} />}
        {needs.has("executor_id") && <ExecutorField me={me} organisationId={organisationId} now={of.status === "executor_assigned" ? (of.executor?.id ?? null) : null} value={filled.executor} onChange={(executor) => put({ executor })} />}
        {needs.has("until") && <UntilField value={filled.until} promise={offer.move === "interim"} onChange={(until) => put({ until })} />}
        {needs.has("mark") && <MarkField value={filled.mark} onChange={(mark) => put({ mark })} />}
        <div className="col">
          {usual.length > 0 && <div className="row wrap" role="group" aria-label={usualLabel}>{usual.map((one) => <Btn key={one} size="small" aria-pressed={filled.reason === one} onClick={() => put({ reason: one })}>{one}</Btn>)}</div>}
          <label htmlFor={id} className="b s13">{t(offer.move === "interim" ? "ticket.answerLabel" : needs.has("reason") ? "ticket.reasonLabel" : "ticket.reasonLess")}</label>
          <textarea id={id} className="area" rows={3} maxLength={2000} value={filled.reason} onChange={(e) => put({ reason: e.target.value })} {...(reasonFirst && { "data-autofocus": true })} />
        </div>
        {wrong && <p className="danger s13" role="alert">{wrong}</p>}
        <div className="row wrap"><Btn look="primary" size="main" keys="Ctrl Enter" disabled={busy} onClick={send}>{offer.label}</Btn><Btn size="main" keys="Esc" onClick={onClose}>{t("common.close")}</Btn></div>
      </div>
    </Dialog>
  );
}
