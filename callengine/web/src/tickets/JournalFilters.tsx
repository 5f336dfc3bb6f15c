// Above the list: the search, what narrows it as chips that can be taken off, and the pickers.

import { IconBuilding, IconCalendar, IconChevronDown, IconColumns3, IconFilter, IconSearch, IconX } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState, type ReactNode, type RefObject } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { House, JournalChoices, Me, Page } from "@/api/types";
import { dayMonth, dayOf, midnight, shiftDay } from "@/lib/time";
import { useKeys } from "@/lib/keys";
import { serverNow } from "@/lib/clock";
import { Btn, I, Keys } from "@/ui/pieces";
import { DESK } from "./buttons";
import type { Filter, Parameter } from "./journalFilter";
import { STATUSES } from "./statuses";

export type Change = (change: Filter, more?: { replace?: boolean }) => void;

interface Props { me: Me; filter: Filter; houseName: string; onChange: Change; onColumns: () => void; columnsOpen: boolean; search: RefObject<HTMLInputElement | null> }

export function JournalFilters({ me, filter, houseName, onChange, onColumns, columnsOpen, search }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState(filter.q ?? "");
  const typed = useRef(filter.q ?? "");
  // The address bar is the truth: back brings the words of before.
  useEffect(() => { if ((filter.q ?? "") !== typed.current) { typed.current = filter.q ?? ""; setText(filter.q ?? ""); } }, [filter.q]);
  useEffect(() => {
    if (text.trim() === typed.current) return;
    const timer = setTimeout(() => { typed.current = text.trim(); onChange({ q: text.trim() }, { replace: true }); }, 250);
    return () => clearTimeout(timer);
  }, [text, onChange]);
  const choices = useQuery({ queryKey: ["journal-choices"], queryFn: () => get<JournalChoices>("/tickets/choices"), staleTime: 300_000 });
  const c = choices.data;
  const chips = chipsOf(filter, c, houseName, t);
  return (
    <div className="filters">
      <div className="field compact search"><I of={IconSearch} size={16} className="t3" /><input ref={search} type="search" aria-label={t("journal.search")} placeholder={t("journal.search")} value={text} onChange={(e) => setText(e.target.value)} onKeyDown={(e) => { if (e.key === "Enter" || e.key === "Escape") e.currentTarget.blur(); }} /><span className="t3"><Keys of="/" calm /></span></div>
      {chips.map(([names, word]) => <button key={names[0]} type="button" className="btn on" aria-label={t("journal.clear", { name: word })} onClick={() => onChange(Object.fromEntries(names.map((n) => [n, n === "status" ? "all" : ""])))}>{word}<I of={IconX} size={15} /></button>)}
      <Period filter={filter} onChange={onChange} />
      {DESK.has(me.role) && <HousePicker onPick={(h) => onChange({ house_id: String(h.id) }, {})} />}
      {c && c.organisations.length > 1 && <Picker word={t("journal.organisation")} any={t("journal.anyOrganisation")} value={filter.organisation_id ?? ""} options={c.organisations.map((o) => [String(o.id), o.name])} onPick={(organisation_id) => onChange({ organisation_id })} />}
      {c && c.districts.length > 1 && <Picker word={t("journal.district")} any={t("journal.anyDistrict")} value={filter.district ?? ""} options={c.districts.map((d) => [d, d])} onPick={(district) => onChange({ district })} />}
      <Menu icon={IconFilter} word={t("journal.more")} bare>
        {() => <>
          <Choice word={t("journal.status")} any={t("journal.anyStatus")} none="all" value={filter.status ?? "all"} options={[["open", t("journal.openOnly")], ...STATUSES.map((s): [string, string] => [s, t(`status.${s}`)])]} onPick={(status) => onChange({ status, overdue: "", unassigned: "" })} />
          <Choice word={t("journal.branch")} any={t("journal.anyBranch")} value={filter.classifier ?? ""} options={(c?.branches ?? []).map((b) => [b.code, b.name])} onPick={(classifier) => onChange({ classifier })} />
          {c && c.executors.length > 0 && <Choice word={t("journal.executor")} any={t("journal.anyExecutor")} value={filter.executor_id ?? ""} options={c.executors.map((x) => [String(x.id), x.name])} onPick={(executor_id) => onChange({ executor_id })} />}
          <Choice word={t("journal.mark")} any={t("journal.anyMark")} value={filter.mark ?? ""} options={["1,2", "1", "2", "3", "4", "5"].map((m) => [m, t("journal.marked", { mark: m.replace(",", "–") })])} onPick={(mark) => onChange({ mark, ...(mark ? { status: "all" } : {}) })} />
          <Choice word={t("support.level")} any={t("support.any")} value={filter.level ?? ""} options={["1", "2", "3", "4"].map((l) => [l, t(`support.of.${l}`)])} onPick={(level) => onChange({ level })} />
          <Choice word={t("journal.sort")} any={t("journal.sorts.danger")} value={filter.sort ?? ""} options={(["due", "newest"] as const).map((s) => [s, t(`journal.sorts.${s}`)])} onPick={(sort) => onChange({ sort })} />
          <button type="button" className="btn" aria-pressed={filter.late === "true"} onClick={() => onChange({ late: filter.late ? "" : "true", ...(filter.late ? {} : { status: "all" }) })}>{t("journal.late")}</button>
          <button type="button" className="btn" aria-pressed={filter.houseless === "true"} onClick={() => onChange({ houseless: filter.houseless ? "" : "true" })}>{t("journal.houseless")}</button>
        </>}
      </Menu>
      <Btn icon={IconColumns3} aria-label={t("journal.columns")} title={t("journal.columns")} aria-expanded={columnsOpen} onClick={onColumns} />
    </div>
  );
}

/** What narrows the list, each with the parameters that it takes off. */
function chipsOf(f: Filter, c: JournalChoices | undefined, houseName: string, t: (key: string, more?: Record<string, unknown>) => string): [Parameter[], string][] {
  const found: [Parameter[], string][] = [];
  if (f.status && f.status !== "all") found.push([["status"], f.status.split(",").map((s) => (s === "open" ? t("journal.openOnly") : t(`statusShort.${s}`))).join(", ")]);
  if (f.accident === "true") found.push([["accident"], t("journal.rail.accidents")]);
  if (f.urgency) found.push([["urgency"], f.urgency.split(",").map((u) => t(`urgency.${u}`)).join(", ")]);
  if (f.overdue === "true") found.push([["overdue"], t("journal.rail.overdue")]);
  if (f.late === "true") found.push([["late"], t("journal.late")]);
  if (f.unassigned === "true") found.push([["unassigned"], t("journal.rail.unassigned")]);
  if (f.houseless === "true") found.push([["houseless"], t("journal.houseless")]);
  if (f.paid) found.push([["paid"], t("journal.rail.paid")]);
  if (f.days) found.push([["days"], t(`journal.days.${f.days}`, { defaultValue: f.days })]);
  if (f.from || f.to) found.push([["from", "to"], [f.from && t("journal.since", { day: dayMonth(f.from) }), f.to && t("journal.until", { day: dayMonth(Date.parse(f.to) - 1) })].filter(Boolean).join(" ")]);
  if (f.house_id) found.push([["house_id"], houseName || `${t("journal.house")} ${f.house_id}`]);
  if (f.organisation_id) found.push([["organisation_id"], c?.organisations.find((o) => String(o.id) === f.organisation_id)?.name ?? t("journal.organisation")]);
  if (f.district) found.push([["district"], f.district]);
  if (f.executor_id) found.push([["executor_id"], c?.executors.find((x) => String(x.id) === f.executor_id)?.name ?? t("journal.executor")]);
  if (f.classifier) found.push([["classifier"], c?.branches.find((b) => b.code === f.classifier)?.name ?? f.classifier]);
  if (f.level) found.push([["level"], f.level.split(",").map((l) => t(`support.short.${l}`)).join(", ")]);
  if (f.mark) found.push([["mark"], t("journal.marked", { mark: f.mark.replace(",", "–") })]);
  return found;
}

/** A button that opens a small panel; Escape and a click elsewhere close it. */
function Menu({ icon, word, bare = false, children }: { icon?: typeof IconCalendar; word: string; bare?: boolean; children: (close: () => void) => ReactNode }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const close = () => { setOpen(false); button.current?.focus(); };
  useKeys({ Escape: close }, { when: open });
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>(".pop input, .pop select, .pop button")?.focus();
    const away = (e: PointerEvent) => { if (!box.current?.contains(e.target as Node)) setOpen(false); };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [open]);
  return (
    <div className="menu" ref={box}>
      <button ref={button} type="button" className={bare ? "btn icon" : "btn"} aria-label={bare ? word : undefined} title={bare ? word : undefined} aria-expanded={open} aria-controls={open ? id : undefined} onClick={() => setOpen((o) => !o)}>{icon && <I of={icon} size={16} />}{!bare && <>{word}<I of={IconChevronDown} size={15} /></>}</button>
      {open && <div id={id} className={bare ? "pop right" : "pop"} role="group" aria-label={word}>{children(close)}</div>}
    </div>
  );
}

function Picker({ word, any, value, options, onPick }: { word: string; any: string; value: string; options: [string, string][]; onPick: (value: string) => void }) {
  return (
    <div className={value ? "field compact pick on" : "field compact pick"}>
      <select aria-label={word} value={value} onChange={(e) => onPick(e.target.value)}><option value="">{value ? any : word}</option>{options.map(([v, name]) => <option key={v} value={v}>{name}</option>)}</select>
    </div>
  );
}

function Choice({ word, any, none = "", value, options, onPick }: { word: string; any: string; none?: string; value: string; options: [string, string][]; onPick: (value: string) => void }) {
  return <label>{word}<span className="field compact"><select value={value} onChange={(e) => onPick(e.target.value)}><option value={none}>{any}</option>{options.map(([v, name]) => <option key={v} value={v}>{name}</option>)}</select></span></label>;
}

function Period({ filter, onChange }: { filter: Filter; onChange: Change }) {
  const { t } = useTranslation();
  const today = dayOf(serverNow());
  const from = filter.from ? dayOf(filter.from) : "";
  const to = filter.to ? shiftDay(dayOf(filter.to), -1) : "";
  const edge = (day: string) => (day ? new Date(midnight(day)).toISOString() : "");
  return (
    <Menu icon={IconCalendar} word={t("journal.period")}>
      {(close) => <>
        {["1", "7", "30", "365"].map((days) => <button key={days} type="button" className={filter.days === days ? "btn on" : "btn"} aria-pressed={filter.days === days} onClick={() => { onChange({ days, from: "", to: "" }); close(); }}>{t(`journal.days.${days}`)}</button>)}
        <label>{t("journal.from")}<span className="field compact"><input type="date" max={to || today} value={from} onChange={(e) => onChange({ from: edge(e.target.value), days: "" })} /></span></label>
        <label>{t("journal.to")}<span className="field compact"><input type="date" min={from} max={today} value={to} onChange={(e) => onChange({ to: e.target.value ? edge(shiftDay(e.target.value, 1)) : "", days: "" })} /></span></label>
        <button type="button" className="btn" onClick={() => { onChange({ days: "", from: "", to: "" }); close(); }}>{t("journal.anyPeriod")}</button>
      </>}
    </Menu>
  );
}

function HousePicker({ onPick }: { onPick: (house: House) => void }) {
  const { t } = useTranslation();
  const [q, setQ] = useState("");
  const found = useQuery({ queryKey: ["houses", q], enabled: q.trim().length > 1, placeholderData: keepPreviousData, queryFn: ({ signal }) => get<Page<House>>("/houses", { q, limit: 8 }, signal) });
  return (
    <Menu icon={IconBuilding} word={t("journal.house")}>
      {(close) => <>
        <span className="field compact"><input aria-label={t("journal.findHouse")} placeholder={t("journal.findHouse")} value={q} onChange={(e) => setQ(e.target.value)} /></span>
        {q.trim().length > 1 && found.data?.items.length === 0 && <p className="t3 s12">{t("journal.noHouse")}</p>}
        {q.trim().length > 1 && found.data?.items.map((h) => <button key={h.id} type="button" className="btn" onClick={() => { onPick(h); setQ(""); close(); }}>{h.address}</button>)}
      </>}
    </Menu>
  );
}
