// The export at the foot of the page: its progress, its end, and the way back to it after a reload.

import { IconAlertTriangle, IconDownload, IconFileSpreadsheet } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { get, post } from "@/api/client";
import type { Export, Page } from "@/api/types";
import { useNow } from "@/lib/clock";
import { span, until } from "@/lib/time";
import { queries } from "@/session";
import { Btn, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

const going = (x: Export | undefined) => x !== undefined && (x.state === "queued" || x.state === "running");
const AWAY = "callengine.journal.export-away";

interface Exporting { one: Export | undefined; start: (filter: Record<string, string>, columns: string[]) => void; cancel: () => void; away: () => void }

export function useExport(): Exporting {
  const { t } = useTranslation();
  const why = useWhy();
  const [hidden, setHidden] = useState(() => Number(sessionStorage.getItem(AWAY)) || 0);
  const newest = useQuery({ queryKey: ["exports"], queryFn: () => get<Page<Export>>("/exports"), refetchInterval: (q) => (going(q.state.data?.items[0]) ? 700 : false) });
  const found = newest.data?.items[0];
  const one = found && (found.id > hidden || going(found)) ? found : undefined;
  const away = () => { if (!found) return; sessionStorage.setItem(AWAY, String(found.id)); setHidden(found.id); };
  const again = () => queries.invalidateQueries({ queryKey: ["exports"] });
  const fail = (e: unknown) => say(why(e), { bad: true });
  return {
    one, away,
    start: (filter, columns) => void post<Export>("/exports", { filter, columns }).then(again, fail),
    cancel: () => void (found && post<Export>(`/exports/${found.id}/cancel`).then(async () => { away(); await again(); say(t("journal.cancelled")); }, fail)),
  };
}

export function ExportBar({ state: { one, cancel, away }, again }: { state: Exporting; again: () => void }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const begun = useRef<{ id: number; at: number; rows: number } | null>(null);
  useEffect(() => { if (one && going(one) && begun.current?.id !== one.id && one.rows_total) begun.current = { id: one.id, at: Date.now(), rows: one.rows_done }; }, [one]);
  if (!one || one.state === "cancelled") return null;
  const n = new Intl.NumberFormat(i18n.language);
  const rows = (count: number) => t("journal.rows", { count, replace: { count: n.format(count) } });
  const part = one.rows_total ? one.rows_done / one.rows_total : 0;
  const since = begun.current?.id === one.id ? begun.current : null;
  const speed = since ? (one.rows_done - since.rows) / Math.max(0.5, (Date.now() - since.at) / 1000) : 0;
  const left = speed > 0 ? (one.rows_total - one.rows_done) / speed : null;
  const percent = new Intl.NumberFormat(i18n.language, { style: "percent" }).format(part);
  return (
    <section className="exportbar" aria-label={t("journal.exportTitle")}>
      <I of={one.state === "failed" ? IconAlertTriangle : IconFileSpreadsheet} className={one.state === "failed" ? "danger" : "done"} />
      {going(one) && <>
        <span style={{ whiteSpace: "nowrap" }}><b>{t("journal.exportTitle")}</b> · {one.state === "queued" ? t("journal.queued") : t("journal.exportOf", { done: n.format(one.rows_done), all: rows(one.rows_total) })}</span>
        <progress max={1} value={part} aria-label={t("journal.exportTitle")} />
        <span className="t2" style={{ whiteSpace: "nowrap" }}>{left === null ? percent : t("journal.percent", { percent, span: span(left) })}</span>
        <Btn onClick={cancel}>{t("journal.cancel")}</Btn>
      </>}
      {one.state === "done" && <>
        <span role="status"><b>{t("journal.ready")}</b> · {rows(one.rows_done)}{one.delete_after && <span className="t2"> · {t("journal.keptUntil", { time: until(one.delete_after, now) })}</span>}</span>
        <span className="end row">{one.file && <a className="btn primary" href={one.file} download><I of={IconDownload} />{t("journal.download")}</a>}<Btn onClick={away}>{t("journal.hide")}</Btn></span>
      </>}
      {one.state === "failed" && <>
        <span role="alert">{t("journal.failed", { why: one.problem })}</span>
        <span className="end row"><Btn onClick={again}>{t("journal.again")}</Btn><Btn onClick={away}>{t("journal.hide")}</Btn></span>
      </>}
    </section>
  );
}
