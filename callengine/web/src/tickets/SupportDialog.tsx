// A period by the four levels of support, how much the first line settled, and the interim answers: figures of a supervisor.

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { SupportFigures } from "@/api/types";
import { serverNow } from "@/lib/clock";
import { follow } from "@/lib/route";
import { dayOf, midnight, shiftDay } from "@/lib/time";
import { Dialog } from "@/ui/dialog";
import { Bones, Failed, Segments } from "@/ui/pieces";
import { toUrl } from "./journalFilter";

const DAYS = ["1", "7", "30", "365"];

export function SupportDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [days, setDays] = useState("30");
  const from = new Date(midnight(shiftDay(dayOf(serverNow()), 1 - Number(days)))).toISOString();
  const found = useQuery({ queryKey: ["support", from], queryFn: () => get<SupportFigures>("/tickets/support", { from }), placeholderData: keepPreviousData, staleTime: 30_000 });
  const f = found.data;
  const share = f && f.closed ? new Intl.NumberFormat(document.documentElement.lang || "ru", { style: "percent", maximumFractionDigits: 1 }).format(f.first_line / f.closed) : "—";
  return (
    <Dialog title={t("support.title")} onClose={onClose} size={640}>
      <div className="col" style={{ gap: 14 }}>
        <Segments name="support-days" label={t("journal.period")} value={days} options={DAYS.map((d): [string, string] => [d, t(`journal.days.${d}`)])} onChange={setDays} />
        {found.isPending && <Bones count={5} height={28} />}
        {found.isError && <Failed error={found.error} again={() => void found.refetch()} />}
        {f && (
          <>
            <p><b className="s15">{share}</b> <span className="t2 s13">{t("support.first", { first: f.first_line, closed: f.closed })}</span></p>
            <table className="table" aria-busy={found.isPlaceholderData}>
              <thead><tr><th scope="col">{t("support.level")}</th><th scope="col">{t("support.registered")}</th><th scope="col">{t("support.open")}</th><th scope="col">{t("support.closed")}</th></tr></thead>
              <tbody>{f.levels.map((row) => { const to = toUrl({ level: String(row.level), status: "all", days }); return <tr key={row.level}><td><a href={to} onClick={(e) => { onClose(); follow(to)(e); }}>{t(`support.of.${row.level}`)}</a></td><td>{row.registered}</td><td>{row.open}</td><td>{row.closed}</td></tr>; })}</tbody>
            </table>
            <div className="col" style={{ gap: 2 }}>
              <p className="b s13">{t("support.interim")}</p>
              <p className="s13">{t("support.given", { count: f.interim.given })}: {t("support.kept", { count: f.interim.kept })} · <span className={f.interim.passed ? "danger b" : ""}>{t("support.passed", { count: f.interim.passed })}</span> · {t("support.waiting", { count: f.interim.waiting })}</p>
              {f.interim.due > 0 && <p className="s13">{t("support.due", { due: f.interim.due, missed: f.interim.missed })}</p>}
            </div>
            <p className="t3 s12">{t("support.lead")}</p>
          </>
        )}
      </div>
    </Dialog>
  );
}
