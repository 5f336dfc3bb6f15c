// What the pages of the robot share: a choice among a few, a list walked by arrows, a share that says of how many, what stands while its news do not come.

import { IconRefresh } from "@tabler/icons-react";
import { useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useKeys } from "@/lib/keys";
import { Btn, Faces, useWhy } from "@/ui/pieces";

interface Asked { isPending: boolean; isError: boolean; error: unknown; data: unknown; refetch: () => unknown }

/** Its news did not come: what came before stands, and this says that it may be old. */
export function Stale({ of }: { of: Asked }) {
  const { t } = useTranslation();
  const why = useWhy();
  if (!of.isError || of.data === undefined) return null;
  return <p className="rbstale" role="status"><span className="grow">{t("robot.stale")} {why(of.error)}</span><Btn size="small" icon={IconRefresh} onClick={() => void of.refetch()}>{t("list.repeat")}</Btn></p>;
}

/** The faces of a list that is asked for again and again: one answer that fails takes nothing off the screen. */
export function Held({ of, empty, bones, children }: { of: Asked; empty: ReactNode | false; bones?: { count: number; height: number }; children: ReactNode }) {
  return <><Stale of={of} /><Faces of={of.data === undefined ? of : { isPending: false, isError: false, error: null, refetch: of.refetch }} empty={empty} bones={bones}>{children}</Faces></>;
}

export function Choice({ label, any, value, onChange, options }: { label: string; any: string; value: string; onChange: (value: string) => void; options: [string, string][] }) {
  return (
    <div className={value ? "field compact on" : "field compact"}>
      <select aria-label={label} value={value} onChange={(e) => onChange(e.target.value)}>
        <option value="">{any}</option>
        {options.map(([key, word]) => <option key={key} value={key}>{word}</option>)}
      </select>
    </div>
  );
}

/** A list whose rows the arrows walk along and Enter opens; a click does both. */
export function useRows(ids: number[], onOpen: (id: number) => void) {
  const [at, setAt] = useState<number | null>(null);
  const body = useRef<HTMLDivElement>(null);
  const move = (by: number) => {
    const next = ids[Math.max(0, Math.min(ids.length - 1, at === null ? 0 : ids.indexOf(at) + by))];
    if (next === undefined) return;
    setAt(next);
    body.current?.querySelector(`[data-row="${next}"]`)?.scrollIntoView({ block: "nearest" });
  };
  useKeys({ ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: () => (at !== null && ids.includes(at) ? onOpen(at) : false) });
  const row = (id: number) => ({ "data-row": id, "aria-current": id === at || undefined, onClick: () => { setAt(id); onOpen(id); } });
  return { at, body, row };
}

export const percent = (part: number, whole: number): string =>
  whole ? new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 0 }).format(part / whole) : "—";

export const number = (n: number, digits = 0): string => new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(n);

/** A percentage stands with what it is of: «55 из 57». */
export function Share({ part, whole }: { part: number; whole: number }) {
  const { t } = useTranslation();
  if (!whole) return <>—</>;
  return <>{percent(part, whole)} <span className="t2 s12">{t("desk.of", { part: number(part), whole: number(whole) })}</span></>;
}
