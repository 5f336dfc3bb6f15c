// One callback duty: its countdown, the law's bar, who it is, and its one act.

import { IconAlarm, IconCheck, IconClock, IconClockExclamation, IconEyeOff, IconLock, IconPhoneOutgoing, IconPlayerPlayFilled, IconUserCheck, IconX } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { post } from "@/api/client";
import type { Duty, Me } from "@/api/types";
import { phone, shortName } from "@/lib/phone";
import { clock, countdown, exact, hm } from "@/lib/time";
import { dialDuty, queries } from "@/session";
import { Btn, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

type DutyLook = "claimed" | "late" | "burning" | "soon" | "calm";

/** Somebody's call to the number is under way. */
export const dialling = (duty: Duty): boolean => duty.attempts.some((a) => a.result === "");

/** It waits for me: I took it, or it was given to me, and nobody dials yet. */
const waitsForMe = (duty: Duty, me: Me): boolean => duty.state === "claimed" && duty.claimed_by === me.id && !dialling(duty);

function lookOf(duty: Duty, now: number, mine = false): DutyLook {
  if (duty.state === "claimed" && !mine) return "claimed";
  const left = (Date.parse(duty.due_at) - now) / 1000;
  return left < 0 ? "late" : left < 60 ? "burning" : left < 120 ? "soon" : "calm";
}

const EDGE: Record<DutyLook, string> = { claimed: "claimed", late: "late", burning: "burning", soon: "soon-edge", calm: "" };

function useDialDuty(): (duty: Duty) => void {
  const { t } = useTranslation();
  const why = useWhy();
  return (duty) =>
    void dialDuty(duty.id).then(() => say(t("duty.dialSent", { number: phone(duty.number) })), (error) => {
      say(why(error), { bad: true });
      void queries.invalidateQueries({ queryKey: ["duties"] });
    });
}

/** What a supervisor may do with a card of the board, and how the card stands in its list. */
interface Leading {
  onClose: (duty: Duty) => void;
  onAssign: (duty: Duty) => void;
  onMark: (duty: Duty, range: boolean) => void;
  marked: boolean;
}

interface Props {
  duty: Duty;
  now: number;
  me: Me;
  first: boolean;
  current?: boolean;
  lead?: Leading;
  onOpen?: (duty: Duty) => void;
}

export function DutyCard({ duty, now, me, first, current = false, lead, onOpen }: Props) {
  const { t } = useTranslation();
  const dial = useDialDuty();
  const mine = waitsForMe(duty, me);
  const look = lookOf(duty, now, mine);
  const arrived = Date.parse(duty.arrived_at);
  const whole = Date.parse(duty.legal_due_at) - arrived;
  const gone = Math.min(1, Math.max(0, (now - arrived) / whole));
  const tick = Math.min(1, Math.max(0, (Date.parse(duty.due_at) - arrived) / whole));
  const left = countdown(duty.due_at, now);
  const word = { late: t("duty.late"), burning: t("duty.burning"), soon: t("duty.soon"), claimed: t("duty.claimed"), calm: t("duty.left") }[look];
  const picture = { late: IconClockExclamation, burning: IconAlarm, soon: IconClock, claimed: IconLock, calm: null }[look];
  const person = duty.people[0];
  const button = look !== "claimed" && (first || mine || look === "burning" || look === "late");
  const free = !dialling(duty);
  return (
    <li className={`duty ${EDGE[look]}${mine ? " given" : ""}${lead?.marked ? " marked" : ""}${current ? " current" : ""}`} data-duty={duty.id} aria-current={current || undefined}>
      <div>
        <div className={left.length > 6 ? "clock long" : "clock"} title={exact(duty.due_at)}>{left}</div>
        <div className="word">{picture && <I of={picture} size={14} />}{word}</div>
        {lead && <label className="mark" title={t("bulk.mark")}><input type="checkbox" checked={lead.marked} aria-label={t("bulk.markOne", { number: phone(duty.number) })} onClick={(e) => lead.onMark(duty, e.shiftKey)} onChange={() => undefined} /></label>}
      </div>
      <div className="col" style={{ gap: 1 }}>
        <div className="row" style={{ gap: 8 }}>
          {onOpen ? <button type="button" className="btn link b" style={{ padding: 0, minHeight: 20, fontSize: 14, color: "var(--t1)" }} title={t("board.callsOf", { title: phone(duty.number) })} onClick={() => onOpen(duty)}>{phone(duty.number)}</button> : <span className="b">{phone(duty.number)}</span>}
          <span className="end row more" style={{ gap: 4 }}>
            {duty.missed_count > 1 && <span className="chip" style={{ padding: "1px 6px" }} role="img" aria-label={t("duty.calls", { count: duty.missed_count })} title={t("duty.calls", { count: duty.missed_count })}>×{duty.missed_count}</span>}
            {lead && free && <button type="button" className="btn link" style={{ padding: 0, minHeight: 24, minWidth: 24 }} aria-label={t("duty.closeTitle", { number: phone(duty.number) })} title={t("duty.close")} onClick={() => lead.onClose(duty)}><I of={IconX} size={16} /></button>}
          </span>
        </div>
        <span className="t2 s13 cut more">{person ? [shortName(person.name), [person.address, person.premise && t("common.flat", { flat: person.premise })].filter(Boolean).join(", ")].filter(Boolean).join(" · ") : t("duty.unknown")}</span>
        {duty.state === "claimed" ? <Holder duty={duty} me={me} now={now} /> : (
          <span className="t2 s12 cut more">{[hm(duty.arrived_at), t(`duty.where.${duty.message ? "message" : duty.callback_requested ? "callback_requested" : duty.where || duty.reason}`, { defaultValue: duty.where || duty.reason }), duty.attempts.length > 0 && t("duty.attempts", { count: duty.attempts.length })].filter(Boolean).join(" · ")}</span>
        )}
        <div className="row more" style={{ marginTop: 4 }}>
          <span className="thin" role="img" aria-label={t("duty.progress", { part: clock((now - arrived) / 1000), whole: clock(whole / 1000) })}><i style={{ width: `${gone * 100}%` }} /><b style={{ left: `${tick * 100}%` }} /></span>
          <span className="t2 s12" style={{ whiteSpace: "nowrap" }}>{t("duty.law", { time: countdown(duty.legal_due_at, now) })}</span>
        </div>
        {duty.message && <div className="row more" style={{ marginTop: 4 }}><Message duty={duty} /></div>}
        {(button || (current && lead && free)) && (
          <div className="row wrap" style={{ marginTop: 6 }}>
            {button && <Btn look="primary" size="small" icon={IconPhoneOutgoing} keys={first ? "F9" : undefined} onClick={() => dial(duty)}>{t("duty.call")}</Btn>}
            {lead && free && <Btn size="small" onClick={() => lead.onAssign(duty)}>{t("bulk.assign")}</Btn>}
            {mine && !lead && <GiveBack duty={duty} />}
          </div>
        )}
      </div>
    </li>
  );
}

/** Who has it: dials just now, got it from a supervisor, or took it. */
function Holder({ duty, me, now }: { duty: Duty; me: Me; now: number }) {
  const { t } = useTranslation();
  const own = duty.claimed_by === me.id;
  const word = dialling(duty) ? (own ? "duty.mine" : "duty.dials") : own ? (duty.assigned_by_name ? "duty.givenToMe" : "duty.takenByMe") : duty.assigned_by_name ? "duty.givenTo" : "duty.taken";
  const name = shortName(own && !dialling(duty) ? duty.assigned_by_name : duty.claimed_by_name);
  const time = duty.claimed_at ? clock((now - Date.parse(duty.claimed_at)) / 1000) : "";
  return <span className={`accent s12 b row ${own ? "" : "more"}`} style={{ gap: 4 }}><I of={dialling(duty) ? IconPhoneOutgoing : IconUserCheck} size={14} /><span className={own ? "" : "cut"}>{t(word, { name, time })}</span></span>;
}

function GiveBack({ duty }: { duty: Duty }) {
  const { t } = useTranslation();
  const why = useWhy();
  const release = () => void post(`/callbacks/${duty.id}/release`).then(() => queries.invalidateQueries({ queryKey: ["duties"] }), (error: unknown) => say(why(error), { bad: true }));
  return <Btn size="small" onClick={release}>{t("duty.giveBack")}</Btn>;
}

/** The voice message that hangs on the duty: heard here, and said to be heard. */
function Message({ duty }: { duty: Duty }): ReactNode {
  const { t } = useTranslation();
  const why = useWhy();
  const [open, setOpen] = useState(false);
  const time = clock(duty.message?.seconds ?? 0);
  const heardAt = duty.message_heard_at ? t("duty.heardAt", { time: hm(duty.message_heard_at) }) : "";
  if (!open)
    return (
      <button type="button" className={heardAt ? "chip" : "chip accent"} style={{ border: 0, cursor: "pointer", minHeight: 24 }} aria-label={[t("duty.play", { time }), heardAt].filter(Boolean).join(", ")} onClick={() => setOpen(true)}>
        <I of={IconPlayerPlayFilled} size={12} />{time}{heardAt && <><I of={IconCheck} size={12} className="done" />{heardAt}</>}
      </button>
    );
  const heard = () => void post(`/callbacks/${duty.id}/heard`).then(() => { setOpen(false); void queries.invalidateQueries({ queryKey: ["duties"] }); }, (error) => say(why(error), { bad: true }));
  return (
    <span className="row wrap grow" style={{ gap: 4 }}>
      <audio src={`/api/v1/recordings/${duty.message?.id}/audio?why=duty`} autoPlay controls style={{ height: 32, width: "100%" }} />
      {!duty.message_heard_at && <Btn size="small" onClick={heard}>{t("duty.heard")}</Btn>}
    </span>
  );
}

export function WithheldLine({ duty }: { duty: Duty }) {
  const { t } = useTranslation();
  return (
    <li className="duty">
      <I of={IconEyeOff} size={20} className="t3" />
      <div className="col" style={{ gap: 0 }}><span className="b t2 more">{t("call.withheld")}</span><span className="t3 s12">{hm(duty.arrived_at)}<span className="more"> · {t("duty.impossible")}</span></span></div>
    </li>
  );
}
