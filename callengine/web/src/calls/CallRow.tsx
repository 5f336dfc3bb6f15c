// One line of the journal, and what opens under it.

import { IconAlarm, IconAlertTriangle, IconClock, IconMicrophone, IconPhoneCalling, IconPhoneCheck, IconPhoneOff, IconPhoneX, IconPlayerPlay, IconRobot, type Icon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Call, CallDetail, Me } from "@/api/types";
import { phone, shortName } from "@/lib/phone";
import { follow } from "@/lib/route";
import { clock, countdown, exact, hms } from "@/lib/time";
import { At, I } from "@/ui/pieces";
import { Player } from "./Player";

export function outcomeOf(call: Call): [string, Icon, string] {
  if (call.state !== "ended") return [call.state, IconPhoneCalling, "accent"];
  if (call.robot) return ["robot", IconRobot, "hold"];
  if (call.outcome === "answered") return [call.direction === "outbound" ? "reached" : "answered", IconPhoneCheck, "done"];
  if (call.outcome === "missed") return ["missed", IconPhoneX, "danger"];
  if (call.outcome === "served") return ["served", IconRobot, "done"];
  return [call.outcome ?? "failed", IconPhoneOff, "t3"];
}

export function who(call: Call, unknown: string): string {
  const person = call.people[0];
  return person ? shortName(person.name) : call.number ? call.name || unknown : "—";
}

export const COLUMNS = ["at", "outcome", "number", "who", "where", "operator", "waited", "talked", "recording", "links"] as const;

export function CallCells({ call, now, open }: { call: Call; now: number; open: boolean }) {
  const { t } = useTranslation();
  const [word, picture, tone] = outcomeOf(call);
  const person = call.people[0];
  return (
    <>
      {/* The row takes the click; the button is for those who do not see it. */}
      <td className="t2"><button type="button" tabIndex={-1} className="bare" aria-expanded={open}><At at={call.arrived_at} now={now} /></button></td>
      <td><span className="row" style={{ gap: 6 }}><I of={picture} size={16} className={tone} />{t(`outcome.${word}`, { defaultValue: word })}</span></td>
      <td className="b" style={{ whiteSpace: "nowrap" }}>{call.number ? phone(call.number) : t("call.withheld")}</td>
      <td><span className="cut" style={{ display: "block", maxWidth: 170 }} title={call.people.map((p) => p.name).join("\n")}>{who(call, t("call.unknown"))}{call.people.length > 1 && <span className="t3"> +{call.people.length - 1}</span>}</span></td>
      <td className="t2"><span className="cut" style={{ display: "block", maxWidth: 190 }}>{person ? [person.address, person.premise && t("common.flat", { flat: person.premise })].filter(Boolean).join(", ") : "—"}</span></td>
      <td><span className="cut" style={{ display: "block", maxWidth: 130 }}>{call.operator_name ? shortName(call.operator_name) : call.missed ? t(`calls.place.${call.missed}`, { defaultValue: call.missed }) : call.operator || "—"}</span></td>
      <td className="num">{call.wait_seconds !== null ? clock(call.wait_seconds) : "—"}</td>
      <td className="num">{call.state === "talking" && call.answered_at ? clock((now - Date.parse(call.answered_at)) / 1000) : call.talk_seconds ? clock(call.talk_seconds) : "—"}</td>
      <td><Rec call={call} /></td>
      <td><Links call={call} now={now} /></td>
    </>
  );
}

function Rec({ call }: { call: Call }) {
  const { t } = useTranslation();
  const r = call.recording;
  if (call.state === "talking" || call.state === "held") return <span className="row accent" style={{ gap: 5 }}><I of={IconMicrophone} size={16} />{t("calls.running")}</span>;
  if (!r) return <>—</>;
  if (r.state === "ready") return <span className="row accent" style={{ gap: 5 }}><I of={IconPlayerPlay} size={15} />{clock(r.seconds ?? 0)}</span>;
  if (r.state === "short") return <span className="chip soon"><I of={IconAlertTriangle} size={14} />{t("calls.shortBy")}</span>;
  if (r.state === "recording") return <span className="t3">{t("calls.pending")}</span>;
  return <span className="chip danger"><I of={IconAlertTriangle} size={14} />{t(`player.state.${r.state}`, { defaultValue: t("calls.lost") })}</span>;
}

function Links({ call, now }: { call: Call; now: number }) {
  const { t } = useTranslation();
  if (call.ticket_numbers.length) return <>{call.ticket_numbers.map((n) => <a key={n} href={`/tickets/${n}`} onClick={(e) => { e.stopPropagation(); follow(`/tickets/${n}`)(e); }} style={{ marginRight: 6 }}>{n}</a>)}</>;
  const duty = call.duty;
  if (!duty) return <>—</>;
  if (duty.state === "impossible") return <span className="t3">{t("calls.impossible")}</span>;
  if (!["open", "claimed", "attempted"].includes(duty.state)) return <span className="t3">{t("calls.settled")}</span>;
  const left = (Date.parse(duty.due_at) - now) / 1000;
  return <span className={`chip ${left < 60 ? "danger" : left < 120 ? "soon" : ""}`}><I of={left < 60 ? IconAlarm : IconClock} size={14} />{t("calls.callback", { time: countdown(duty.due_at, now) })}</span>;
}

/** What opens: the sound when there is one, and the way of the call in any case. */
export function OpenedCall({ call, me, keys = true }: { call: Call; me: Me; keys?: boolean }) {
  const { t } = useTranslation();
  const detail = useQuery({ queryKey: ["call", call.id], queryFn: () => get<CallDetail>(`/calls/${call.id}`) });
  const person = call.people[0];
  return (
    <div>
      {call.recording ? <Player id={call.recording.id} me={me} keys={keys} caller={person ? shortName(person.name) : phone(call.number)} operator={shortName(call.operator_name)} /> : <p className="t2 s13" style={{ padding: "12px 16px 0" }}>{t(call.answered_at ? "calls.notRecorded" : "calls.noRecording")}</p>}
      <div className="row wrap s12 t2" style={{ padding: "8px 16px 12px", gap: "2px 16px", borderTop: call.recording ? "1px solid var(--line)" : 0 }}>
        <b className="t2">{t("calls.history")}</b>
        <span title={exact(call.arrived_at)}>{hms(call.arrived_at)} {t("call.line", { did: phone(call.did) || "—" })}</span>
        {call.queued_at && <span title={exact(call.queued_at)}>{hms(call.queued_at)} {t("calls.queued")}</span>}
        {detail.data?.offers.map((o) => <span key={o.began_at + o.operator}>{hms(o.began_at)} {t("calls.offered", { name: o.operator })}{o.result && `: ${t(`calls.result.${o.result}`, { defaultValue: o.result })}`}</span>)}
        {call.answered_at && <span>{hms(call.answered_at)} {t("outcome.answered")}</span>}
        {detail.data?.handovers?.filter((one) => one.why !== "not_taken").map((one) => <span key={one.id} title={exact(one.began_at)}>{hms(one.began_at)} {t("ticket.handedTo", { number: phone(one.number) })}: {t(`ticket.handed.${one.state === "failed" ? one.why : one.state}`, { defaultValue: one.state })}</span>)}
        {call.held_seconds > 0 && <span>{t("calls.held", { time: clock(call.held_seconds) })}</span>}
        {call.ended_at && <span>{hms(call.ended_at)} {t("call.ended")}</span>}
        {call.source === "ledger" && <span className="chip">{t("calls.ledger")}</span>}
        <span>{t("calls.id", { id: call.id })}</span>
        <span title={t("calls.linkedidLead")}>{t("calls.linkedid", { pbx: call.pbx })} <code style={{ userSelect: "all" }}>{call.linkedid}</code></span>
      </div>
    </div>
  );
}
