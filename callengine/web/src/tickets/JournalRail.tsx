// The left rail of the journal: what everybody looks for with its counts, and the saved filters.

import { IconAlertTriangleFilled, IconBookmark, IconClipboardList, IconClockExclamation, IconCoin, IconHeadset, IconInbox, IconPlus, IconRouteOff, IconScale, IconX, type Icon } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { SavedFilter, TicketCount, TicketCounts } from "@/api/types";
import { follow } from "@/lib/route";
import { Btn, I } from "@/ui/pieces";
import { fromKept, RAIL, same, toUrl, type Filter } from "./journalFilter";

const PICTURES: Record<string, Icon> = { open: IconInbox, accidents: IconAlertTriangleFilled, overdue: IconClockExclamation, awaiting_centre: IconHeadset, unassigned: IconRouteOff, paid: IconCoin, conflict: IconScale, all: IconClipboardList };

export function counted(of: TicketCount | undefined): string {
  if (!of) return "";
  const n = new Intl.NumberFormat(document.documentElement.lang || "ru").format(of.count);
  return of.more ? `${n}+` : n;
}

export function JournalRail({ filter, counts, saved, onSave, onRemove }: { filter: Filter; counts: TicketCounts | undefined; saved: SavedFilter[]; onSave: () => void; onRemove: (of: SavedFilter) => void }) {
  const { t } = useTranslation();
  const known = [...RAIL.map(([, f]) => f), ...saved.map((s) => fromKept(s.filter))];
  return (
    <nav className="card rails" aria-label={t("journal.rails")}>
      <h2>{t("journal.rails")}</h2>
      {RAIL.map(([name, its]) => {
        const count = name === "all" ? undefined : counts?.[name as "open"];
        const hot = (name === "accidents" || name === "overdue") && (count?.count ?? 0) > 0;
        return <Line key={name} to={its} on={same(filter, its)} icon={PICTURES[name]!} word={t(`journal.rail.${name}`)} count={count} hot={hot} />;
      })}
      {[true, false].map((shared) => {
        const some = saved.filter((s) => s.shared === shared);
        return some.length > 0 && (
          <div key={String(shared)} className="col" style={{ gap: 2 }}>
            <h2>{t(shared ? "journal.shared" : "journal.mine")}</h2>
            {some.map((s) => <Line key={s.id} to={fromKept(s.filter)} view={s.id} on={same(filter, fromKept(s.filter))} icon={IconBookmark} word={s.name} count={counts?.filters[String(s.id)]}>
              {s.changeable && <Btn size="small" look="link" icon={IconX} aria-label={t("journal.remove", { name: s.name })} onClick={() => onRemove(s)} />}
            </Line>)}
          </div>
        );
      })}
      {!known.some((f) => same(f, filter)) && <Btn look="link" icon={IconPlus} onClick={onSave}>{t("journal.save")}</Btn>}
    </nav>
  );
}

function Line({ to, view, on, icon, word, count, hot = false, children }: { to: Filter; view?: number; on: boolean; icon: Icon; word: string; count: TicketCount | undefined; hot?: boolean; children?: React.ReactNode }) {
  const href = toUrl(to, view ? { view: String(view) } : {});
  return (
    <div className={hot ? "line hot" : "line"}>
      <a href={href} aria-current={on ? "page" : undefined} onClick={follow(href)}><I of={icon} size={17} className={hot || on ? "" : "t2"} /><span className="cut">{word}</span><span className="end">{counted(count)}</span></a>
      {children}
    </div>
  );
}
