// The journal of tickets, read only for now: a filter, the accidents first seen by their edge, a row opens the ticket.

import { IconClipboardList, IconPlus, IconSearch, IconX } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Page, TicketRow } from "@/api/types";
import { Due } from "@/desk/Desk";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { go } from "@/lib/route";
import { At, Btn, Empty, Faces, I, Keys, Urgency } from "@/ui/pieces";

export const STATUSES = ["from_cabinet", "unassigned", "awaiting_acceptance", "declined", "no_executor", "executor_assigned", "in_progress", "awaiting_centre", "awaiting_client", "needs_rework", "conflict", "closed", "cancelled"];

export function Tickets({ query }: { query: URLSearchParams }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const house = query.get("house") ?? "";
  const [text, setText] = useState("");
  const [q] = useDebouncedValue(text.trim(), 250);
  const [status, setStatus] = useState("");
  const [at, setAt] = useState(0);
  const search = useRef<HTMLInputElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const filter = { q, status, house_id: house };
  const tickets = useInfiniteQuery({ queryKey: ["tickets", filter], queryFn: ({ pageParam, signal }) => get<Page<TicketRow>>("/tickets", { ...filter, limit: 50, cursor: pageParam }, signal), initialPageParam: "", getNextPageParam: (p) => p.next ?? undefined, placeholderData: keepPreviousData });
  const items = tickets.data?.pages.flatMap((p) => p.items) ?? [];
  const move = (by: number) => {
    const next = Math.max(0, Math.min(items.length - 1, at + by));
    setAt(next);
    body.current?.querySelectorAll("tbody tr")[next]?.scrollIntoView({ block: "nearest" });
  };
  const open = () => items[at] && go(`/tickets/${items[at].number}`);
  useKeys({ ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: () => void open(), KeyO: () => void open(), Slash: () => search.current?.focus() });
  return (
    <>
      <div className="pagehead"><h1>{t("tickets.title")}</h1><span className="end"><Btn look="primary" icon={IconPlus} keys="F3" onClick={() => go("/desk?new=1")}>{t("desk.newTicket")}</Btn></span></div>
      <div className="filters">
        <div className="field compact" style={{ width: 300 }}><I of={IconSearch} size={16} className="t3" /><input ref={search} aria-label={t("tickets.filter")} placeholder={t("tickets.filter")} value={text} onChange={(e) => setText(e.target.value)} onKeyDown={(e) => { if (e.key === "Enter" || e.key === "Escape") e.currentTarget.blur(); }} /><span className="t3"><Keys of="/" calm /></span></div>
        <div className={status ? "field compact on" : "field compact"}><select aria-label={t("tickets.status")} value={status} onChange={(e) => setStatus(e.target.value)}><option value="">{t("tickets.allStatuses")}</option>{STATUSES.map((s) => <option key={s} value={s}>{t(`status.${s}`)}</option>)}</select></div>
        {house && <Btn onClick={() => go("/tickets")} aria-label={t("tickets.clearHouse")}>{t("tickets.byHouse", { house: query.get("name") ?? house })}<I of={IconX} size={15} /></Btn>}
      </div>
      <div className="card" style={{ flex: 1, minHeight: 240 }}>
        <div className="body" ref={body} tabIndex={0} role="group" aria-label={t("tickets.title")} style={{ border: 0 }} onScroll={(e) => { const b = e.currentTarget; if (b.scrollTop + b.clientHeight > b.scrollHeight - 300 && tickets.hasNextPage && !tickets.isFetching) void tickets.fetchNextPage(); }}>
          <Faces of={tickets} bones={{ count: 12, height: 26 }} empty={items.length === 0 && <Empty icon={IconClipboardList} title={t("tickets.empty")}>{t("tickets.emptyLead")}</Empty>}>
            <table className="table">
              <thead><tr>{(["number", "what", "where", "status", "organisation", "created", "due"] as const).map((c) => <th key={c} scope="col">{t(`tickets.col.${c}`)}</th>)}</tr></thead>
              <tbody>
                {items.map((x, i) => {
                  const hot = ["life", "emergency"].includes(x.urgency);
                  return (
                    <tr key={x.number} className={i === at ? "pick now" : "pick"} aria-current={i === at || undefined} style={hot ? { boxShadow: "inset 4px 0 var(--danger-fill)" } : undefined} onClick={() => go(`/tickets/${x.number}`)}>
                      <td><a href={`/tickets/${x.number}`} onClick={(e) => { e.preventDefault(); go(`/tickets/${x.number}`); }}>{x.number}</a></td>
                      <td><span className={`row ${hot ? "danger b" : ""}`} style={{ gap: 6 }}><Urgency of={x.urgency} /><span className="cut" style={{ maxWidth: 360 }}>{i18n.language === "ru" ? x.classifier.problem_ru : x.classifier.problem_en}</span></span></td>
                      <td className="t2">{[x.house?.address, x.premise && t("common.flat", { flat: x.premise })].filter(Boolean).join(", ") || "—"}</td>
                      <td>{t(`statusShort.${x.status}`, { defaultValue: x.status })}</td>
                      <td className="t2"><span className="cut" style={{ display: "block", maxWidth: 220 }}>{x.organisation?.name ?? "—"}</span></td>
                      <td className="t2"><At at={x.created_at} now={now} /></td>
                      <td><Due row={x} now={now} /></td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </Faces>
        </div>
      </div>
    </>
  );
}
