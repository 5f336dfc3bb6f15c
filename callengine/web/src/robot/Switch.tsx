// The switch of the robot: how it stands, and one press that stops every call of it at once; the same press starts it again.

import { IconHandStop, IconPlayerPlayFilled, IconRefresh, IconRobot, IconRobotOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { get, post } from "@/api/client";
import type { RobotState } from "@/api/types";
import { useNow } from "@/lib/clock";
import { queries } from "@/session";
import { usePolling } from "./news";
import { At, Btn, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

export function Switch({ leads }: { leads: boolean }) {
  const { t } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const [busy, setBusy] = useState(false);
  const turning = useRef(false);
  const found = useQuery({ queryKey: ["outreach", "switch"], queryFn: () => get<RobotState>("/outreach"), refetchInterval: usePolling(5_000) });
  const turn = (to: "halt" | "resume") => {
    if (turning.current) return;
    turning.current = true;
    setBusy(true);
    post<RobotState>(`/outreach/${to}`, to === "halt" ? {} : undefined).then(
      async (state) => {
        // An answer that is still on its way tells how it stood before.
        await queries.cancelQueries({ queryKey: ["outreach", "switch"] });
        queries.setQueryData(["outreach", "switch"], state);
        void queries.invalidateQueries({ queryKey: ["campaigns"] });
        say(t(`robot.switch.${to}Done`), { act: { word: t("robot.undo"), run: () => turn(to === "halt" ? "resume" : "halt") } });
      },
      (e) => say(why(e), { bad: true }),
    ).finally(() => { turning.current = false; setBusy(false); });
  };
  const state = found.data;
  const halted = state?.halted ?? false;
  return (
    <section className={halted ? "rbswitch halted" : "rbswitch"} aria-label={t("robot.switch.title")}>
      <span className="rbface"><I of={halted ? IconRobotOff : IconRobot} size={22} /></span>
      <div className="grow" role="status">
        {found.isPending ? <p className="t3 s13">{t("list.loading")}</p> : !state ? <p className="danger s13">{why(found.error)}</p> : halted ? (
          <><p className="b">{t("robot.switch.halted")}</p><p className="t2 s12">{state?.halted_at && <At at={state.halted_at} now={now} />}{state?.halted_by && `, ${state.halted_by}`}{state?.reason && `: ${state.reason}`}. {t("robot.switch.haltedLead")}</p></>
        ) : <><p className="b">{t("robot.switch.works")}</p><p className="t2 s12">{state && state.under_way > 0 ? t("robot.switch.underWay", { count: state.under_way }) : t("robot.switch.worksLead")}</p></>}
      </div>
      {found.isError && <span className="rbunknown">{state && <span className="danger s12" role="status">{t("robot.stale")}</span>}<Btn size="small" icon={IconRefresh} onClick={() => void found.refetch()}>{t("list.repeat")}</Btn></span>}
      {leads && state && (halted
        ? <Btn look="primary" size="main" icon={IconPlayerPlayFilled} disabled={busy} onClick={() => turn("resume")}>{t("robot.switch.resume")}</Btn>
        : <Btn look="red" size="main" icon={IconHandStop} disabled={busy} onClick={() => turn("halt")}>{t("robot.switch.halt")}</Btn>)}
    </section>
  );
}
