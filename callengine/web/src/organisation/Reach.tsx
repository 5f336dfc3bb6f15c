// Who answers when the desk calls an organisation: a contractor who cannot be reached is a signal of quality (R150).

import { IconPhoneOutgoing } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { OrganisationReach, Page } from "@/api/types";
import { useNow } from "@/lib/clock";
import { phone } from "@/lib/phone";
import { exact, until } from "@/lib/time";
import { Empty, Faces } from "@/ui/pieces";

/** `own`: the manager's page, with his organisation alone; else only those that were called. */
export function Reach({ own = false }: { own?: boolean }) {
  const { t } = useTranslation();
  const now = useNow();
  const found = useQuery({ queryKey: ["reach"], queryFn: () => get<Page<OrganisationReach>>("/organisations/reach"), refetchInterval: 300_000 });
  const items = (found.data?.items ?? []).filter((one) => own || one.attempted > 0);
  return (
    <section className="card reach" aria-labelledby="reach-title">
      <header><h2 id="reach-title">{t(own ? "reach.titleOwn" : "reach.title")}</h2><span className="t3 s12 end">{t("reach.period")}</span></header>
      <Faces of={found} bones={{ count: 2, height: 44 }} empty={found.data && items.length === 0 ? <Empty icon={IconPhoneOutgoing} title={t("reach.empty")}>{t("reach.emptyLead")}</Empty> : false}>
        <ul tabIndex={0} aria-labelledby="reach-title" style={{ padding: "0 16px 12px" }}>
          {items.map((one) => (
            <li key={one.organisation_id} className="col" style={{ gap: 2, padding: "6px 0" }}>
              <div className="row wrap" style={{ gap: "0 8px" }}><span className="cut b s13" style={{ flex: "1 1 auto" }} title={one.name}>{one.name}</span><span className={one.answered < one.attempted ? "s13 b danger" : "s13 b"}>{one.numbers.length === 0 ? t("reach.noNumber") : one.attempted === 0 ? t("reach.none") : t("reach.all", { answered: one.answered, attempted: one.attempted })}</span></div>
              <p className="t2 s12">{[one.numbers.map(phone).join(", "), one.last_at && t("reach.last", { time: until(one.last_at, now) }), one.attempted > 0 && one.answered === 0 && t("reach.never")].filter(Boolean).join(" · ")}{one.last_at && <span className="sr"> {exact(one.last_at)}</span>}</p>
            </li>
          ))}
        </ul>
      </Faces>
    </section>
  );
}
