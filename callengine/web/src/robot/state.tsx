// How a campaign stands, and what may be done about it at once.

import { IconHandStop, IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { post } from "@/api/client";
import type { Campaign, CampaignProgress } from "@/api/types";
import { queries } from "@/session";
import { Dialog } from "@/ui/dialog";
import { Btn, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { number } from "./parts";

const TONES: Record<string, string> = { filling: "", running: "done", paused: "soon", stopped: "", finished: "" };

export function StateChip({ of }: { of: string }) {
  const { t } = useTranslation();
  return <span className={`chip ${TONES[of] ?? ""}`}>{t(`robot.campaign.states.${of}`, { defaultValue: of })}</span>;
}

export const left = (p: CampaignProgress): number => (p.states.waiting ?? 0) + (p.states.calling ?? 0);

/** The name that a person gave it; a standing one is called by what it does. */
export function useName(): (of: Campaign) => string {
  const { t } = useTranslation();
  return (x) => (x.standing ? t(x.danger ? "robot.campaign.standingDanger" : "robot.campaign.standing", { kind: t(`robot.kind.${x.kind}`) }) : x.name);
}

/** Called, and of these answered, in one bar. */
export function Bar({ of: p }: { of: CampaignProgress }) {
  const { t } = useTranslation();
  const part = (n: number) => `${p.total ? (100 * n) / p.total : 0}%`;
  return (
    <span className="rbbar" role="img" aria-label={t("robot.campaign.barIs", { called: number(p.settled), total: number(p.total), reached: number(p.reached) })}>
      <i className="reached" style={{ width: part(p.reached) }} /><i className="called" style={{ width: part(Math.max(0, p.settled - p.reached)) }} />
    </span>
  );
}

export function Acts({ of: x, small = false }: { of: Campaign; small?: boolean }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [busy, setBusy] = useState(false);
  const turning = useRef(false);
  const [asking, setAsking] = useState(false);
  const size = small ? "small" : "normal";
  const turn = (to: "pause" | "resume" | "stop") => {
    if (turning.current) return Promise.resolve();
    turning.current = true;
    setBusy(true);
    return post<Campaign>(`/campaigns/${x.id}/${to}`).then(
      () => say(t(`robot.campaign.${to}Done`), to === "stop" ? {} : { act: { word: t("robot.undo"), run: () => void turn(to === "pause" ? "resume" : "pause") } }),
      (e) => say(why(e), { bad: true }),
    ).finally(() => { turning.current = false; setBusy(false); void queries.invalidateQueries({ queryKey: ["campaigns"] }); });
  };
  const running = x.state === "running";
  const over = !running && x.state !== "paused" && x.state !== "filling";
  if (over && !asking) return null;
  return (
    <span className="row rbacts" onClick={(e) => e.stopPropagation()}>
      {!over && x.state !== "filling" && <Btn size={size} icon={running ? IconPlayerPause : IconPlayerPlay} disabled={busy} onClick={() => void turn(running ? "pause" : "resume")}>{t(running ? "robot.campaign.pause" : "robot.campaign.resume")}</Btn>}
      {!over && !x.standing && <Btn size={size} icon={IconHandStop} disabled={busy} onClick={() => setAsking(true)}>{t("robot.campaign.stop")}</Btn>}
      {asking && (
        <Dialog title={t("robot.campaign.stopTitle", { name: x.name })} onClose={() => setAsking(false)}>
          <div className="col" style={{ gap: 12 }}>
            {over ? <p className="t2" role="status">{t("robot.campaign.overMeanwhile", { state: t(`robot.campaign.states.${x.state}`), name: x.changed_by })}</p> : <p className="t2">{t("robot.campaign.stopLead", { count: left(x.progress) })}</p>}
            <div className="row wrap">
              {!over && <Btn look="red" size="main" disabled={busy} onClick={() => void turn("stop").then(() => setAsking(false))}>{t("robot.campaign.stopDo")}</Btn>}
              {running && <Btn size="main" disabled={busy} icon={IconPlayerPause} onClick={() => { setAsking(false); void turn("pause"); }}>{t("robot.campaign.pauseInstead")}</Btn>}
              <Btn size="main" keys="Esc" onClick={() => setAsking(false)}>{t(over ? "common.close" : "common.cancel")}</Btn>
            </div>
          </div>
        </Dialog>
      )}
    </span>
  );
}
