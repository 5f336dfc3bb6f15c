// A recording: two sides as peaks, space, five seconds by arrows, speed by brackets; and what proves that it is whole.

import { IconAlertTriangle, IconCircleCheck, IconDownload, IconLock, IconLockOpen, IconPlayerPauseFilled, IconPlayerPlayFilled, IconRobot } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useComputedColorScheme } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { get, put } from "@/api/client";
import type { Me, Recording } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { channels, fit } from "@/lib/peaks";
import { follow } from "@/lib/route";
import { clock, dateOnly, exact, hm } from "@/lib/time";
import { queries } from "@/session";
import { ReasonDialog } from "@/ui/dialog";
import { Bones, Btn, Failed, I, Keys } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { Flags, Marks, useMarks } from "./Marks";

const SPEEDS = [0.75, 1, 1.25, 1.5, 2];
const PLAYABLE = new Set(["ready", "short"]);

export const useRecording = (id: number) => useQuery({ queryKey: ["recording", id], queryFn: () => get<Recording>(`/recordings/${id}`) });

export function Player({ id, caller, operator, why = "journal", me, keys = true }: { id: number; caller: string; operator: string; why?: string; me?: Me; keys?: boolean }) {
  const recording = useRecording(id);
  if (recording.isPending) return <div style={{ height: 128 }}><Bones count={1} height={100} /></div>;
  if (recording.isError) return <Failed error={recording.error} again={() => void recording.refetch()} />;
  return <div className="open-call"><Sound recording={recording.data} caller={caller} operator={operator} why={why} keys={keys} me={me} /><Facts recording={recording.data} me={me} /></div>;
}

// What a machine heard in a comment: help to the reader, with its certainty; it is never shown as somebody's own words.
function Heard({ of: it }: { of: NonNullable<Recording["transcript"]> }) {
  const { t } = useTranslation();
  const percent = it.certainty === null ? null : Math.round(it.certainty * 100);
  return (
    <div className="s13" data-part="transcript" title={[it.model, it.problem].filter(Boolean).join(": ")}>
      <p className="row wrap t2 s12" style={{ gap: "2px 12px" }}><I of={IconRobot} size={14} /><span>{t(`player.machine.${it.state}`)}</span>{percent !== null && <span className={percent < 50 ? "soon" : ""}>{t("player.machine.sure", { percent })}</span>}</p>
      {it.text && <p className="words" lang={it.language}>{it.text}</p>}
      {it.text && <p className="t3 s12">{t("player.machine.note")}</p>}
    </div>
  );
}

export function Sound({ recording, caller, operator, why, keys, me }: { recording: Recording; caller: string; operator: string; why: string; keys: boolean; me?: Me }) {
  const { t } = useTranslation();
  const audio = useRef<HTMLAudioElement>(null);
  const [playing, setPlaying] = useState(false);
  const [at, setAt] = useState(0);
  const [speed, setSpeed] = useState(1);
  const [failed, setFailed] = useState(false);
  const seconds = recording.seconds ?? 0;
  const can = PLAYABLE.has(recording.state);
  const marks = useMarks(recording.id, me?.role !== "inspector").data?.items ?? [];
  const toggle = () => {
    if (!can || !audio.current) return;
    if (playing) audio.current.pause();
    else void audio.current.play().catch(() => setFailed(true));
  };
  const seek = (to: number) => {
    const place = Math.max(0, Math.min(seconds, to));
    if (audio.current) audio.current.currentTime = place;
    setAt(place);
  };
  const faster = (by: number) => {
    const next = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, SPEEDS.indexOf(speed) + by))]!;
    if (audio.current) audio.current.playbackRate = next;
    setSpeed(next);
  };
  useKeys({ Space: toggle, ArrowLeft: () => seek(at - 5), ArrowRight: () => seek(at + 5), BracketLeft: () => faster(-1), BracketRight: () => faster(1) }, { when: keys && can });
  return (
    <div className="player">
      <span />
      <div className="row s12 t2 wrap" style={{ gap: "2px 16px" }}>
        <span className="row" style={{ gap: 6 }}><i style={{ width: 10, height: 10, background: "var(--done)", borderRadius: 2 }} />{caller || t("player.caller")}</span>
        <span className="row" style={{ gap: 6 }}><i style={{ width: 10, height: 10, background: "var(--accent)", borderRadius: 2 }} />{operator || t("player.operator")}</span>
        {can && <span className="end row wide-only" style={{ gap: 12 }}><span className="row" style={{ gap: 4 }}><Keys of="← →" calm />{t("player.seconds")}</span><span className="row" style={{ gap: 4 }}><Keys of="[ ]" calm />{t("player.speed", { speed })}</span></span>}
      </div>
      <div className="col" style={{ alignItems: "center" }}>
        <button type="button" className="playbtn" disabled={!can} aria-label={t(playing ? "player.pause" : "player.play")} onClick={toggle}><I of={playing ? IconPlayerPauseFilled : IconPlayerPlayFilled} /></button>
        {can && keys && <span className="t2"><Keys of={t("key.space")} calm /></span>}
      </div>
      <div className="wave">
        <Wave recording={recording} at={seconds ? at / seconds : 0} />
        {can && <input type="range" min={0} max={seconds || 1} step={0.5} value={at} aria-label={t("player.seek")} aria-valuetext={clock(at)} onChange={(e) => seek(Number(e.target.value))} />}
        <Flags marks={marks} seconds={seconds} onGo={seek} />
      </div>
      <span />
      <div className="row s12"><b>{clock(at)}</b>{!can && <span className={recording.state === "recording" ? "accent" : "danger"}>{t(`player.state.${recording.state}`, { defaultValue: recording.state })}{recording.problem && `: ${recording.problem}`}</span>}{failed && <span className="danger" role="alert">{t("player.failed")}</span>}<span className="end t2">{clock(seconds)}</span></div>
      {recording.transcript && <><span /><Heard of={recording.transcript} /></>}
      {can && <><span /><Marks id={recording.id} marks={marks} at={at} me={me} keys={keys} onGo={seek} /></>}
      {can && <audio ref={audio} preload="none" src={`/api/v1/recordings/${recording.id}/audio?why=${why}`} onPlay={() => setPlaying(true)} onPause={() => setPlaying(false)} onEnded={() => setPlaying(false)} onTimeUpdate={(e) => setAt(e.currentTarget.currentTime)} onError={() => setFailed(true)} />}
    </div>
  );
}

function Wave({ recording, at }: { recording: Recording; at: number }) {
  const { t } = useTranslation();
  const canvas = useRef<HTMLCanvasElement>(null);
  const scheme = useComputedColorScheme("light");
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const box = canvas.current!;
    const watcher = new ResizeObserver(() => setWidth(box.clientWidth));
    watcher.observe(box);
    return () => watcher.disconnect();
  }, []);
  useEffect(() => {
    const box = canvas.current;
    if (!box || !width) return;
    const height = box.clientHeight;
    const ratio = devicePixelRatio || 1;
    box.width = width * ratio;
    box.height = height * ratio;
    const g = box.getContext("2d")!;
    g.scale(ratio, ratio);
    const css = getComputedStyle(document.documentElement);
    const colour = (name: string) => css.getPropertyValue(name).trim();
    const middle = height / 2;
    const bars = Math.floor(width / 4);
    const [caller, operator] = channels(recording.peaks).map((c) => fit(c, bars)) as [number[], number[]];
    g.fillStyle = colour("--accent-soft");
    g.fillRect(0, 0, width * at, height);
    const draw = (values: number[], tone: string, up: boolean) => {
      g.fillStyle = tone;
      const step = width / Math.max(1, values.length);
      values.forEach((v, i) => {
        const size = Math.max(1.5, v * (middle - 6));
        g.globalAlpha = i * step < width * at || at === 0 ? 1 : 0.55;
        g.fillRect(i * step, up ? middle - 1 - size : middle + 1, Math.min(2.5, step * 0.7), size);
      });
      g.globalAlpha = 1;
    };
    draw(caller, colour("--done"), true);
    draw(operator, colour("--accent"), false);
    g.fillStyle = colour("--t1");
    if (at > 0) g.fillRect(width * at - 1, 0, 2, height);
  }, [recording.peaks, at, width, scheme]);
  return <canvas ref={canvas} role="img" aria-label={t("player.wave")} />;
}

function Facts({ recording: r, me }: { recording: Recording; me?: Me }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const leader = me?.role === "supervisor" || me?.role === "administrator";
  const whole = r.state === "ready";
  const last = r.listenings.at(-1);
  const hold = (reason: string) =>
    put<Recording>(`/recordings/${r.id}/hold`, { hold: !r.legal_hold, reason }).then((next) => { queries.setQueryData(["recording", r.id], { ...r, ...next }); say(t("player.done")); }, (e) => { say(String((e as Error).message), { bad: true }); throw e; });
  return (
    <div className="col" style={{ gap: 8 }}>
      <dl className="facts">
        <dt>{t("player.whole")}</dt>
        <dd className={whole ? "" : r.state === "recording" ? "accent" : "danger"}><span className="row" style={{ gap: 4 }}><I of={whole ? IconCircleCheck : IconAlertTriangle} size={14} className={whole ? "done" : ""} />{r.seconds !== null && r.expected_seconds !== null ? t("player.of", { part: clock(r.seconds), whole: clock(r.expected_seconds) }) : t(`player.state.${r.state}`, { defaultValue: r.state })}</span></dd>
        <dt>{t("player.ticket")}</dt>
        <dd>{r.ticket_numbers.length ? r.ticket_numbers.map((n) => <a key={n} href={`/tickets/${n}`} onClick={follow(`/tickets/${n}`)} style={{ marginRight: 6, textDecoration: "underline" }}>{n}</a>) : t("player.none")}</dd>
        <dt>{t("player.keep")}</dt>
        <dd>{r.legal_hold ? t("player.held", { reason: r.hold_reason }) : r.delete_after ? t("player.keepUntil", { date: dateOnly(r.delete_after) }) : t("player.keepAlways")}</dd>
        <dt>{t("player.heard")}</dt>
        <dd title={r.listenings.map((l) => `${l.who}, ${exact(l.at)}`).join("\n")}>{last ? `${last.who}, ${hm(last.at)}${r.listenings.length > 1 ? ` +${r.listenings.length - 1}` : ""}` : t("player.nobody")}</dd>
        <dt>{t("player.print")}</dt>
        <dd title={r.sha256}>{r.sha256 ? `${r.sha256.slice(0, 4)}…${r.sha256.slice(-4)}` : "—"}</dd>
      </dl>
      {PLAYABLE.has(r.state) && (
        <div className="row wrap">
          <a className="btn small" href={`/api/v1/recordings/${r.id}/audio?why=download`} download><I of={IconDownload} size={16} />{t("player.download")}</a>
          {leader && <Btn size="small" icon={r.legal_hold ? IconLockOpen : IconLock} onClick={() => setAsking(true)}>{t(r.legal_hold ? "player.release" : "player.hold")}</Btn>}
        </div>
      )}
      {asking && <ReasonDialog title={t(r.legal_hold ? "player.releaseTitle" : "player.holdTitle")} lead={t("player.holdReason")} act={t(r.legal_hold ? "player.release" : "player.hold")} onClose={() => setAsking(false)} onSend={hold} />}
    </div>
  );
}
