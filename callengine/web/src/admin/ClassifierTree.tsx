// The tree of the classifier beside the editor of what is chosen in it.

import { IconChevronDown, IconChevronRight, IconFolder, IconFolderPlus, IconListTree, IconPlus, IconSearch, IconX } from "@tabler/icons-react";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useTranslation } from "react-i18next";
import type { ClassifierGroup, ClassifierLeaf, ClassifierTree, Me } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { go } from "@/lib/route";
import { Bones, Btn, Empty, I, Keys, Urgency } from "@/ui/pieces";
import { EntryEditor } from "./ClassifierEntry";
import { GroupEditor } from "./ClassifierGroup";

interface Row {
  key: string; // the address: groups/HVS, entries/HVS-01
  level: number;
  open: boolean | null; // null: nothing to open
  group?: ClassifierGroup;
  leaf?: ClassifierLeaf;
}

const addressOf = (row: Row): string => (row.group ? `groups/${row.group.code}` : `entries/${row.leaf!.code}`);

/** The rows that can be seen, each with its level. A filter opens the groups on the way to what it finds. */
function rowsOf(tree: ClassifierTree, q: string, retired: boolean, open: Set<string>): Row[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const hit = (text: string) => words.every((w) => text.toLowerCase().includes(w));
  const entries = tree.entries.filter((e) => (retired || e.active) && hit(`${e.code} ${e.problem_ru} ${e.problem_en}`));
  const rows: Row[] = [];
  const walk = (parent: string, level: number, whole: boolean): void => {
    for (const group of tree.groups.filter((g) => g.parent === parent)) {
      const named = whole || (words.length > 0 && hit(`${group.code} ${group.name_ru} ${group.name_en}`));
      if (words.length > 0 && !named && !holds(group.code)) continue;
      const opened = words.length > 0 || open.has(group.code);
      rows.push({ key: `groups/${group.code}`, level, open: opened, group });
      if (opened) walk(group.code, level + 1, named);
    }
    const below = whole ? tree.entries.filter((e) => retired || e.active) : entries;
    for (const leaf of below.filter((e) => e.parent === parent)) rows.push({ key: `entries/${leaf.code}`, level, open: null, leaf });
  };
  const holds = (code: string): boolean => entries.some((e) => e.parent === code) || tree.groups.some((g) => g.parent === code && (holds(g.code) || hit(`${g.code} ${g.name_ru} ${g.name_en}`)));
  walk("", 1, false);
  return rows;
}

export function ClassifierTreePage({ tree, at, me }: { tree: ClassifierTree | undefined; at: string[]; me: Me }) {
  const admin = me.role === "administrator";
  const [side, code] = at;
  return (
    <div className="classifier">
      <Tree tree={tree} chosen={code ? `${side}/${code}` : ""} admin={admin} />
      <Chosen tree={tree} side={side} code={code} me={me} />
    </div>
  );
}

function Chosen({ tree, side, code, me }: { tree: ClassifierTree | undefined; side: string | undefined; code: string | undefined; me: Me }) {
  const { t } = useTranslation();
  if (!tree) return <section className="card"><Bones count={8} height={40} /></section>;
  if (side === "new" && me.role === "administrator") return code === "group" ? <GroupEditor key="new" tree={tree} code={null} admin /> : <EntryEditor key="new" tree={tree} code={null} me={me} />;
  if (side === "groups" && code) return <GroupEditor key={code} tree={tree} code={code} admin={me.role === "administrator"} />;
  if (side === "entries" && code) return <EntryEditor key={code} tree={tree} code={code} me={me} />;
  return <section className="card"><Empty icon={IconListTree} title={t("classifier.choose")}>{t("classifier.chooseLead")}</Empty></section>;
}

function Tree({ tree, chosen, admin }: { tree: ClassifierTree | undefined; chosen: string; admin: boolean }) {
  const { t } = useTranslation();
  const [q, setQ] = useState("");
  const [retired, setRetired] = useState(false);
  const [open, setOpen] = useState<Set<string>>(() => new Set());
  const [focus, setFocus] = useState("");
  const search = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const led = useRef("");
  useEffect(() => { // what the address names is seen: its groups open, once: who closes them afterwards is obeyed
    if (!tree || !chosen || led.current === chosen) return;
    const code = chosen.split("/")[1];
    let up = tree.entries.find((e) => e.code === code)?.parent ?? tree.groups.find((g) => g.code === code)?.parent;
    if (up !== undefined) led.current = chosen;
    const way: string[] = [];
    while (up && !way.includes(up)) { way.push(up); const above = up; up = tree.groups.find((g) => g.code === above)?.parent; }
    setOpen((old) => (way.every((w) => old.has(w)) ? old : new Set([...old, ...way])));
    setFocus(chosen);
  }, [tree, chosen]);
  useEffect(() => { // a small classifier opens its first level at once
    if (tree && !chosen) setOpen((old) => (old.size ? old : new Set(tree.groups.filter((g) => g.parent === "").map((g) => g.code))));
  }, [tree, chosen]);
  const rows = useMemo(() => (tree ? rowsOf(tree, q.trim(), retired, open) : []), [tree, q, retired, open]);
  const here = rows.find((r) => r.key === focus) ?? rows[0];
  useKeys({ Slash: () => search.current?.focus() });
  const toggle = (code: string, on: boolean) => setOpen((old) => { const next = new Set(old); if (on) next.add(code); else next.delete(code); return next; });
  const choose = (row: Row) => go(`/admin/classifier/${addressOf(row)}`);
  const look = (row: Row | undefined) => {
    if (!row) return;
    setFocus(row.key);
    // The row stands already: at once, so that the next key goes to it and not to the row before.
    list.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(row.key)}"]`)?.focus();
  };
  const onKey = (e: KeyboardEvent, row: Row) => {
    const i = rows.indexOf(row);
    const acts: Record<string, () => void> = {
      ArrowDown: () => look(rows[i + 1]), ArrowUp: () => look(rows[i - 1]), Home: () => look(rows[0]), End: () => look(rows.at(-1)),
      ArrowRight: () => (row.open === false ? toggle(row.group!.code, true) : row.open ? look(rows[i + 1]) : undefined),
      ArrowLeft: () => (row.open && !q ? toggle(row.group!.code, false) : look(rows.slice(0, i).reverse().find((r) => r.level < row.level))),
      Enter: () => choose(row), " ": () => choose(row),
    };
    const act = acts[e.key];
    if (!act) return;
    e.preventDefault();
    act();
  };
  return (
    <section className="card" aria-labelledby="tree-title">
      <header className="wrap">
        <h2 id="tree-title">{t("classifier.tab.tree")}</h2>
        {tree && <span className="t3 s12">{t("classifier.entries", { count: tree.entries.filter((e) => e.active).length })}</span>}
        {admin && <span className="end row" style={{ gap: 4 }}><Btn size="small" icon={IconPlus} onClick={() => go("/admin/classifier/new/entry")}>{t("classifier.newEntry")}</Btn><Btn size="small" icon={IconFolderPlus} onClick={() => go("/admin/classifier/new/group")}>{t("classifier.newGroup")}</Btn></span>}
      </header>
      <div className="treefilter">
        <div className="field compact grow"><I of={IconSearch} size={16} className="t3" /><input ref={search} aria-label={t("classifier.search")} placeholder={t("classifier.search")} value={q} onChange={(e) => setQ(e.target.value)} onKeyDown={(e) => { if (e.key === "ArrowDown") { e.preventDefault(); look(rows[0]); } if (e.key === "Escape") setQ(""); }} />{q ? <button type="button" className="bare" aria-label={t("classifier.clear")} onClick={() => setQ("")}><I of={IconX} size={16} /></button> : <Keys of="/" calm />}</div>
        <label className="check s12"><input type="checkbox" checked={retired} onChange={(e) => setRetired(e.target.checked)} />{t("classifier.withRetired")}</label>
      </div>
      <div className="body">
        {!tree ? <Bones count={14} height={22} /> : tree.entries.length + tree.groups.length === 0 ? <Empty icon={IconListTree} title={t("classifier.empty")}>{t("classifier.emptyLead")}</Empty> : rows.length === 0 ? <Empty icon={IconSearch} title={t("classifier.none")}>{t("classifier.noneLead")}</Empty> : (
          <ul role="tree" aria-label={t("classifier.tree")} ref={list} className="tree">
            {rows.map((row) => <Item key={row.key} row={row} on={row.key === chosen} tabbed={row === here} onKey={onKey} onOpen={() => { setFocus(row.key); choose(row); }} onToggle={() => row.group && toggle(row.group.code, !row.open)} />)}
          </ul>
        )}
      </div>
    </section>
  );
}

function Item({ row, on, tabbed, onKey, onOpen, onToggle }: { row: Row; on: boolean; tabbed: boolean; onKey: (e: KeyboardEvent, row: Row) => void; onOpen: () => void; onToggle: () => void }) {
  const { t, i18n } = useTranslation();
  const ru = i18n.language === "ru";
  const { group, leaf } = row;
  const name = group ? (ru ? group.name_ru : group.name_en || group.name_ru) : ru ? leaf!.problem_ru : leaf!.problem_en || leaf!.problem_ru;
  return (
    <li role="treeitem" data-key={row.key} aria-level={row.level} aria-expanded={row.open ?? undefined} aria-selected={on} tabIndex={tabbed ? 0 : -1} title={name}
      className={`${on ? "on" : ""} ${leaf && !leaf.active ? "off" : ""}`} style={{ paddingLeft: 8 + (row.level - 1) * 18 }} onClick={onOpen} onKeyDown={(e) => onKey(e, row)}>
      {group ? <span className="twist" aria-hidden onClick={(e) => { e.stopPropagation(); onToggle(); }}><I of={row.open ? IconChevronDown : IconChevronRight} size={16} /></span> : <span className="twist"><Urgency of={leaf!.urgency} /></span>}
      {group && <I of={IconFolder} size={16} className="t3" />}
      <span className="t3 s12 treecode">{group ? group.code : leaf!.code}</span>
      <span className={group ? "b cut grow" : "cut grow"}>{name}</span>
      {leaf?.paid && <span className="chip">{t("classifier.paidChip")}</span>}
      {leaf && !leaf.active && <span className="chip">{t("classifier.retired")}</span>}
      {leaf && leaf.open_tickets > 0 && <span className="t3 s12" title={t("classifier.open", { count: leaf.open_tickets })}>{leaf.open_tickets}</span>}
    </li>
  );
}
