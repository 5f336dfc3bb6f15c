// What an executor has not acknowledged yet, and the switch of pushes on his telephone.

import { IconBell, IconBellOff, IconCheck } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { get, post } from "@/api/client";
import type { Notice, Page } from "@/api/types";
import { follow } from "@/lib/route";
import { endPushes, pushes, takePushes, type Pushes } from "@/lib/push";
import { queries } from "@/session";
import { Btn, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

/** The jobs whose ladder still climbs: a press here ends it. */
export function ToAcknowledge() {
  const { t } = useTranslation();
  const why = useWhy();
  const mine = useQuery({ queryKey: ["notices", "mine"], queryFn: () => get<Page<Notice>>("/notices/mine"), refetchInterval: 30_000 });
  const took = useMutation({
    mutationFn: (id: number) => post<Notice>(`/notices/${id}/acknowledge`, { how: "page" }),
    onError: (error) => say(why(error), { bad: true }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["notices", "mine"] }),
  });
  const waiting = mine.data?.items ?? [];
  if (waiting.length === 0) return null;
  return (
    <ul className="jobs" aria-label={t("work.toAcknowledge")}>
      {waiting.map((one) => (
        <li key={one.id} className={one.danger ? "card job red" : "card job"}>
          <a href={`/work/${one.ticket_number}`} onClick={follow(`/work/${one.ticket_number}`)}><b className="what">{one.subject}</b><span>{one.text}</span></a>
          <Btn look="primary" className="main" icon={IconCheck} disabled={took.isPending} onClick={() => took.mutate(one.id)}>{t("work.took")}</Btn>
        </li>
      ))}
    </ul>
  );
}

export function PushSwitch() {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const [state, set] = useState<Pushes>("unable");
  useEffect(() => void pushes().then(set), []);
  const turn = useMutation({
    mutationFn: async () => (state === "on" ? (await endPushes(), "off" as const) : takePushes(i18n.language)),
    onSuccess: (now) => { set(now); if (now === "blocked") say(t("work.pushBlocked"), { bad: true }); },
    onError: (error) => say(why(error), { bad: true }),
  });
  if (state === "unable" || state === "blocked") return null;
  const on = state === "on";
  return <Btn icon={on ? IconBell : IconBellOff} aria-pressed={on} aria-label={t("work.pushes")} title={t("work.pushes")} disabled={turn.isPending} onClick={() => turn.mutate()} />;
}
