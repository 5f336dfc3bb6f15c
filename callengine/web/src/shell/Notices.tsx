// What a supervisor must know of the PBX before he believes a figure: no link, a wrong clock, a stretch unseen.

import { IconAlertTriangle, IconClockExclamation, IconMicrophoneOff, IconPlugConnectedX, type Icon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Interval, Me, Page, PbxHealth, UnclaimedRecording } from "@/api/types";
import { serverNow, useNow } from "@/lib/clock";
import { unseen, type Unseen } from "@/lib/coverage";
import { hm, span } from "@/lib/time";
import { useBoard } from "@/session";
import { Unclaimed } from "@/calls/Unclaimed";
import { Btn, I } from "@/ui/pieces";

const WATCHES = new Set(["supervisor", "administrator"]);
const LATELY = 3_600_000;
const NEWS = 3 * 86_400_000; // so long a file that was set aside is news; the list of all opens from the calls
const SLOW = 10; // seconds without a link before it is worth a banner
const CLOCK_OFF = 30; // seconds; the engine's own threshold for telling it

export function Notices({ me }: { me: Me }) {
  return WATCHES.has(me.role) ? <PbxNotices /> : null;
}

function PbxNotices() {
  const { t } = useTranslation();
  const now = useNow();
  const pbx = useBoard().data?.pbx ?? [];
  const states = pbx.map((p) => `${p.name} ${p.state}`).join();
  const seen = useQuery({
    queryKey: ["coverage", "lately", states],
    queryFn: () => get<Page<Interval>>("/coverage", { from: new Date(serverNow() - LATELY).toISOString() }),
    refetchInterval: 60_000,
  });
  const off = pbx.filter((p) => (p.state === "down" || p.state === "refused") && (now - Date.parse(p.since)) / 1000 >= SLOW);
  const wrong = pbx.filter((p) => Math.abs(p.skew_seconds ?? 0) >= CLOCK_OFF);
  const gaps = unseen(seen.data?.items ?? []);
  const asides = useQuery({ queryKey: ["unclaimed"], queryFn: () => get<Page<UnclaimedRecording>>("/recordings/unclaimed"), refetchInterval: 600_000 });
  const aside = (asides.data?.items ?? []).filter((one) => now - Date.parse(one.set_aside_at) < NEWS);
  const [sorting, setSorting] = useState(false);
  // Who sorts them goes on with it, whatever is news meanwhile.
  const sorted = sorting && <Unclaimed onClose={() => setSorting(false)} />;
  const quiet = !off.length && !wrong.length && !gaps.length && !aside.length;
  return <>{quiet ? null : (
    <section className="notices" aria-label={t("notice.label")}>
      {off.map((p) => <Off key={`off ${p.name}`} of={p} now={now} />)}
      {gaps.map((g) => <Gap key={`gap ${g.pbx} ${g.from}`} of={g} />)}
      {aside.length > 0 && <Aside of={aside} onSort={() => setSorting(true)} />}
      {wrong.map((p) => <Clock key={`clock ${p.name}`} of={p} />)}
    </section>
  )}{sorted}</>;
}

function Line({ picture, tone, words, under, children }: { picture: Icon; tone: "danger" | "soon"; words: string; under: string; children?: ReactNode }) {
  return (
    <div className={`notice ${tone}`} role="status">
      <I of={picture} className={tone} />
      <p><b>{words}</b> <span className="t2">{under}</span></p>
      {children}
    </div>
  );
}

function Off({ of, now }: { of: PbxHealth; now: number }) {
  const { t } = useTranslation();
  const refused = of.state === "refused";
  const words = t(refused ? "notice.refused" : "notice.down", { name: of.name, time: hm(of.since), span: span((now - Date.parse(of.since)) / 1000) });
  return <Line picture={IconPlugConnectedX} tone="danger" words={words} under={`${t("notice.ledger")}${of.problem ? ` (${of.problem})` : ""}`} />;
}

function Gap({ of }: { of: Unseen }) {
  const { t } = useTranslation();
  return <Line picture={IconAlertTriangle} tone="soon" words={t("notice.gap", { name: of.pbx, from: hm(of.from), to: hm(of.to) })} under={t("notice.gapUnder")} />;
}

function Aside({ of, onSort }: { of: UnclaimedRecording[]; onSort: () => void }) {
  const { t } = useTranslation();
  const names = of.slice(0, 4).map((one) => `${one.pbx}/${one.file_name}`).join(", ");
  return <Line picture={IconMicrophoneOff} tone="soon" words={t("notice.unclaimed", { count: of.length })} under={t("notice.unclaimedUnder", { names: of.length > 4 ? `${names}…` : names })}><Btn size="small" onClick={onSort}>{t("unclaimed.sort")}</Btn></Line>;
}

function Clock({ of }: { of: PbxHealth }) {
  const { t } = useTranslation();
  const skew = of.skew_seconds ?? 0;
  const words = t(skew > 0 ? "notice.clockAhead" : "notice.clockBehind", { name: of.name, span: span(skew) });
  return <Line picture={IconClockExclamation} tone="soon" words={words} under={t("notice.clockUnder")} />;
}
