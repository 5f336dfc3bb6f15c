// What an executor has not acknowledged yet, and the switch of pushes on his telephone.

import { IconBell, IconBellOff, IconBellX, IconCheck } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { get, post } from "@/api/client";
import type { Me, Notice, Page } from "@/api/types";
import { follow } from "@/lib/route";
import { staffTaker } from "@/lib/push";
import { usePushes } from "@/lib/usePushes";
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

/** Where the browser has said no, a press says what to do about it. */
export function PushSwitch({ me }: { me: Me }) {
  const { t } = useTranslation();
  const { state, busy, problem, turn } = usePushes(staffTaker(me.id));
  useEffect(() => { if (problem) say(problem, { bad: true }); }, [problem]);
  if (state === null) return null;
  const on = state === "on";
  const cannot = state === "blocked" || state === "unable" || state === "insecure";
  const press = () => { if (cannot) say(t(`push.${state}`), { bad: true }); else turn(); };
  return <Btn icon={on ? IconBell : state === "lost" ? IconBellX : IconBellOff} aria-pressed={on} aria-label={t("push.title")} title={t(`push.${state}`)} disabled={busy} onClick={press} />;
}
