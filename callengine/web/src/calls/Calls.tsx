// The journal of calls: filters, keys, and a player in the row.

import { IconDownload, IconMicrophoneOff, IconPhoneOff, IconSearch, IconX } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Fragment, useEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { get, withQuery } from "@/api/client";
import type { Call, CallDetail, CallTotals, House, Interval, Me, Page, StaffMember, UnclaimedRecording } from "@/api/types";
import { serverNow, useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { go } from "@/lib/route";
import { dayMonth, dayOf, hm, midnight, shiftDay } from "@/lib/time";
import { dial } from "@/session";
import { Btn, Empty, Faces, I, Keys, Toggles, useWhy } from "@/ui/pieces";
import { DayField } from "@/ui/DayField";
import { say } from "@/ui/toasts";
import { CallCells, COLUMNS, OpenedCall } from "./CallRow";
import { Unclaimed } from "./Unclaimed";

const LEADERS = new Set<Me["role"]>(["supervisor", "administrator"]);

type Kind = "all" | "talks" | "missed" | "outgoing" | "robot";
const OF_KIND: Record<Kind, Record<string, string | boolean>> = { all: {}, talks: { outcome: "answered" }, missed: { outcome: "missed" }, outgoing: { direction: "outbound" }, robot: { robot: true } };

/** What the engine did not see of a day, between the stretches that it saw. */
function gapsOf(seen: Interval[], from: number, to: number): [number, number][] {
  const spans = seen.map((s) => [Date.parse(s.began_at), s.ended_at ? Date.parse(s.ended_at) : to] as const).sort((a, b) => a[0] - b[0]);
  if (!spans.length) return [];
  const gaps: [number, number][] = [];
  // Before the first sight of that day nothing is claimed: the service may not have begun yet.
  let reach = Math.max(from, spans[0]![0]);
  for (const [began, ended] of spans) {
    if (began - reach > 60_000) gaps.push([reach, began]);
    reach = Math.max(reach, ended);
  }
  return gaps;
}

export function Calls({ me, query }: { me: Me; query: URLSearchParams }) {
  const { t } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const asked = query.get("q") ?? "";
  const wanted = Number(query.get("open")) || null;
  const [text, setText] = useState(asked);
  const [q] = useDebouncedValue(text.trim(), 250);
  const [day, setDay] = useState<string | null>(asked || wanted ? null : dayOf(serverNow()));
  const [kind, setKind] = useState<Kind>("all");
  const [operator, setOperator] = useState("");
  const [house, setHouse] = useState("");
  const [rec, setRec] = useState("");
  const [at, setAt] = useState<number | null>(null);
  const [open, setOpen] = useState<number | null>(wanted);
  const [sorting, setSorting] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => { if (asked) { setText(asked); setDay(null); } }, [asked]);
  useEffect(() => { if (wanted) { setOpen(wanted); setAt(wanted); } }, [wanted]);

  const today = dayOf(now);
  const filter = useMemo(() => ({
    ...OF_KIND[kind], q, operator, house_id: house, recording: rec,
    ...(day && { from: new Date(midnight(day)).toISOString(), to: new Date(midnight(shiftDay(day, 1))).toISOString() }),
  }), [kind, q, operator, house, rec, day]);
  const calls = useInfiniteQuery({
    queryKey: ["calls", filter], queryFn: ({ pageParam, signal }) => get<Page<Call>>("/calls", { ...filter, limit: 50, cursor: pageParam }, signal),
    initialPageParam: "", getNextPageParam: (page) => page.next ?? undefined, placeholderData: keepPreviousData,
  });
  const totals = useQuery({ queryKey: ["totals", filter], queryFn: () => get<CallTotals>("/calls/totals", filter), placeholderData: keepPreviousData });
  const staff = useQuery({ queryKey: ["staff"], queryFn: () => get<Page<StaffMember>>("/staff"), staleTime: 300_000 });
  const houses = useQuery({ queryKey: ["houses", "all"], queryFn: () => get<Page<House>>("/houses", { limit: 200 }), staleTime: 300_000 });
  const seen = useQuery({ queryKey: ["coverage", day], enabled: day !== null, queryFn: () => get<Page<Interval>>("/coverage", { from: filter.from, to: filter.to }) });
  const single = useQuery({ queryKey: ["call", wanted], enabled: wanted !== null, queryFn: () => get<CallDetail>(`/calls/${wanted}`) });
  const asides = useQuery({ queryKey: ["unclaimed"], enabled: LEADERS.has(me.role), queryFn: () => get<Page<UnclaimedRecording>>("/recordings/unclaimed") });
  const listed = calls.data?.pages.flatMap((p) => p.items) ?? [];
  // A call that was asked for by its number stands on top, wherever it is in time.
  const items = single.data && wanted && !listed.some((c) => c.id === wanted) ? [single.data, ...listed] : listed;
  const index = items.findIndex((c) => c.id === at);
  const current = items[index];
  const move = (by: number) => {
    const next = items[Math.max(0, Math.min(items.length - 1, index < 0 ? 0 : index + by))];
    if (!next) return;
    setAt(next.id);
    if (index + by >= items.length - 3 && calls.hasNextPage && !calls.isFetching) void calls.fetchNextPage();
    requestAnimationFrame(() => body.current?.querySelector(`[data-call="${next.id}"]`)?.scrollIntoView({ block: "nearest" }));
  };
  const toggle = (id: number) => { setAt(id); setOpen((o) => (o === id ? null : id)); };
  const exportHref = withQuery("/calls.csv", filter);
  const callBack = () => {
    if (!current?.number) return;
    void dial(current.number).then(() => say(t("duty.dialSent", { number: phone(current.number) })), (e) => say(why(e), { bad: true }));
  };
  useKeys({
    ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: () => current && toggle(current.id), Escape: () => (open === null ? false : setOpen(null)),
    Slash: () => search.current?.focus(), KeyC: callBack, KeyE: () => { location.href = exportHref; },
  });
  const filtered = Boolean(q || operator || house || rec || kind !== "all");
  const reset = () => { setText(""); setOperator(""); setHouse(""); setRec(""); setKind("all"); setDay(null); go("/calls", { replace: true }); };
  const s = totals.data;
  const number = new Intl.NumberFormat(t("common.minus") && document.documentElement.lang);
  const percent = s?.calls ? new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 1 }).format(s.missed / s.calls) : "—";
  const gaps = day && seen.data ? gapsOf(seen.data.items, midnight(day), Math.min(now, midnight(shiftDay(day, 1)))) : [];

  return (
    <>
      <div className="pagehead">
        <h1>{t("calls.title")}</h1>
        {s && <p className="t2 s13 cut">{[t(day && !filtered ? "calls.totals_day" : "calls.totals", { calls: number.format(s.calls) }), t("calls.missed", { missed: number.format(s.missed), percent }), t("calls.recorded", { recorded: number.format(s.recorded), conversations: number.format(s.conversations) })].join(" · ")}</p>}
        <span className="end row">
          {asides.data && asides.data.items.length > 0 && <Btn icon={IconMicrophoneOff} onClick={() => setSorting(true)}>{t("unclaimed.button", { count: asides.data.items.length })}</Btn>}
          <a className="btn" href={exportHref} download aria-keyshortcuts="E"><I of={IconDownload} />{t("calls.export")}<Keys of="E" /></a>
        </span>
      </div>
      <div className="filters">
        <div className="field compact search" style={{ width: 220 }}><I of={IconSearch} size={16} className="t3" /><input ref={search} aria-label={t("calls.filter")} placeholder={t("calls.filter")} value={text} onChange={(e) => setText(e.target.value)} onKeyDown={(e) => { if (e.key === "Enter" || e.key === "Escape") e.currentTarget.blur(); }} /><span className="t3"><Keys of="/" calm /></span></div>
        <DayField label={t("calls.day")} on={day !== null} max={today} value={day ?? ""} onChange={(d) => setDay(d || null)} text={day === null ? t("calls.anyDay") : (day === today ? `${t("call.today")}, ` : "") + dayMonth(midnight(day) + 43_200_000)}>{day && <button type="button" className="btn link" style={{ padding: 0 }} aria-label={t("calls.clearDay")} onClick={() => setDay(null)}><I of={IconX} size={15} /></button>}</DayField>
        <Toggles label={t("calls.outcomeLabel")} value={kind} onChange={(k) => setKind(k as Kind)} options={[["all", t("calls.all")], ["talks", t("calls.talks")], ["missed", t("calls.missedOnly")], ["outgoing", t("calls.outgoing")], ["robot", t("calls.robot")]]} />
        <Choice label={t("calls.operator")} any={t("calls.anyOperator")} value={operator} onChange={setOperator} options={(staff.data?.items ?? []).filter((x) => x.extension).map((x) => [x.extension!, `${x.extension} ${x.name}`])} />
        <Choice label={t("calls.house")} any={t("calls.anyHouse")} value={house} onChange={setHouse} options={(houses.data?.items ?? []).map((h) => [String(h.id), h.address])} />
        <Choice label={t("calls.recording")} any={t("calls.anyRecording")} value={rec} onChange={setRec} options={[["ready", t("calls.ready")], ["short", t("calls.short")], ["missing", t("calls.missing")]]} />
      </div>
      <div className="card" style={{ flex: 1, minHeight: 240 }}>
        <div className="body" ref={body} tabIndex={0} role="group" aria-label={t("calls.title")} style={{ border: 0 }}
          onScroll={(e) => { const b = e.currentTarget; if (b.scrollTop + b.clientHeight > b.scrollHeight - 300 && calls.hasNextPage && !calls.isFetching) void calls.fetchNextPage(); }}>
          <Faces of={calls} bones={{ count: 12, height: 26 }} empty={items.length === 0 && <Empty icon={IconPhoneOff} title={t("calls.empty")}>{<><p>{t("calls.emptyLead")}</p>{(filtered || day) && <Btn onClick={reset}>{t("calls.anyDay")}</Btn>}</>}</Empty>}>
            <table className="table">
              <thead><tr>{COLUMNS.map((c) => <th key={c} scope="col" className={c === "waited" || c === "talked" ? "num" : ""}>{t(`calls.col.${c}`)}</th>)}</tr></thead>
              <tbody>
                {items.map((c) => (
                  <Fragment key={c.id}>
                    <tr data-call={c.id} className={`pick ${c.id === at || c.id === open ? "now" : ""}`} aria-current={c.id === at || undefined} onClick={() => toggle(c.id)}><CallCells call={c} now={now} open={c.id === open} /></tr>
                    {c.id === open && <tr className="opened"><td colSpan={COLUMNS.length}><OpenedCall call={c} me={me} /></td></tr>}
                  </Fragment>
                ))}
              </tbody>
            </table>
            {calls.hasNextPage && <div style={{ padding: 12, textAlign: "center" }}><Btn disabled={calls.isFetchingNextPage} onClick={() => void calls.fetchNextPage()}>{t("list.more")}</Btn></div>}
          </Faces>
        </div>
      </div>
      <div className="foot">
        <span>{s ? t("calls.shownOf", { count: items.length, total: number.format(s.calls) }) : t("calls.shown", { count: items.length })}</span>
        {[["↑ ↓", "row"], ["Enter", "open"], ["C", "dial"]].map(([key, word]) => <span key={word} className="row" style={{ gap: 6 }}><Keys of={key!} calm />{t(`calls.${word}`)}</span>)}
        {gaps.map(([from, to]) => <span key={from} className="row end" style={{ gap: 6 }}><i className="hatch" style={{ width: 12, height: 12 }} />{day !== today && day && `${dayMonth(from)}, `}{t("calls.noData", { from: hm(from), to: hm(to) })}</span>)}
      </div>
      {sorting && <Unclaimed onClose={() => setSorting(false)} />}
    </>
  );
}

function Choice({ label, any, value, onChange, options }: { label: string; any: string; value: string; onChange: (value: string) => void; options: [string, string][] }) {
  return (
    <div className={value ? "field compact on" : "field compact"}>
      <select aria-label={label} value={value} style={{ maxWidth: 118 }} onChange={(e) => onChange(e.target.value)}>
        <option value="">{any}</option>
        {options.map(([key, word]) => <option key={key} value={key}>{word}</option>)}
      </select>
    </div>
  );
}
