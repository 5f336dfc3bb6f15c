// Who else called about the same ticket, each with his call; a joining made by mistake is taken back.

import { IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get, post, remove } from "@/api/client";
import type { JoinTicket, Page, TicketJoined } from "@/api/types";
import { useNow } from "@/lib/clock";
import { phone } from "@/lib/phone";
import { follow } from "@/lib/route";
import { queries } from "@/session";
import { At, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

export function JoinedApplicants({ number }: { number: string }) {
  const { t } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const path = `/tickets/${encodeURIComponent(number)}/applicants`;
  const joined = useQuery({ queryKey: ["ticket", number, "applicants"], queryFn: () => get<Page<TicketJoined>>(path) });
  const items = joined.data?.items ?? [];
  if (!items.length) return null;
  const fresh = () => queries.invalidateQueries({ queryKey: ["ticket", number] });
  const failed = (e: unknown) => say(why(e), { bad: true });
  const withdraw = (x: TicketJoined) =>
    void remove(`${path}/${x.id}`).then(() => {
      void fresh();
      const back: JoinTicket = { applicant: x.applicant, premise: x.premise, text: x.text, call_id: x.call_id };
      say(t("join.undone", { number }), { act: { word: t("form.undo"), run: () => void post(path, back).then(fresh, failed) } });
    }, failed);
  return (
    <section aria-label={t("join.others", { count: items.length })} style={{ paddingTop: 8 }}>
      <p className="b s13">{t("join.others", { count: items.length })}</p>
      <ul className="col" style={{ gap: 2, maxHeight: 200, overflow: "auto" }}>
        {items.map((x) => (
          <li key={x.id} className="row s13">
            <span className="grow" style={{ overflowWrap: "anywhere" }}>
              <span className="b" style={{ fontWeight: 500 }}>{x.applicant.name || phone(x.applicant.number) || t("call.unknown")}</span>
              <span className="t3 s12"> {[x.premise && t("common.flat", { flat: x.premise }), x.applicant.name && phone(x.applicant.number)].filter(Boolean).join(" · ")}</span>
              {x.joined_by && <span className="t3 s12" style={{ display: "block" }}>{t("ticket.joinedBy", { name: x.joined_by })}</span>}
              {x.text && <span className="t2 s12" style={{ display: "block" }}>{x.text}</span>}
            </span>
            {x.call_id === null ? <At at={x.joined_at} now={now} className="t3 s12" /> : <a className="s12" style={{ textDecoration: "underline" }} href={`/calls?open=${x.call_id}`} onClick={follow(`/calls?open=${x.call_id}`)}><At at={x.joined_at} now={now} /></a>}
            <button type="button" className="btn link" style={{ padding: 0, minWidth: 24 }} title={t("join.withdraw")} aria-label={`${t("join.withdraw")}: ${x.applicant.name || phone(x.applicant.number)}`} onClick={() => withdraw(x)}><I of={IconX} size={14} /></button>
          </li>
        ))}
      </ul>
    </section>
  );
}
