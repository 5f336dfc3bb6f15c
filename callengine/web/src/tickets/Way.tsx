// The way of a ticket through the thirteen statuses: nine in a row, four beside the step that they hang at.

import { IconCheck } from "@tabler/icons-react";
import { useLayoutEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import type { Ticket } from "@/api/types";
import { useNow } from "@/lib/clock";
import { dayMonth, dayOf, exact, hm, span } from "@/lib/time";
import { I } from "@/ui/pieces";
import { STATUS_PICTURES } from "./statuses";
import { entered } from "./storyItems";

const WAY = ["from_cabinet", "unassigned", "awaiting_acceptance", "no_executor", "executor_assigned", "in_progress", "awaiting_centre", "awaiting_client", "closed"];
const BESIDE: Record<string, string> = { awaiting_acceptance: "declined", in_progress: "needs_rework", awaiting_client: "conflict", closed: "cancelled" };
const HANGS_AT = Object.fromEntries(Object.entries(BESIDE).map(([step, side]) => [side, step]));

export function Way({ of: x }: { of: Ticket }) {
  const { t } = useTranslation();
  const now = useNow();
  const times = entered(x);
  const at = WAY.indexOf(HANGS_AT[x.status] ?? x.status);
  const time = (s: string) => times[s] && (dayOf(times[s]) === dayOf(now) ? hm(times[s]) : `${dayMonth(times[s])} ${hm(times[s])}`);
  const box = useRef<HTMLDivElement>(null);
  // On a narrow screen the step that counts stands in sight.
  useLayoutEffect(() => {
    const step = box.current?.querySelector<HTMLElement>("li.current, li:has(.here)");
    if (step && box.current) box.current.scrollLeft = step.offsetLeft - box.current.clientWidth / 2 + step.offsetWidth / 2;
  }, [x.status]);
  return (
    <div ref={box} className="card waybox" tabIndex={0} role="group" aria-label={t("ticket.way")}>
      <ol className="steps">
        {WAY.map((s, i) => {
          const here = x.status === s;
          const reached = i < at || x.status === "closed";
          const done = reached && Boolean(times[s]);
          const skipped = reached && !times[s];
          const side = BESIDE[s];
          const sideHere = side === x.status;
          const state = here && s !== "closed" ? "current" : skipped ? "skipped" : done || sideHere ? "done" : "";
          return (
            <li key={s} className={state} aria-current={here ? "step" : undefined}>
              <span className="dot"><I of={state === "done" ? IconCheck : STATUS_PICTURES[s]!} size={14} /></span>
              <span className="name">{t(`status.${s}`)}</span>
              <span className="time" title={times[s] && exact(times[s])}>{here && times[s] && s !== "closed" ? t("ticket.here", { time: time(s), span: span((now - Date.parse(times[s])) / 1000).replace(/ /g, "\u00a0") }) : time(s) || (skipped ? "—" : "")}</span>
              {side && <span className={`beside${sideHere ? " here" : times[side] ? " was" : ""}`} aria-current={sideHere ? "step" : undefined}><I of={STATUS_PICTURES[side]!} size={13} />{t(`statusShort.${side}`)}{times[side] && <span title={exact(times[side])}> {time(side)}</span>}</span>}
            </li>
          );
        })}
      </ol>
    </div>
  );
}
