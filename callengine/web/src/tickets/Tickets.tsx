// The journal of tickets: the rail of filters, the list by danger, its columns, the export. The address bar holds the filter.

import { IconClipboardList, IconClock, IconClockExclamation, IconCoin, IconFileSpreadsheet, IconPlus, IconRefresh, IconStairs, IconUrgent, IconUsersGroup } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery, useQuery, type InfiniteData } from "@tanstack/react-query";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { get, post, put, remove } from "@/api/client";
import { live } from "@/api/live";
import type { House, Me, Page, SavedFilter, TicketCounts, TicketRow } from "@/api/types";
import { placeOf } from "@/lib/address";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { phone, shortName } from "@/lib/phone";
import { follow, go } from "@/lib/route";
import { dayMonth, exact, span } from "@/lib/time";
import { queries } from "@/session";
import { At, Btn, Empty, Faces, I, Urgency, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { DESK } from "./buttons";
import { ExportBar, useExport } from "./ExportBar";
import { ColumnChooser } from "./ColumnChooser";
import { JournalFilters, type Change } from "./JournalFilters";
import { asked, EXTRAS, fromUrl, keepColumns, kept, myColumns, toUrl, type Column, type Filter } from "./journalFilter";
import { counted, JournalRail } from "./JournalRail";
import { SaveFilter } from "./SaveFilter";
import { SupportDialog } from "./SupportDialog";
import { STATUS_PICTURES } from "./statuses";
import "./journal.css";

const SOON_SECONDS = 1800;
const LEADERS = new Set<Me["role"]>(["supervisor", "administrator"]);
type Pages = InfiniteData<Page<TicketRow>, string>;

export function Tickets({ me, query }: { me: Me; query: URLSearchParams }) {
  const { t } = useTranslation();
  const now = useNow();
  const text = query.toString();
  const filter = useMemo(() => fromUrl(new URLSearchParams(text)), [text]);
  const view = query.get("view");
  const [columns, setColumns] = useState<Column[]>(myColumns);
  const [choosing, setChoosing] = useState(false);
  const [saving, setSaving] = useState(false);
  const [support, setSupport] = useState(false);
  const [at, setAt] = useState<string | null>(null);
  const search = useRef<HTMLInputElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const extras = columns.filter((c) => EXTRAS.includes(c)).sort().join(",");
  const key = useMemo(() => ["journal", asked(filter), extras], [filter, extras]);
  const list = useInfiniteQuery({
    queryKey: key, initialPageParam: "", getNextPageParam: (p: Page<TicketRow>) => p.next ?? undefined, placeholderData: keepPreviousData,
    queryFn: ({ pageParam, signal }) => get<Page<TicketRow>>("/tickets", { ...asked(filter), extras, limit: 50, cursor: pageParam }, signal),
  });
  const counts = useQuery({ queryKey: ["journal-counts"], queryFn: () => get<TicketCounts>("/tickets/counts"), refetchInterval: 30_000 });
  const saved = useQuery({ queryKey: ["filters"], queryFn: () => get<Page<SavedFilter>>("/filters") });
  const house = useQuery({ queryKey: ["house", filter.house_id], enabled: Boolean(filter.house_id) && DESK.has(me.role), staleTime: 300_000, queryFn: () => get<House>(`/houses/${filter.house_id}`) });
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const index = items.findIndex((x) => x.number === at);
  const change: Change = useCallback((some, { replace = false } = {}) => {
    const next: Filter = { ...filter, ...some };
    if (next.overdue || next.unassigned) delete next.status;
    else next.status ||= "all";
    go(toUrl(next), { replace });
  }, [filter]);

  // A saved filter brings its columns with it.
  const opened = saved.data?.items.find((s) => String(s.id) === view);
  useEffect(() => { if (opened?.columns.length) setColumns(opened.columns as Column[]); }, [opened]);
  const choose = (next: Column[]) => { setColumns(next); keepColumns(next); };

  const [changed, refresh] = useNews(key, body);
  const keep = useAnchor(body, at, items);

  const select = (to: number) => {
    const next = items[Math.max(0, Math.min(items.length - 1, to))];
    if (!next) return;
    setAt(next.number);
    keep.moved();
    if (to >= items.length - 5 && list.hasNextPage && !list.isFetching) void list.fetchNextPage();
    requestAnimationFrame(() => body.current?.querySelector(`[data-number="${next.number}"]`)?.scrollIntoView({ block: "nearest" }));
  };
  const here = index < 0 ? 0 : index;
  const open = (): void | false => (items[here] ? go(`/tickets/${items[here].number}`) : false);
  const exporting = useExport();
  const startExport = () => exporting.start(kept(filter), columns);
  useKeys({
    ArrowDown: () => select(index < 0 ? 0 : index + 1), ArrowUp: () => select(here - 1), Home: () => { body.current?.scrollTo(0, 0); select(0); }, End: () => select(items.length - 1), PageDown: () => select(here + 15), PageUp: () => select(here - 15),
    Enter: open, KeyO: open, Slash: () => search.current?.focus(), KeyE: startExport,
  });

  const undo = async (id: number) => { await post(`/filters/${id}/restore`); await refreshRail(); };
  const why = useWhy();
  const drop = (of: SavedFilter) => void remove(`/filters/${of.id}`).then(async () => { await refreshRail(); say(t("journal.removed", { name: of.name }), { act: { word: t("journal.undo"), run: () => void undo(of.id) } }); }, (e) => say(why(e), { bad: true }));
  const save = async (name: string, shared: boolean, over?: SavedFilter) => {
    const form = { name, filter: kept(filter), columns, shared, position: over?.position ?? 0 };
    const made = await (over ? put<SavedFilter>(`/filters/${over.id}`, form) : post<SavedFilter>("/filters", form));
    setSaving(false);
    await refreshRail();
    say(t("journal.saved", { name }));
    go(toUrl(filter, { view: String(made.id) }), { replace: true });
  };
  const c = counts.data;
  const number = (of: TicketCounts["open"]) => (of.more ? t("journal.over", { count: of.count }) : counted(of));
  const heading = c && [said(t, "open", c.open, number), said(t, "accidents", c.accidents, number), said(t, "late", c.overdue, number), t(`journal.order.${filter.sort ?? "danger"}`)].join(" · ");
  const houseName = house.data?.address ?? query.get("name") ?? "";
  const narrowed = Object.keys(asked(filter)).length > 1 + Number(filter.status === "open");
  return (
    <>
      <div className="pagehead">
        <h1>{t("tickets.title")}</h1>
        <p className="t2 s13 cut">{heading}</p>
        <span className="end row">
          {changed > 0 && <Btn size="small" icon={IconRefresh} onClick={refresh}>{t("journal.changed", { count: changed })}</Btn>}
          {LEADERS.has(me.role) && <Btn icon={IconStairs} onClick={() => setSupport(true)}>{t("support.button")}</Btn>}
          <Btn icon={IconFileSpreadsheet} keys="E" onClick={startExport}>{t("journal.export")}</Btn>
          {DESK.has(me.role) && <Btn look="primary" icon={IconPlus} keys="F3" onClick={() => go("/desk?new=1")}>{t("desk.newTicket")}</Btn>}
        </span>
      </div>
      <div className={choosing ? "journal columned" : "journal"}>
        <JournalRail filter={filter} counts={c} saved={saved.data?.items ?? []} onSave={() => setSaving(true)} onRemove={drop} />
        <div className="middle">
          <JournalFilters me={me} filter={filter} houseName={houseName} onChange={change} onColumns={() => setChoosing((o) => !o)} columnsOpen={choosing} search={search} />
          <div className="card" style={{ flex: 1, minHeight: 240 }}>
            <div className="body" ref={body} tabIndex={0} role="group" aria-label={t("tickets.title")} style={{ border: 0 }}
              onScroll={(e) => { keep.moved(); const b = e.currentTarget; if (b.scrollTop + b.clientHeight > b.scrollHeight - 400 && list.hasNextPage && !list.isFetching) void list.fetchNextPage(); }}>
              <Faces of={list} bones={{ count: 14, height: 24 }} empty={items.length === 0 && <Nothing me={me} narrowed={narrowed} filter={filter} onAll={() => change({ status: "all" })} />}>
                <table className="table" aria-busy={list.isPlaceholderData}>
                  <thead><tr>{columns.map((name) => <th key={name} scope="col">{t(`journal.col.${name}`)}</th>)}</tr></thead>
                  <tbody>{items.map((x) => <Line key={x.number} row={x} columns={columns} now={now} on={x.number === (at ?? "")} />)}</tbody>
                </table>
                <p className="foot" role="status">{t("journal.shown", { count: items.length })}{" · "}{list.hasNextPage ? t("journal.loading") : t("journal.end")}</p>
              </Faces>
            </div>
          </div>
        </div>
        {choosing && <ColumnChooser columns={columns} onChange={choose} onClose={() => setChoosing(false)} />}
      </div>
      <ExportBar state={exporting} again={startExport} />
      {support && <SupportDialog onClose={() => setSupport(false)} />}
      {saving && <SaveFilter me={me} over={opened?.changeable ? opened : undefined} onClose={() => setSaving(false)} onSave={save} />}
    </>
  );
}

const refreshRail = () => Promise.all([queries.invalidateQueries({ queryKey: ["filters"] }), queries.invalidateQueries({ queryKey: ["journal-counts"] })]);

function said(t: (key: string, more?: Record<string, unknown>) => string, word: string, of: TicketCounts["open"], number: (of: TicketCounts["open"]) => string): string {
  return t(`journal.${word}`, { count: of.count, replace: { count: number(of) } });
}

function Nothing({ me, narrowed, filter, onAll }: { me: Me; narrowed: boolean; filter: Filter; onAll: () => void }) {
  const { t } = useTranslation();
  const lead = narrowed ? t("journal.emptyLead") : DESK.has(me.role) ? t("journal.emptyAll") : t("journal.emptyMine");
  return <Empty icon={IconClipboardList} title={t("journal.empty")}><p>{lead}</p>{filter.status !== "all" && filter.q && <Btn onClick={onAll}>{t("journal.amongAll")}</Btn>}</Empty>;
}

// --- one line ---------------------------------------------------------------------------------------------

function Line({ row, columns, now, on }: { row: TicketRow; columns: Column[]; now: number; on: boolean }) {
  const hot = (row.urgency === "life" || row.urgency === "emergency") && !["closed", "cancelled"].includes(row.status);
  return (
    <tr data-number={row.number} className={`pick${hot ? " hot" : ""}${on ? " now" : ""}`} aria-current={on || undefined} onClick={() => go(`/tickets/${row.number}`)}>
      {columns.map((name) => <Cell key={name} of={name} row={row} now={now} hot={hot} />)}
    </tr>
  );
}

function Cell({ of, row: x, now, hot }: { of: Column; row: TicketRow; now: number; hot: boolean }) {
  const { t, i18n } = useTranslation();
  switch (of) {
    case "number": return <td className="b"><a href={`/tickets/${x.number}`} onClick={(e) => { e.stopPropagation(); follow(`/tickets/${x.number}`)(e); }}>{x.number}</a></td>;
    case "what": {
      const problem = i18n.language === "ru" ? x.classifier.problem_ru : x.classifier.problem_en || x.classifier.problem_ru;
      return (
        <td className="what"><span className={`row b ${hot ? "danger" : ""}`} style={{ gap: 6 }}>
          {x.urgency === "life" ? <span className="chip fill" role="img" aria-label={t("urgency.life")} title={t("urgency.life")}><I of={IconUrgent} size={15} /></span> : <Urgency of={x.urgency} />}
          <span className="cut" title={problem}>{problem}</span>
          {x.applicant_count > 1 && <span className="chip" role="img" aria-label={t("journal.applicants", { count: x.applicant_count })} title={t("journal.applicants", { count: x.applicant_count })}><I of={IconUsersGroup} size={14} />{x.applicant_count}</span>}
          {x.paid && !["closed", "cancelled"].includes(x.status) && <span role="img" aria-label={t("journal.paidYes")} title={t("journal.paidYes")} className="t3" style={{ display: "inline-flex" }}><I of={IconCoin} size={15} /></span>}
        </span></td>
      );
    }
    case "where": { const place = placeOf(x, t); return <td className="t2 cut" title={place}>{place || "—"}</td>; }
    case "status": { const picture = STATUS_PICTURES[x.status]; return <td><span className="row" style={{ gap: 6 }} title={t(`status.${x.status}`)}>{picture && <I of={picture} size={15} className="t2" />}{t(`statusShort.${x.status}`, { defaultValue: x.status })}</span></td>; }
    case "organisation": return <td className="t2 cut" title={x.organisation?.name}>{x.organisation?.name ?? "—"}</td>;
    case "created": return <td className="t2" style={{ whiteSpace: "nowrap" }}><At at={x.created_at} now={now} /></td>;
    case "due": return <td><Term row={x} now={now} /></td>;
    case "executor": return <td className="t2 cut">{x.executor_name ? shortName(x.executor_name) : "—"}</td>;
    case "applicant": return <td className="t2 cut" title={x.applicant.name}>{x.applicant.name ? shortName(x.applicant.name) : x.applicant.number.startsWith("+") ? phone(x.applicant.number) : x.applicant.number || "—"}</td>;
    case "district": return <td className="t2 cut">{x.district || "—"}</td>;
    case "mark": return <td className={x.mark && x.mark < 3 ? "danger b" : "t2"}>{x.mark ?? "—"}</td>;
    case "paid": return <td className="t2">{x.paid ? t("journal.paidYes") : "—"}</td>;
    case "level": return <td className="t2 cut" title={t(`support.of.${x.level ?? 3}`)}>{t(`support.short.${x.level ?? 3}`)}</td>;
    case "recording": return <td className="t2">{x.recording_id ? t("journal.hasRecording") : "—"}</td>;
    case "comment": return <td className="t2 cut" title={x.comment}>{x.comment || "—"}</td>;
    case "text":
    case "close_reason": return <td className="t2 cut" title={x.life?.[of]}>{x.life?.[of] || "—"}</td>;
    case "damage":
    case "accepted":
    case "localised":
    case "fixed":
    case "closed":
    case "late": { const at = x.life?.[`${of}_at`]; return <td className={of === "late" && at ? "danger" : "t2"} style={{ whiteSpace: "nowrap" }}>{at ? <At at={at} now={now} /> : "—"}</td>; }
  }
}

/** What is left of the nearest running term, or by how much it is late: a word and a picture, never the colour alone. */
function Term({ row: x, now }: { row: TicketRow; now: number }) {
  const { t } = useTranslation();
  if (["closed", "cancelled"].includes(x.status)) return x.late ? <span className="row t3 s12" style={{ gap: 4 }}><I of={IconClockExclamation} size={14} />{t("journal.wasLate")}</span> : <>—</>;
  const by = x.due_at ?? (x.overdue ? x.deadlines.fix_by : null);
  if (!by) return <span className="t3">—</span>;
  const left = (Date.parse(by) - now) / 1000;
  if (left < 0) return <span className="chip fill" title={exact(by)} aria-label={t("journal.overdue", { span: span(left) })}><I of={IconClockExclamation} size={14} />{t("journal.lateBy", { span: span(left) })}</span>;
  const put = x.postponed_until ? t("journal.postponed", { day: dayMonth(x.postponed_until) }) : "";
  if (left < SOON_SECONDS) return <span className="chip soon" title={put || exact(by)}><I of={IconClock} size={14} />{span(left)}</span>;
  return <span style={{ whiteSpace: "nowrap" }} title={put || exact(by)}>{span(left)}</span>;
}

// --- live -------------------------------------------------------------------------------------------------

/** News change a line in its place; what would move lines waits until the reader asks, or stands at the top. */
function useNews(key: unknown[], body: React.RefObject<HTMLDivElement | null>): [number, () => void] {
  const [news, setNews] = useState<ReadonlySet<string>>(new Set());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const refresh = useCallback(() => {
    clearTimeout(timer.current);
    timer.current = undefined;
    setNews(new Set());
    void queries.invalidateQueries({ queryKey: ["journal"] });
    void queries.invalidateQueries({ queryKey: ["journal-counts"] });
  }, []);
  useEffect(() => { setNews(new Set()); }, [key]);
  useEffect(() => {
    const off = live.on<TicketRow>("ticket", (row) => {
      if (!row?.number) return;
      queries.setQueryData<Pages>(key, (old) => old && { ...old, pages: old.pages.map((p) => ({ ...p, items: p.items.map((x) => (x.number === row.number ? { ...row, comment: x.comment, recording_id: x.recording_id, life: x.life } : x)) })) });
      setNews((some) => new Set([...some, row.number]));
      timer.current ??= setTimeout(() => { timer.current = undefined; if ((body.current?.scrollTop ?? 0) < 4) refresh(); else void queries.invalidateQueries({ queryKey: ["journal-counts"] }); }, 1_000);
    });
    return () => { off(); clearTimeout(timer.current); timer.current = undefined; };
  }, [key, body, refresh]);
  return [news.size, refresh];
}

/** The chosen row stays where it stands on the screen when rows before it come or go. */
function useAnchor(body: React.RefObject<HTMLDivElement | null>, at: string | null, items: TicketRow[]): { moved: () => void } {
  const place = useRef<number | null>(null);
  const find = useCallback(() => {
    const row = at && body.current?.querySelector<HTMLElement>(`[data-number="${at}"]`);
    return row ? row.offsetTop - body.current!.scrollTop : null;
  }, [at, body]);
  useLayoutEffect(() => {
    const top = find();
    if (top !== null && place.current !== null && body.current && body.current.scrollTop > 4) body.current.scrollTop += top - place.current;
    place.current = find();
  }, [items, find, body]);
  return { moved: useCallback(() => requestAnimationFrame(() => { place.current = find(); }), [find]) };
}
