// The buttons of one's role: the move that leads on, the others, and why some are not possible now.

import { IconAlertTriangle, IconArrowBackUp, IconCheck, IconClockPlus, IconDropletOff, IconMailForward, IconPlayerPlay, IconRefresh, IconRoute, IconStar, IconUserCheck, IconX, type Icon } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Me, MoveOffer, Ticket, TicketMove } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { queries } from "@/session";
import { Btn, I } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { MoveDialog, NOTHING_FILLED, type Filled } from "./MoveDialog";
import { askFirst, DESK, MOVE_KEYS, sorted } from "./buttons";
import { isConflict, useMoveWhy, useSendMove } from "./moves";

const PICTURES: Record<string, Icon> = {
  route: IconRoute, accept: IconCheck, decline: IconX, assign: IconUserCheck, start: IconPlayerPlay, localise: IconDropletOff, postpone: IconClockPlus, interim: IconMailForward, report_done: IconCheck, confirm: IconCheck,
  return: IconRefresh, rework: IconRefresh, mark: IconStar, close: IconX, reopen: IconArrowBackUp, confirm_paid: IconCheck,
};

export function YourMove({ me, of: x }: { me: Me; of: Ticket }) {
  const { t } = useTranslation();
  const why = useMoveWhy();
  const sendMove = useSendMove();
  const [asking, setAsking] = useState<MoveOffer | null>(null);
  const [outrun, setOutrun] = useState("");
  const [busy, setBusy] = useState(false);
  const filled = useRef(new Map<string, Filled>());
  const { primary, plain, quiet, forbidden } = sorted(x.status, x.moves);

  /** "" when it is made, else why not. */
  const send = async (body: TicketMove, label: string): Promise<string> => {
    setBusy(true);
    try {
      await sendMove(x.number, { ...body, version: x.version });
      filled.current.delete(body.move);
      setOutrun("");
      say(t("ticket.done", { move: label }));
      return "";
    } catch (error) {
      if (!isConflict(error)) return why(error);
      // Somebody was first: the page shows how it stands now, the words stay for the next try.
      await queries.refetchQueries({ queryKey: ["ticket", x.number], exact: true });
      setOutrun([why(error), body.reason && t("ticket.conflictKeep")].filter(Boolean).join(" "));
      setAsking(null);
      return why(error);
    } finally {
      setBusy(false);
    }
  };
  const press = (offer: MoveOffer) => {
    if (busy || offer.forbidden) return;
    if (askFirst(offer)) return setAsking(offer);
    void send({ move: offer.move }, offer.label).then((wrong) => wrong && say(wrong, { bad: true }));
  };
  const keyed = plain.filter((m) => MOVE_KEYS[m.move]);
  useKeys({ ...Object.fromEntries(keyed.map((m) => [MOVE_KEYS[m.move]![0], () => press(m)])), ...(primary && { Enter: () => press(primary) }) });
  const role = <span className="t3 s12 end">{t("ticket.role", { role: t(`role.${me.role}`) })}</span>;
  const word = (offer: MoveOffer) => (askFirst(offer) ? `${offer.label}…` : offer.label);
  const target = primary?.target && primary.target !== x.status ? primary.target : null;
  return (
    <section className="card yourmove" aria-labelledby="ticket-move">
      <header><h2 id="ticket-move">{t("ticket.yours")}</h2>{role}</header>
      <div className="col moves">
        {outrun && <div className="outrun" role="alert"><I of={IconAlertTriangle} size={16} /><span className="grow">{outrun}</span><Btn size="small" onClick={() => setOutrun("")}>{t("ticket.looked")}</Btn></div>}
        {!primary && !plain.length && !quiet.length && !forbidden.length && <><p className="b s13">{t("ticket.noMoves")}</p><p className="t2 s13">{t(`ticket.noMovesLead.${["closed", "cancelled"].includes(x.status) ? "final" : DESK.has(me.role) ? "centre" : "other"}`)}</p></>}
        {(primary || plain.length > 0) && (
          <div className="movegrid">
            {primary && <Btn look="green" size="main" icon={PICTURES[primary.move]} keys="Enter" disabled={busy} onClick={() => press(primary)}>{word(primary)}</Btn>}
            {plain.map((m) => <Btn key={m.move} size="main" icon={PICTURES[m.move]} keys={MOVE_KEYS[m.move]?.[1]} disabled={busy} onClick={() => press(m)}>{word(m)}</Btn>)}
          </div>
        )}
        {(target || quiet.length > 0) && <div className="row wrap s12"><span className="t2">{target && t("ticket.to", { status: t(`status.${target}`) })}</span><span className="end row">{quiet.map((m) => <Btn key={m.move} look="link" size="small" disabled={busy} onClick={() => press(m)}>{word(m)}</Btn>)}</span></div>}
        {forbidden.length > 0 && <ul className="col forbidden" aria-label={t("ticket.forbidden")}>{forbidden.map((m) => <li key={m.move} className="s12"><b>{m.label}</b> <span className="t2">{m.forbidden_words}</span></li>)}</ul>}
      </div>
      {asking && <MoveDialog key={asking.move} me={me} of={x} offer={asking} title={t("ticket.ask", { move: asking.label, number: x.number })} kept={filled.current.get(asking.move) ?? NOTHING_FILLED} onKeep={(f) => filled.current.set(asking.move, f)} onClose={() => setAsking(null)} onSend={(body) => send(body, asking.label)} />}
    </section>
  );
}
