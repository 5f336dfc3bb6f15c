// One callback duty: its countdown, the law's bar, who it is, and its one act.

import { IconAlarm, IconClock, IconClockExclamation, IconEyeOff, IconLock, IconPhoneOutgoing, IconPlayerPlayFilled, IconX } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { post } from "@/api/client";
import type { Duty, Me } from "@/api/types";
import { phone, shortName } from "@/lib/phone";
import { clock, countdown, exact, hm } from "@/lib/time";
import { dialDuty, queries } from "@/session";
import { Btn, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

export type DutyLook = "claimed" | "late" | "burning" | "soon" | "calm";

export function lookOf(duty: Duty, now: number): DutyLook {
  if (duty.state === "claimed") return "claimed";
  const left = (Date.parse(duty.due_at) - now) / 1000;
  return left < 0 ? "late" : left < 60 ? "burning" : left < 120 ? "soon" : "calm";
}

const EDGE: Record<DutyLook, string> = { claimed: "claimed", late: "late", burning: "burning", soon: "soon-edge", calm: "" };

export function useDialDuty(): (duty: Duty) => void {
  const { t } = useTranslation();
  const why = useWhy();
  return (duty) =>
    void dialDuty(duty.id).then(() => say(t("duty.dialSent", { number: phone(duty.number) })), (error) => {
      say(why(error), { bad: true });
      void queries.invalidateQueries({ queryKey: ["duties"] });
    });
}

export function DutyCard({ duty, now, me, first, onClose, onOpen }: { duty: Duty; now: number; me: Me; first: boolean; onClose?: (duty: Duty) => void; onOpen?: (duty: Duty) => void }) {
  const { t } = useTranslation();
  const dial = useDialDuty();
  const look = lookOf(duty, now);
  const arrived = Date.parse(duty.arrived_at);
  const whole = Date.parse(duty.legal_due_at) - arrived;
  const gone = Math.min(1, Math.max(0, (now - arrived) / whole));
  const tick = Math.min(1, Math.max(0, (Date.parse(duty.due_at) - arrived) / whole));
  const left = countdown(duty.due_at, now);
  const word = { late: t("duty.late"), burning: t("duty.burning"), soon: t("duty.soon"), claimed: t("duty.claimed"), calm: t("duty.left") }[look];
  const picture = { late: IconClockExclamation, burning: IconAlarm, soon: IconClock, claimed: IconLock, calm: null }[look];
  const person = duty.people[0];
  const button = look !== "claimed" && (first || look === "burning" || look === "late");
  return (
    <li className={`duty ${EDGE[look]}`} data-duty={duty.id}>
      <div>
        <div className={left.length > 6 ? "clock long" : "clock"} title={exact(duty.due_at)}>{left}</div>
        <div className="word">{picture && <I of={picture} size={14} />}{word}</div>
      </div>
      <div className="col" style={{ gap: 1 }}>
        <div className="row wrap" style={{ gap: "0 8px" }}>
          {onOpen ? <button type="button" className="btn link b" style={{ padding: 0, minHeight: 20, fontSize: 14, color: "var(--t1)" }} title={t("board.callsOf", { title: phone(duty.number) })} onClick={() => onOpen(duty)}>{phone(duty.number)}</button> : <span className="b">{phone(duty.number)}</span>}
          <span className="end row more" style={{ gap: 4 }}>
            {duty.missed_count > 1 && <span className="chip">{t("duty.calls", { count: duty.missed_count })}</span>}
            {duty.message && <Message duty={duty} />}
            {onClose && !button && look !== "claimed" && <button type="button" className="btn link" style={{ padding: 0, minHeight: 20 }} aria-label={t("duty.closeTitle", { number: phone(duty.number) })} title={t("duty.close")} onClick={() => onClose(duty)}><I of={IconX} size={16} /></button>}
          </span>
        </div>
        <span className="t2 s13 cut more">{person ? [shortName(person.name), [person.address, person.premise && t("common.flat", { flat: person.premise })].filter(Boolean).join(", ")].filter(Boolean).join(" · ") : t("duty.unknown")}</span>
        {look === "claimed" ? (
          <span className="accent s12 b row more" style={{ gap: 4 }}><I of={IconPhoneOutgoing} size={14} /><span className="cut">{t(duty.claimed_by === me.id ? "duty.mine" : "duty.dials", { name: shortName(duty.claimed_by_name), time: duty.claimed_at ? clock((now - Date.parse(duty.claimed_at)) / 1000) : "" })}</span></span>
        ) : (
          <span className="t2 s12 cut more">{[hm(duty.arrived_at), t(`duty.where.${duty.message ? "message" : duty.callback_requested ? "callback_requested" : duty.where}`, { defaultValue: duty.where }), duty.attempts.length > 0 && t("duty.attempts", { count: duty.attempts.length })].filter(Boolean).join(" · ")}</span>
        )}
        <div className="row more" style={{ marginTop: 4 }}>
          <span className="thin" role="img" aria-label={t("duty.progress", { part: clock((now - arrived) / 1000), whole: clock(whole / 1000) })}><i style={{ width: `${gone * 100}%` }} /><b style={{ left: `${tick * 100}%` }} /></span>
          <span className="t2 s12" style={{ whiteSpace: "nowrap" }}>{t("duty.law", { time: countdown(duty.legal_due_at, now) })}</span>
        </div>
        {button && (
          <div className="row wrap" style={{ marginTop: 6 }}>
            <Btn look="primary" size="small" icon={IconPhoneOutgoing} keys={first ? "F9" : undefined} onClick={() => dial(duty)}>{t("duty.call")}</Btn>
            {onClose && <Btn size="small" icon={IconX} onClick={() => onClose(duty)}>{t("duty.close")}</Btn>}
          </div>
        )}
      </div>
    </li>
  );
}

/** The voice message that hangs on the duty: heard here, and said to be heard. */
function Message({ duty }: { duty: Duty }): ReactNode {
  const { t } = useTranslation();
  const why = useWhy();
  const [open, setOpen] = useState(false);
  const time = clock(duty.message?.seconds ?? 0);
  if (!open) return <button type="button" className="chip accent" style={{ border: 0, cursor: "pointer", minHeight: 24 }} aria-label={t("duty.play", { time })} onClick={() => setOpen(true)}><I of={IconPlayerPlayFilled} size={12} />{time}</button>;
  const heard = () => void post(`/callbacks/${duty.id}/heard`).then(() => { setOpen(false); void queries.invalidateQueries({ queryKey: ["duties"] }); }, (error) => say(why(error), { bad: true }));
  return (
    <span className="row" style={{ gap: 4 }}>
      <audio src={`/api/v1/recordings/${duty.message?.id}/audio?why=duty`} autoPlay controls style={{ height: 26, width: 96 }} />
      <Btn size="small" onClick={heard}>{t("duty.heard")}</Btn>
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
