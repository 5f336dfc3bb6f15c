// What the pages of the robot share: a choice among a few, a list walked by arrows, a share that says of how many, a bar.

import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useKeys } from "@/lib/keys";

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
  return <>{percent(part, whole)} <span className="t2 s12">{t("desk.of", { part: number(part), whole: number(whole) })}</span></>;
}
