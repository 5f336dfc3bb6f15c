// Who read whose data, when and why; narrowed as one asks, and taken away as a file.

import { IconDownload, IconEye } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get, withQuery } from "@/api/client";
import type { Page, ReadingView } from "@/api/types";
import { useNow } from "@/lib/clock";
import { follow } from "@/lib/route";
import { dateOnly, dayOf, exact, midnight, shiftDay } from "@/lib/time";
import { DayField } from "@/ui/DayField";
import { Btn, Empty, Faces } from "@/ui/pieces";
import { useStaff } from "./Staff";

const WHATS = ["card", "recording", "export", "edit", "ticket", "file", "recording aside", "recording claimed", "hold", "hold lifted"];
const NOTHING = { from: "", to: "", staff: "", what: "", subject: "", why: "" };

export function Readings() {
  const { t } = useTranslation();
  const now = useNow();
  const today = dayOf(now);
  const staff = useStaff();
  const [form, setForm] = useState(NOTHING);
  const [asked] = useDebouncedValue(form, 250);
  const set = (name: keyof typeof NOTHING) => (value: string) => setForm((old) => ({ ...old, [name]: value }));
  const filter = {
    from: asked.from && new Date(midnight(asked.from)).toISOString(), to: asked.to && new Date(midnight(shiftDay(asked.to, 1))).toISOString(),
    staff_id: asked.staff, what: asked.what, subject: asked.subject.trim(), why: asked.why.trim(),
  };
  const found = useInfiniteQuery({ queryKey: ["readings", filter], queryFn: ({ pageParam, signal }) => get<Page<ReadingView>>("/readings", { ...filter, limit: 100, cursor: pageParam }, signal), initialPageParam: "", getNextPageParam: (p) => p.next ?? undefined, placeholderData: keepPreviousData });
  const items = found.data?.pages.flatMap((p) => p.items) ?? [];
  const narrowed = JSON.stringify(form) !== JSON.stringify(NOTHING);
  return (
    <>
      <div className="pagehead wrap"><h1>{t("readings.title")}</h1><span className="t2 s13">{t("readings.lead")}</span><a className="btn end" href={withQuery("/readings.csv", filter)} download><IconDownload size={18} stroke={1.75} aria-hidden />{t("readings.export")}</a></div>
      <div className="filters">
        <DayField label={t("readings.from")} text={`${t("readings.from")}: ${form.from ? dateOnly(midnight(form.from)) : t("readings.any")}`} value={form.from} max={today} on={form.from !== ""} onChange={set("from")} />
        <DayField label={t("readings.to")} text={`${t("readings.to")}: ${form.to ? dateOnly(midnight(form.to)) : t("readings.any")}`} value={form.to} max={today} on={form.to !== ""} onChange={set("to")} />
        <div className={form.staff ? "field compact on" : "field compact"}><select aria-label={t("readings.who")} value={form.staff} onChange={(e) => set("staff")(e.target.value)}><option value="">{t("readings.everybody")}</option>{staff.data?.items.map((p) => <option key={p.id} value={p.id}>{p.name}</option>)}</select></div>
        <div className={form.what ? "field compact on" : "field compact"}><select aria-label={t("readings.what")} value={form.what} onChange={(e) => set("what")(e.target.value)}><option value="">{t("readings.anything")}</option>{WHATS.map((w) => <option key={w} value={w}>{t(`readings.whats.${w}`)}</option>)}</select></div>
        <div className="field compact" style={{ width: 240 }}><input type="search" aria-label={t("readings.subject")} placeholder={t("readings.subjectHint")} value={form.subject} maxLength={200} onChange={(e) => set("subject")(e.target.value)} /></div>
        <div className="field compact" style={{ width: 130 }}><input type="search" aria-label={t("readings.why")} placeholder={t("readings.why")} value={form.why} maxLength={200} onChange={(e) => set("why")(e.target.value)} /></div>
        {narrowed && <Btn onClick={() => setForm(NOTHING)}>{t("readings.clear")}</Btn>}
      </div>
      <section className="card grow" aria-label={t("readings.title")}>
        <div className="body" style={{ border: 0 }} tabIndex={0} role="group" aria-label={t("readings.title")}>
          <Faces of={found} bones={{ count: 12, height: 24 }} empty={items.length === 0 && <Empty icon={IconEye} title={t("readings.none")}>{t("readings.noneLead")}</Empty>}>
            <table className="table">
              <thead><tr>{(["at", "who", "what", "subject", "why"] as const).map((c) => <th key={c} scope="col">{t(`readings.${c}`)}</th>)}</tr></thead>
              <tbody>
                {items.map((r) => (
                  <tr key={r.id}>
                    <td className="t2" style={{ whiteSpace: "nowrap" }}><time dateTime={r.at}>{exact(r.at)}</time></td>
                    <td>{r.who}</td>
                    <td>{t(`readings.whats.${r.what}`, { defaultValue: r.what })}</td>
                    <td><Subject of={r} /></td>
                    <td className="t2">{t(`readings.whys.${r.why}`, { defaultValue: r.why })}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {found.hasNextPage && <div className="row" style={{ padding: 12 }}><Btn disabled={found.isFetching} onClick={() => void found.fetchNextPage()}>{t("list.more")}</Btn></div>}
          </Faces>
        </div>
      </section>
      <div className="foot"><span>{t("readings.shown", { count: items.length })}</span></div>
    </>
  );
}

function Subject({ of: r }: { of: ReadingView }) {
  const { t } = useTranslation();
  const [kind, id] = r.subject.split(":");
  const to = kind === "person" ? `/houses/people/${id}` : kind === "house" ? `/houses/${id}` : "";
  if (!to || !id) return <span style={{ overflowWrap: "anywhere" }}>{r.subject === "duplicates" ? t("directory.tab.duplicates") : r.subject}</span>;
  return <a href={to} onClick={follow(to)}>{r.title || r.subject}</a>;
}
