// The bar: own state, who waits, the nearest callback, the search, the links with the age of the data, the clock, the name.

import { Menu } from "@mantine/core";
import { IconCoffee, IconHeadset, IconKey, IconLogout, IconPencil, IconPhone, IconPhoneCalling, IconPhoneIncoming, IconPhoneOutgoing, IconPhonePause, IconPlugConnected, IconPlugConnectedX, IconPower, IconSearch, IconUsers, type Icon } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { live } from "@/api/live";
import type { Board, Me } from "@/api/types";
import { useNow } from "@/lib/clock";
import { initials, shortName } from "@/lib/phone";
import { clock, countdown, dayName, hm, span } from "@/lib/time";
import { mine } from "@/mine";
import { signOut, useBoard, useDuties } from "@/session";
import { I, Keys } from "@/ui/pieces";
import { setLanguage } from "@/words";
import { Bell, isReminded } from "./Reminders";
import { TellMe } from "./TellMe";
import { Password } from "./Password";

const STATES: Record<string, Icon> = { ready: IconHeadset, pause: IconCoffee, after_call: IconPencil, offline: IconPower, ringing: IconPhoneIncoming, talking: IconPhoneCalling, hold: IconPhonePause, dialling: IconPhoneOutgoing };

export function Bar({ me, onFind, onState, onDialNext, centre }: { me: Me; onFind: () => void; onState: () => void; onDialNext: () => void; centre: boolean }) {
  const { t } = useTranslation();
  return (
    <section className="bar" aria-label={t("bar.label")}>
      {centre && <><OwnState me={me} onState={onState} /><Waiting /><Nearest onDialNext={onDialNext} /></>}
      {centre ? (
        <div className="cell find">
          <button type="button" className="findbox" onClick={onFind} aria-keyshortcuts="Control+K">
            <I of={IconSearch} size={16} /><span className="words cut">{t("bar.search")}</span><span className="end"><Keys of="Ctrl K" calm /></span>
          </button>
        </div>
      ) : <div className="grow" />}
      {isReminded(me) && <Bell me={me} look="cell" />}
      {centre ? <PbxLink /> : <Line />}
      <Person me={me} />
    </section>
  );
}

function OwnState({ me, onState }: { me: Me; onState: () => void }) {
  const { t } = useTranslation();
  const now = useNow();
  const own = mine.use();
  const board = useBoard().data;
  const call = own?.phase === "after" ? null : own;  // after it the engine says what he does, and for how long
  const state = call ? call.phase : me.state;
  const since = call ? call.since : me.state_since ? Date.parse(me.state_since) : null;
  const word = !call && me.extension === null ? t("state.supervising") : t(`state.${state}`);
  const under =
    me.extension === null ? t("state.online", { count: board?.signed_in ?? 0 }) : call ? t(`state.${me.state}`) : state === "ready" ? t("state.online", { count: board?.signed_in ?? 0 }) : t("state.pressReady");
  return (
    <button type="button" className="cell" onClick={onState} aria-keyshortcuts="F8" title={me.state === "ready" ? t("state.goPause") : t("state.goReady")} disabled={me.extension === null}>
      <span className={`statebox ${state}`}><I of={STATES[state] ?? IconPhone} /></span>
      <span><span className="big">{word}{since !== null && state !== "offline" && <b> {clock((now - since) / 1000)}</b>}</span><br /><span className="small">{under}</span></span>
      {me.extension !== null && <Keys of="F8" calm />}
    </button>
  );
}

function Waiting() {
  const { t } = useTranslation();
  const now = useNow();
  const board = useBoard().data;
  if (!board) return <div className="cell"><I of={IconUsers} size={20} className="t3" /><span className="big">—</span></div>;
  const since = board.longest_wait_since;
  return (
    <div className="cell">
      <I of={IconUsers} size={20} className="t3" />
      <span><span className="big">{t("bar.waiting", { count: board.waiting })}</span><br />
        <span className="small">{board.waiting && since ? t("bar.longest", { time: clock((now - Date.parse(since)) / 1000) }) : t("bar.queueEmpty")}</span></span>
    </div>
  );
}

function Nearest({ onDialNext }: { onDialNext: () => void }) {
  const { t } = useTranslation();
  const now = useNow();
  const duties = useDuties().data?.items;
  const board = useBoard().data;
  const due = duties ? duties[0]?.due_at : board?.nearest_due_at;
  const count = duties?.length ?? board?.duties ?? 0;
  const left = due ? (Date.parse(due) - now) / 1000 : null;
  const tone = left === null ? "" : left < 60 ? "danger" : left < 120 ? "soon" : "";
  return (
    <button type="button" className="cell" onClick={onDialNext} aria-keyshortcuts="F9">
      <I of={IconPhoneOutgoing} size={20} className={tone || "t3"} />
      <span><span className={`big ${tone}`}>{due ? countdown(due, now) : "—"}</span><br />
        <span className="small">{left === null ? t("bar.nobody") : t(left < 0 ? "bar.late" : "bar.toCallback", { count })}</span></span>
      <Keys of="F9" calm />
    </button>
  );
}

/** Who is not at the centre is told of the PBX nothing: only whether his own page hears the engine. */
function Line() {
  const { t } = useTranslation();
  useNow();
  const link = live.link.use();
  if (link.state !== "lost") return null;
  return <div className="cell link lost" role="status"><I of={IconPlugConnectedX} className="danger" /><span><span className="big s13">{t("bar.linkLost")}</span><br /><span className="small">{t("bar.linkLostFor", { span: span((Date.now() - link.since) / 1000) })}</span></span></div>;
}

/** When the PBX that was silent the longest was last heard: the board's own time says only that the engine lives. */
const freshAt = (board: Board): number =>
  Math.min(Date.parse(board.data_at), ...board.pbx.flatMap((p) => (p.state === "up" && p.seen_at ? [Date.parse(p.seen_at)] : [])));

function PbxLink() {
  const { t } = useTranslation();
  const now = useNow();
  const link = live.link.use();
  const board = useBoard().data;
  const age = board ? Math.max(0, (now - freshAt(board)) / 1000) : 0;
  if (link.state === "lost") return <Line />;
  const bad = board?.pbx.find((p) => p.state === "down" || p.state === "refused");
  const waits = board?.pbx.find((p) => p.state === "connecting");
  const words = bad ? t(bad.state === "down" ? "bar.pbxDown" : "bar.pbxRefused") : waits || !board ? t("bar.pbxConnecting") : t("bar.pbxUp");
  return (
    <div className={bad ? "cell link lost" : "cell link"} role="status" title={bad?.problem || undefined}>
      <I of={bad ? IconPlugConnectedX : IconPlugConnected} className={bad ? "danger" : waits ? "soon" : "done"} />
      <span><span className="big s13" style={{ fontSize: 13 }}>{words}</span><br />
        <span className="small" aria-hidden>{bad ? t("bar.age", { span: span((now - Date.parse(bad.since)) / 1000) }) : age < 3 ? t("bar.fresh") : t("bar.age", { span: span(age) })}</span></span>
    </div>
  );
}

function Person({ me }: { me: Me }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const other = i18n.language === "ru" ? "en" : "ru";
  const [changing, setChanging] = useState(false);
  const own = useRef<HTMLButtonElement>(null);
  return (
    <>
    <Menu position="bottom-end" radius={8} transitionProps={{ duration: 0 }} withinPortal={false} floatingStrategy="fixed" withInitialFocusPlaceholder={false} returnFocus>
      <Menu.Target>
        <button ref={own} type="button" className="cell last">
          <span className="sr">{t("bar.person", { name: me.name })}</span>
          <span className="num wide-only" aria-hidden><span className="big">{hm(now)}</span><br /><span className="small">{dayName(now)}</span></span>
          <span className="face" aria-hidden>{initials(me.name)}</span>
          <span className="wide-only" aria-hidden><span className="big" style={{ fontSize: 13 }}>{shortName(me.name)}</span><br /><span className="small">{t(`role.${me.role}`)}{me.extension ? ` ${me.extension}` : ""}</span></span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{me.name} · {t(`role.${me.role}`)}</Menu.Label>
        <Menu.Item onClick={() => setLanguage(other)}>{other === "ru" ? "Русский" : "English"}</Menu.Item>
        <Menu.Item leftSection={<I of={IconKey} size={16} />} onClick={() => setChanging(true)}>{t("sign.change")}</Menu.Item>
        <TellMe me={me} />
        <Menu.Item leftSection={<I of={IconLogout} size={16} />} onClick={() => void signOut(me.id)}>{t("sign.out")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
    {changing && <Password login={me.login} onClose={() => { setChanging(false); own.current?.focus(); }} />}
    </>
  );
}
