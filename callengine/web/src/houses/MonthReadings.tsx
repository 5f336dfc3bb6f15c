// What holds for a month, by meter: all of it, or what a person is to look at; leaders take it away as a file.

import { IconCheck, IconDownload, IconGauge } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get, post, withQuery } from "@/api/client";
import type { MeterLine, Page } from "@/api/types";
import { useNow } from "@/lib/clock";
import { follow } from "@/lib/route";
import { dayOf } from "@/lib/time";
import { At, Btn, Empty, Faces, Toggles, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { again } from "./meterQueries";
import { History } from "./Meters";
import { ReadingDialog } from "./ReadingDialog";

const FLAGS = ["jump", "checked", ""] as const;

export function MonthReadings({ leader }: { leader: boolean }) {
  const { t } = useTranslation();
  const now = useNow();
  const why = useWhy();
  const [period, setPeriod] = useState(() => dayOf(now).slice(0, 7));
  const [flag, setFlag] = useState<string>("jump");
  const [over, setOver] = useState<MeterLine | null>(null);
  const [open, setOpen] = useState<number | null>(null);
  const [busy, setBusy] = useState(false);
  const found = useInfiniteQuery({
    queryKey: ["meter-readings", period, flag], queryFn: ({ pageParam, signal }) => get<Page<MeterLine>>("/meter-readings", { period, flag, limit: 100, cursor: pageParam }, signal),
    initialPageParam: "", getNextPageParam: (p) => p.next ?? undefined, placeholderData: keepPreviousData,
  });
  const items = found.data?.pages.flatMap((p) => p.items) ?? [];
  // The very same value written once more, confirmed, is a reading that somebody looked at.
  const check = (x: MeterLine) => {
    setBusy(true);
    post(`/meters/${x.meter.id}/readings`, { value: x.reading.value, period: x.reading.period, confirmed: true, note: t("directory.meters.checkedNote") })
      .then(() => { say(t("directory.meters.checkedDone")); return again(); }, (error) => say(why(error), { bad: true })).finally(() => setBusy(false));
  };
  const columns = ["home", "meter", "value", "source", "at", "acts"] as const;
  return (
    <section className="card grow" aria-labelledby="month-title">
      <header className="wrap">
        <h2 id="month-title">{t("directory.meters.monthTitle")}</h2>
        <span className="field compact"><input type="month" aria-label={t("directory.meters.period")} value={period} max={dayOf(now).slice(0, 7)} onChange={(e) => e.target.value && setPeriod(e.target.value)} /></span>
        <Toggles label={t("directory.meters.which")} value={flag} onChange={setFlag} options={FLAGS.map((f) => [f, t(`directory.meters.show.${f || "all"}`)])} />
        {leader && <span className="end row">{(["csv", "xlsx"] as const).map((format) => <a key={format} className="btn" href={withQuery("/meter-readings/export", { period, format })} download><IconDownload size={18} stroke={1.75} aria-hidden />{t("directory.meters.export", { format: format.toUpperCase() })}</a>)}</span>}
      </header>
      <div className="body" tabIndex={0} role="group" aria-labelledby="month-title">
        <Faces of={found} bones={{ count: 6, height: 28 }} empty={items.length === 0 && <Empty icon={flag === "jump" ? IconCheck : IconGauge} title={t(`directory.meters.empty.${flag || "all"}`)}>{t("directory.meters.emptyLead")}</Empty>}>
          <table className="table">
            <thead><tr>{columns.map((c) => <th key={c} scope="col">{t(`directory.meters.${c}`)}</th>)}</tr></thead>
            <tbody>
              {items.map((x) => [
                <tr key={x.reading.id}>
                  <td><a href={`/houses/${x.meter.house_id}`} onClick={follow(`/houses/${x.meter.house_id}`)}>{x.address}, {t("common.flat", { flat: x.meter.premise })}</a></td>
                  <td>{t(`directory.meters.kind.${x.meter.kind}`)} {t("directory.meters.numbered", { serial: x.meter.serial })}{x.meter.place && <span className="t2"> · {x.meter.place}</span>}</td>
                  <td><b>{x.reading.value}</b>{x.reading.flag && <span className={x.reading.flag === "jump" ? "chip soon" : "chip"} style={{ marginLeft: 6 }}>{t(`directory.meters.flag.${x.reading.flag}`, { defaultValue: x.reading.flag })}</span>}</td>
                  <td>{t(`directory.meters.sources.${x.reading.source}`)}{x.reading.source === "operator" && `, ${x.reading.who}`}{x.reading.call_id !== null && <> <a href={`/calls?open=${x.reading.call_id}`} onClick={follow(`/calls?open=${x.reading.call_id}`)}>{t("directory.meters.call")}</a></>}</td>
                  <td className="t2"><At at={x.reading.at} now={now} /></td>
                  <td><span className="row wrap">
                    {x.reading.flag === "jump" && <Btn size="small" icon={IconCheck} disabled={busy} onClick={() => check(x)}>{t("directory.meters.right")}</Btn>}
                    <Btn size="small" onClick={() => setOver(x)}>{t("directory.meters.correct")}</Btn>
                    <Btn size="small" aria-expanded={open === x.meter.id} onClick={() => setOpen((o) => (o === x.meter.id ? null : x.meter.id))}>{t("directory.meters.history")}</Btn>
                  </span></td>
                </tr>,
                open === x.meter.id && <tr key={`${x.reading.id} open`} className="opened"><td colSpan={columns.length}><History id={x.meter.id} /></td></tr>,
              ])}
            </tbody>
          </table>
          {found.hasNextPage && <div className="row" style={{ padding: 12 }}><Btn disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t("list.more")}</Btn></div>}
        </Faces>
      </div>
      {over && <ReadingDialog of={over.meter} period={over.reading.period} onClose={() => setOver(null)} />}
    </section>
  );
}
