// Who of the organisation holds how much, as bars with their figures; a press or a digit gives the chosen tickets to him.

import { IconUserQuestion } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { OrganisationLoad } from "@/api/types";
import { shortName } from "@/lib/phone";
import { Bones, Empty, Failed, Keys } from "@/ui/pieces";
import type { Hands } from "./lists";

interface Props { load: { data?: OrganisationLoad; isPending: boolean; isError: boolean; error: unknown; refetch: () => unknown }; all: Hands[]; doers: Hands[]; may: boolean; onGive: (to: Hands) => void }

export function Load({ load, all, doers, may, onGive }: Props) {
  const { t } = useTranslation();
  const most = Math.max(1, ...all.map((h) => h.assigned + h.working + h.rework));
  return (
    <section className="card loadcard" aria-labelledby="org-load">
      <header><h2 id="org-load">{t("organisation.load")}</h2>{may && doers.length > 0 && <span className="t3 s12 end">{t("organisation.loadLead")}</span>}</header>
      {load.isPending ? <Bones count={4} height={36} /> : load.isError ? <Failed error={load.error} again={() => void load.refetch()} /> : all.length === 0 ? <Empty icon={IconUserQuestion} title={t("organisation.none")}>{t("organisation.noneLead")}</Empty> : (
        <ul className="hands">
          {all.map((h) => {
            const digit = doers.indexOf(h) + 1;
            const name = h.name ? shortName(h.name) : t("organisation.unassigned");
            const parts: [string, number][] = [["assigned", h.assigned], ["working", h.working], ["rework", h.rework]];
            const words = [...parts.filter(([, n]) => n > 0).map(([key, n]) => `${t(`organisation.${key}`)} ${n}`), h.stalled > 0 && `${t("organisation.stalledShort")} ${h.stalled}`].filter(Boolean).join(" · ");
            return (
              <li key={h.id ?? "none"}>
                <div className="row"><span className="grow cut b s13" title={h.name}>{name}</span>{h.late > 0 && <span className="chip danger">{t("organisation.lateShort")} {h.late}</span>}<b className="s13">{h.assigned + h.working + h.rework}</b>
                  {digit > 0 && <button type="button" className="btn small" disabled={!may} title={t("organisation.give", { name: h.name })} aria-keyshortcuts={digit < 10 ? String(digit) : undefined} onClick={() => onGive(h)}>{t("organisation.assign")}<span className="sr"> {h.name}</span>{digit < 10 && <Keys of={String(digit)} />}</button>}</div>
                <div className="bars" aria-hidden>{parts.map(([key, n]) => n > 0 && <i key={key} className={key} style={{ width: `${(n / most) * 100}%` }} />)}</div>
                <p className="t2 s12">{h.id === null ? t("organisation.unassignedLead") : words || t("ticket.free")}</p>
              </li>
            );
          })}
        </ul>
      )}
    </section>
  );
}
