// The meters of a house or of one flat: what each shows, all that was ever read from it, a reading written or corrected. Leaders hang, replace and take off.

import { IconGauge, IconHistory, IconPencil, IconPlus, IconReplace, IconX } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get, remove } from "@/api/client";
import type { Meter, Page } from "@/api/types";
import { useNow } from "@/lib/clock";
import { dateOnly, month } from "@/lib/time";
import { Dialog } from "@/ui/dialog";
import { At, Bones, Btn, Empty, Faces, Failed, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { MeterDialog } from "./MeterDialog";
import { again, useMeter } from "./meterQueries";
import { corrected } from "./meters";
import { Part } from "./parts";
import { ReadingDialog } from "./ReadingDialog";

/** `premise` narrows it to one flat; without it a house is searched by flat. */
export function Meters({ houseId, premise, title, leader }: { houseId: number; premise?: string; title: string; leader: boolean }) {
  const { t } = useTranslation();
  const [flat, setFlat] = useState("");
  const [adding, setAdding] = useState(false);
  const narrowed = premise ?? flat.trim();
  const found = useInfiniteQuery({
    queryKey: ["meters", houseId, narrowed], queryFn: ({ pageParam, signal }) => get<Page<Meter>>("/meters", { house_id: houseId, premise: narrowed, limit: 50, cursor: pageParam }, signal),
    initialPageParam: "", getNextPageParam: (p) => p.next ?? undefined,
  });
  const items = found.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <Part title={title} end={<>
      {premise === undefined && <span className="field compact" style={{ width: 110 }}><input aria-label={t("directory.meters.ofFlat")} placeholder={t("directory.meters.ofFlat")} value={flat} maxLength={40} onChange={(e) => setFlat(e.target.value)} /></span>}
      {leader && <Btn size="small" icon={IconPlus} onClick={() => setAdding(true)}>{t("directory.meters.add")}</Btn>}
    </>}>
      <Faces of={found} bones={{ count: 2, height: 32 }} empty={items.length === 0 && <Empty icon={IconGauge} title={t("directory.meters.none")}>{t(leader ? "directory.meters.noneLead" : "directory.meters.noneAsk")}</Empty>}>
        {items.map((m) => <MeterLine key={m.id} of={m} leader={leader} flat={premise === undefined} />)}
        {found.hasNextPage && <div className="row" style={{ padding: 12 }}><Btn disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t("list.more")}</Btn></div>}
      </Faces>
      {adding && <MeterDialog house={houseId} premise={narrowed} onClose={() => setAdding(false)} />}
    </Part>
  );
}

function MeterLine({ of: m, leader, flat }: { of: Meter; leader: boolean; flat: boolean }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [over, setOver] = useState<"reading" | "change" | "replace" | "off" | null>(null);
  const name = `${t(`directory.meters.kind.${m.kind}`)} ${m.serial}`;
  return (
    <div className="meter">
      <div className="dirline">
        <span className="grow"><span className="b">{t(`directory.meters.kind.${m.kind}`)}</span> {t("directory.meters.numbered", { serial: m.serial })}<span className="t2">{[flat && t("common.flat", { flat: m.premise }), m.place, m.verified_until && t("directory.meters.verified", { date: dateOnly(m.verified_until) })].filter(Boolean).map((x) => ` · ${x}`).join("")}</span></span>
        {m.last ? <span><b>{m.last.value}</b> <span className="t3 s12">{month(m.last.period)}</span>{m.last.flag === "jump" && <span className="chip soon" style={{ marginLeft: 6 }}>{t("directory.meters.flag.jump")}</span>}</span> : <span className="t3">{t("directory.meters.noReading")}</span>}
        <span className="row wrap" role="group" aria-label={name}>
          <Btn size="small" icon={IconGauge} onClick={() => setOver("reading")}>{t("directory.meters.write")}</Btn>
          <Btn size="small" icon={IconHistory} aria-expanded={open} onClick={() => setOpen((o) => !o)}>{t("directory.meters.history")}</Btn>
          {leader && <>
            <Btn size="small" icon={IconReplace} onClick={() => setOver("replace")}>{t("directory.meters.replace")}</Btn>
            <Btn size="small" icon={IconPencil} aria-label={t("directory.meters.change", { name })} title={t("directory.meters.change", { name })} onClick={() => setOver("change")} />
            <Btn size="small" icon={IconX} aria-label={t("directory.meters.takeOff", { name })} title={t("directory.meters.takeOff", { name })} onClick={() => setOver("off")} />
          </>}
        </span>
      </div>
      {open && <History id={m.id} />}
      {over === "reading" && <ReadingDialog of={m} onClose={() => setOver(null)} />}
      {over === "change" && <MeterDialog house={m.house_id} premise={m.premise} changed={m} onClose={() => setOver(null)} />}
      {over === "replace" && <MeterDialog house={m.house_id} premise={m.premise} replaced={m} onClose={() => setOver(null)} />}
      {over === "off" && <TakeOff of={m} name={name} onClose={() => setOver(null)} />}
    </div>
  );
}

/** All that was ever written, the newest first; what was corrected stays, struck through. */
export function History({ id }: { id: number }) {
  const { t } = useTranslation();
  const now = useNow();
  const found = useMeter(id);
  if (found.isPending) return <Bones count={2} height={24} />;
  if (found.isError) return <Failed error={found.error} again={() => void found.refetch()} />;
  const readings = found.data.readings;
  const old = corrected(readings);
  if (!readings.length) return <p className="dirquiet">{t("directory.meters.noReadings")}</p>;
  return (
    <table className="table meterhistory">
      <caption className="sr">{t("directory.meters.history")}</caption>
      <thead><tr>{(["period", "value", "source", "at", "note"] as const).map((c) => <th key={c} scope="col">{t(`directory.meters.${c}`)}</th>)}</tr></thead>
      <tbody>
        {readings.map((r) => (
          <tr key={r.id} className={old.has(r.id) ? "t3" : ""}>
            <td>{month(r.period)}</td>
            <td>{old.has(r.id) ? <><del>{r.value}</del> <span className="s12">{t("directory.meters.corrected")}</span></> : <b>{r.value}</b>}{r.flag && !old.has(r.id) && <span className={r.flag === "jump" ? "chip soon" : "chip"} style={{ marginLeft: 6 }}>{t(`directory.meters.flag.${r.flag}`, { defaultValue: r.flag })}</span>}</td>
            <td>{t(`directory.meters.sources.${r.source}`)}{r.source === "operator" && `, ${r.who}`}</td>
            <td><At at={r.at} now={now} /></td>
            <td>{r.note || "—"}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function TakeOff({ of: m, name, onClose }: { of: Meter; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const send = () => {
    setBusy(true);
    remove(`/meters/${m.id}`).then(
      () => { say(t("directory.meters.takenOff", { name })); void again(); onClose(); },
      (error) => { setBusy(false); setWrong(why(error)); },
    );
  };
  return (
    <Dialog title={t("directory.meters.takeOff", { name })} onClose={onClose}>
      <div className="col" style={{ gap: 10 }}>
        <p className="t2 s13">{t("directory.meters.takeOffLead")}</p>
        {wrong && <p className="errorline" role="alert">{wrong}</p>}
        <div className="row"><Btn look="red" size="main" disabled={busy} data-autofocus onClick={send}>{t("directory.meters.takeOffDo")}</Btn><Btn size="main" keys="Esc" onClick={onClose}>{t("common.cancel")}</Btn></div>
      </div>
    </Dialog>
  );
}
