// The calls behind a duty or an exception: each with its player, and the tries in order.

import { useQueries, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { CallDetail, DutyDetail, Me } from "@/api/types";
import { outcomeOf, OpenedCall, who } from "@/calls/CallRow";
import { useNow } from "@/lib/clock";
import { phone, shortName } from "@/lib/phone";
import { clock, exact, hms } from "@/lib/time";
import { Dialog } from "@/ui/dialog";
import { At, Bones, Btn, Failed, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import type { Opened } from "./Callbacks";
import { leftOf, reopenAll } from "./several";

export function CallsDialog({ opened, me, onClose }: { opened: Opened; me: Me; onClose: () => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const [at, setAt] = useState<number | null>(null);
  const duty = useQuery({ queryKey: ["duty", opened.dutyId], enabled: opened.dutyId !== null, queryFn: () => get<DutyDetail>(`/callbacks/${opened.dutyId}`) });
  const ids = [...new Set([...opened.callIds, ...(duty.data?.attempts.map((a) => a.call_id).filter((id) => id !== null) ?? [])])];
  const calls = useQueries({ queries: ids.map((id) => ({ queryKey: ["call", id], queryFn: () => get<CallDetail>(`/calls/${id}`) })) });
  const leader = me.role === "supervisor" || me.role === "administrator";
  const reopen = (id: number) =>
    void reopenAll([id]).then((done) => {
      const left = leftOf(done, [], (key, values) => t(key, values));
      say(left[0] ? `${t("bulk.notBack")}: ${left[0].why}` : t("bulk.back", { count: 1 }), { bad: left.length > 0 });
    }, (error) => say(why(error), { bad: true }));
  return (
    <Dialog title={t("board.callsOf", { title: opened.title })} onClose={onClose} size={980}>
      {ids.length === 0 && !duty.isFetching && <p className="t2 s13">{t("board.noCalls")}</p>}
      <ul className="col" style={{ gap: 0 }}>
        {calls.map((call, i) => {
          if (call.isPending) return <li key={ids[i]}><Bones count={1} height={28} /></li>;
          if (call.isError) return <li key={ids[i]}><Failed error={call.error} again={() => void call.refetch()} /></li>;
          const c = call.data;
          const [word, picture, tone] = outcomeOf(c);
          return (
            <li key={c.id} style={{ borderBottom: "1px solid var(--line)" }}>
              <button type="button" className="row s13" style={{ width: "100%", border: 0, background: "none", padding: "9px 0", cursor: "pointer", textAlign: "left" }} aria-expanded={at === c.id} onClick={() => setAt(at === c.id ? null : c.id)}>
                <At at={c.arrived_at} now={now} className="t2" /><I of={picture} size={16} className={tone} /><span>{t(`outcome.${word}`, { defaultValue: word })}</span><b>{phone(c.number) || t("call.withheld")}</b><span className="t2 cut">{who(c, t("call.unknown"))}</span><span className="end t3">{shortName(c.operator_name)} {c.talk_seconds ? clock(c.talk_seconds) : ""}</span>
              </button>
              {at === c.id && <OpenedCall call={c} me={me} keys={false} />}
            </li>
          );
        })}
      </ul>
      {duty.data && (
        <section className="col" style={{ marginTop: 12, gap: 4 }}>
          <h3 className="b s13 t2">{t("board.attemptsOf")}</h3>
          <ol className="col s13">
            {duty.data.attempts.map((a) => <li key={a.at} className="row"><time className="t3" title={exact(a.at)}>{hms(a.at)}</time>{shortName(a.staff_name) || a.operator}<span className="t2">{t(`board.attempt.${a.result || "unknown"}`, { defaultValue: a.result })}</span></li>)}
          </ol>
          {duty.data.settled_at && <p className="s13 row"><time className="t3" title={exact(duty.data.settled_at)}>{hms(duty.data.settled_at)}</time>{duty.data.close_reason || t("calls.settled")} <span className="t2">{shortName(duty.data.settled_by_name)}</span>{duty.data.state === "closed" && leader && <Btn size="small" className="end" onClick={() => reopen(duty.data.id)}>{t("bulk.reopen")}</Btn>}</p>}
        </section>
      )}
    </Dialog>
  );
}
