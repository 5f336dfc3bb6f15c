// What happened with a ticket, newest first: moves, words, calls with their recordings, photos; and tabs to look at one kind.

import { IconAlertTriangle, IconArrowBackUp, IconBell, IconCalendarClock, IconCheck, IconDropletOff, IconEyeOff, IconFile, IconLink, IconLock, IconMailForward, IconMessage, IconPaperclip, IconPhone, IconPhoneOutgoing, IconPlayerPlay, IconPoint, IconRefresh, IconRobot, IconRoute, IconScale, IconSignature, IconStar, IconTrash, IconUserCheck, IconUsersPlus, IconX, type Icon } from "@tabler/icons-react";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { post, remove } from "@/api/client";
import type { Me, Ticket, TicketEvent, TicketFile } from "@/api/types";
import { Sound, useRecording } from "@/calls/Player";
import { useNow } from "@/lib/clock";
import { phone, shortName } from "@/lib/phone";
import { clock, dayMonth, dayOf, exact, hm, until } from "@/lib/time";
import { queries } from "@/session";
import { Bones, Failed, I, Toggles, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { DESK } from "./buttons";
import { story, within, type Item, type Tab } from "./storyItems";

const PICTURES: Record<string, [Icon, string]> = {
  registered: [IconCheck, ""], unassigned: [IconAlertTriangle, "soon"], spoken: [IconMessage, "done"], routed: [IconRoute, ""], route: [IconRoute, ""], accept: [IconCheck, "done"], decline: [IconArrowBackUp, "danger"], assign: [IconUserCheck, ""], start: [IconPlayerPlay, "accent"],
  localise: [IconDropletOff, "done"], postpone: [IconCalendarClock, "soon"], report_done: [IconCheck, "done"], confirm: [IconCheck, "done"], return: [IconRefresh, "soon"], rework: [IconRefresh, "soon"], mark: [IconStar, "accent"], close: [IconCheck, "done"],
  reopen: [IconArrowBackUp, "soon"], cancel: [IconX, ""], release: [IconArrowBackUp, "soon"], executor_left: [IconAlertTriangle, "soon"], move: [IconScale, "soon"], comment: [IconMessage, "accent"], file_added: [IconPaperclip, ""], file_removed: [IconTrash, ""], file_restored: [IconArrowBackUp, ""],
  handed_over: [IconPhoneOutgoing, "accent"], interim: [IconMailForward, "accent"], interim_sent: [IconMailForward, "done"], interim_not_sent: [IconMailForward, "danger"], way_changed: [IconBell, ""], link_given: [IconLink, ""], links_ended: [IconLink, ""], applicant_joined: [IconUsersPlus, ""], called_again: [IconPhone, "accent"], call_linked: [IconPhone, "done"], reminder: [IconBell, "soon"], reminder_taken: [IconBell, "done"], acknowledged: [IconBell, "done"], notified: [IconBell, "done"], not_notified: [IconBell, "danger"],
};
const TABS: Tab[] = ["all", "moves", "calls", "files", "internal"];

export function Story({ me, of: x, children }: { me: Me; of: Ticket; children?: ReactNode }) {
  const { t } = useTranslation();
  const [tab, setTab] = useState<Tab>("all");
  const items = story(x);
  const shown = within(items, tab);
  const tabs = me.role === "inspector" ? TABS.filter((one) => one !== "internal") : TABS;
  const sounds = items.filter((i) => i.call?.recording || i.recording).length;
  return (
    <section className="card story" aria-labelledby="story">
      <header className="wrap"><h2 id="story">{t("tickets.story")}</h2><span className="end"><Toggles label={t("ticket.tabsLabel")} options={tabs.map((one) => [one, t(`ticket.tabs.${one}`)])} value={tab} onChange={(one) => setTab(one as Tab)} /></span></header>
      <div className="body" tabIndex={0} role="group" aria-labelledby="story">
        {shown.length === 0 && <p className="t2 s13" style={{ padding: 16 }}>{t(`ticket.emptyTab.${tab}`)}</p>}
        <ol className="events">
          {shown.map((item) => <Line key={item.key} item={item} of={x} me={me} keys={sounds === 1} />)}
          {x.text && (tab === "all") && <li className="event"><span className="t3 s12">{t("tickets.text")}</span><span className="dot"><I of={IconMessage} size={14} /></span><p className="words">{x.text}</p></li>}
        </ol>
      </div>
      {children}
    </section>
  );
}

function Line({ item, of: x, me, keys }: { item: Item; of: Ticket; me: Me; keys: boolean }) {
  const now = useNow();
  const [shape, tone] = pictureOf(item);
  return (
    <li className={`event${item.internal ? " internal" : ""}`}>
      <time className="t3 s12" dateTime={item.at} title={exact(item.at)}>{dayOf(item.at) === dayOf(now) ? hm(item.at) : `${dayMonth(item.at)} ${hm(item.at)}`}</time>
      <span className={`dot ${tone}`}><I of={shape} size={14} /></span>
      <div className="grow">
        {item.call || item.recording ? <CallLine item={item} of={x} me={me} keys={keys} /> : item.event && <EventLine event={item.event} item={item} now={now} />}
        {item.files.length > 0 && <Files of={x} files={item.files} me={me} />}
      </div>
    </li>
  );
}

function pictureOf(item: Item): [Icon, string] {
  if (item.event?.what === "robot_call") return [IconRobot, item.event.data.proof === "key" ? "done" : ""];
  if (item.call) return [item.call.direction.startsWith("out") ? IconPhoneOutgoing : IconPhone, item.call.talk_seconds ? "done" : "danger"];
  if (item.recording) return [IconPhone, "done"];
  const known = PICTURES[item.event?.what ?? ""] ?? [IconPoint, ""];
  return item.internal && item.event?.what === "comment" ? [IconLock, ""] : known;
}

function EventLine({ event: e, item, now }: { event: TicketEvent; item: Item; now: number }) {
  const { t } = useTranslation();
  const from = typeof e.data.from === "string" && typeof e.data.to === "string" && e.data.from !== e.data.to ? [e.data.from, e.data.to] : null;
  const resident = e.role === "resident";
  const author = e.author === "callengine" ? t("ticket.engine") : e.author === "robot" ? t("ticket.robot") : shortName(e.author);
  const who = [author, !resident && e.role && e.role !== "system" && t(`role.${e.role}`, { defaultValue: "" }), resident && t("ticket.resident")].filter(Boolean).join(", ");
  const word = e.what === "comment";
  return (
    <>
      <p className="row wrap headline">
        <b>{word ? (resident ? t("ticket.what.comment") : t(item.internal ? "ticket.toStaff" : "ticket.toResident")) : <Title event={e} now={now} />}</b>
        {item.internal && <span className="chip"><I of={IconEyeOff} size={13} />{t("ticket.hidden")}</span>}
        <span className="t3 s12">{who}</span>
        {from && <span className="t3 s12">{t(`statusShort.${from[0]}`)} → {t(`statusShort.${from[1]}`)}</span>}
      </p>
      {typeof e.data.address_before === "string" && <p className="words t2 s13">{t("ticket.movedTo", { from: e.data.address_before || t("ticket.noPlace"), to: [e.data.address, e.data.premise && t("common.flat", { flat: String(e.data.premise) })].filter(Boolean).join(", ") })}</p>}
      {e.reason && <p className={word ? "words" : "words t2 s13"}>{e.reason}</p>}
    </>
  );
}

function Title({ event: e, now }: { event: TicketEvent; now: number }) {
  const { t } = useTranslation();
  const d = e.data as Record<string, string | number | boolean | null>;
  if ((e.what === "routed" || e.what === "route") && d.organisation) return <>{t("ticket.routedTo", { name: d.organisation }).replace(/«([^«»]*«[^»]*»)»/, "$1")}</>;
  if (e.what === "robot_call") return <>{t("ticket.robotCalled", { result: d.mark ? t("ticket.marked", { mark: d.mark }) : t(`robot.result.${d.result}`, { defaultValue: String(d.result ?? "") }) })}</>;
  if (e.what === "assign" && d.executor) return <>{t("ticket.assignedTo", { name: d.executor })}</>;
  if (e.what === "postpone" && d.until) return <>{t("ticket.postponedUntil", { time: until(String(d.until), now) })}</>;
  if (e.what === "interim" && d.until) return <>{t("ticket.promisedUntil", { time: until(String(d.until), now) })}</>;
  if (e.what === "way_changed") return <>{t("ticket.wayChanged", { way: t(`way.of.${d.after || "asEver"}`, { defaultValue: String(d.after) }) })}</>;
  if (e.what === "mark") return <>{d.not_done ? t("ticket.notDone") : t("ticket.marked", { mark: d.mark })}</>;
  if (e.what === "applicant_joined" && d.name) return <>{t("ticket.joined", { name: d.name })}</>;
  if (e.what === "handed_over") return <>{t("ticket.handedTo", { number: phone(String(d.number)) })}: {t(`ticket.handed.${d.result}`, { defaultValue: String(d.result) })}</>;
  if (e.what === "reminder") return <>{t("ticket.reminded", { about: t(`ticket.about.${d.about}`, { defaultValue: t("reminder.plain") }) })}</>;
  if (e.what === "reminder_taken") return <>{t("ticket.reminderTaken", { about: t(`ticket.about.${d.about}`, { defaultValue: t("reminder.plain") }) })}</>;
  if (e.what === "file_removed" || e.what === "file_restored") return <>{t(`ticket.what.${e.what}`)}: {d.name}</>;
  return <>{t(`ticket.what.${e.what}`, { defaultValue: e.what })}</>;
}

// --- calls ------------------------------------------------------------------------------------------------

function CallLine({ item, of: x, me, keys }: { item: Item; of: Ticket; me: Me; keys: boolean }) {
  const { t } = useTranslation();
  const call = item.call;
  const sound = call?.recording ?? item.recording;
  const seconds = call?.talk_seconds ?? item.recording?.seconds ?? 0;
  const robot = item.event?.what === "robot_call" ? item.event : null;
  const title = robot && <Title event={robot} now={0} />;
  const word = call && !call.talk_seconds ? "ticket.callMissed" : call?.direction.startsWith("out") ? "ticket.callOut" : sound ? "ticket.callIn" : "ticket.callPlain";
  return (
    <>
      <p className="row wrap headline"><b>{title ?? t(word, { time: clock(seconds) })}</b>{call && <span className="t3 s12">{[x.applicant.number === call.number && x.applicant.name && shortName(x.applicant.name), phone(call.number)].filter(Boolean).join(" · ")}</span>}</p>
      {sound && (DESK.has(me.role) || me.role === "inspector" ? <Recorded id={sound.id} caller={x.applicant.name} me={me} keys={keys} /> : <p className="t2 s12">{t("ticket.recordingKept")}</p>)}
    </>
  );
}

function Recorded({ id, caller, me, keys }: { id: number; caller: string; me: Me; keys: boolean }) {
  const recording = useRecording(id);
  if (recording.isPending) return <div style={{ height: 118 }}><Bones count={1} height={90} /></div>;
  if (recording.isError) return <Failed error={recording.error} again={() => void recording.refetch()} />;
  return <div className="heard"><Sound recording={recording.data} caller={caller} operator="" why="ticket" keys={keys} me={me} /></div>;
}

// --- files ------------------------------------------------------------------------------------------------

const fileUrl = (number: string, id: number) => `/api/v1/tickets/${encodeURIComponent(number)}/files/${id}`;

function Files({ of: x, files, me }: { of: Ticket; files: TicketFile[]; me: Me }) {
  const { t } = useTranslation();
  const why = useWhy();
  const fresh = () => queries.invalidateQueries({ queryKey: ["ticket", x.number] });
  const failed = (error: unknown) => say(why(error), { bad: true });
  const path = (f: TicketFile) => `/tickets/${encodeURIComponent(x.number)}/files/${f.id}`;
  const drop = (f: TicketFile) =>
    void remove(path(f)).then(async () => {
      await fresh();
      say(t("ticket.removed", { name: f.name }), { act: { word: t("ticket.undo"), run: () => void post(`${path(f)}/restore`).then(async () => { await fresh(); say(t("ticket.restored")); }, failed) } });
    }, failed);
  const may = (f: TicketFile) => (DESK.has(me.role) || f.author === me.name) && me.role !== "inspector";
  return (
    <ul className="thumbs">
      {files.map((f) => (
        <li key={f.id}>
          <a href={fileUrl(x.number, f.id)} target="_blank" rel="noreferrer" aria-label={t("ticket.open", { name: f.name })} title={f.name}>
            {f.has_thumbnail ? <img src={`${fileUrl(x.number, f.id)}/thumbnail`} alt="" loading="lazy" /> : <span className="nopic"><I of={f.kind === "act" ? IconSignature : IconFile} size={26} /><span className="cut s12">{f.name}</span></span>}
          </a>
          <span className="row s12 t2" style={{ gap: 4 }}>
            <span className="grow cut">{[f.kind === "act" && t("ticket.signedAct"), f.moment && t(`ticket.${f.moment}`), t(f.public ? "ticket.seen" : "ticket.hidden")].filter(Boolean).join(", ")}</span>
            {may(f) && <button type="button" className="btn link" title={t("ticket.remove", { name: f.name })} aria-label={t("ticket.remove", { name: f.name })} onClick={() => drop(f)}><I of={IconTrash} size={14} /></button>}
          </span>
        </li>
      ))}
    </ul>
  );
}
