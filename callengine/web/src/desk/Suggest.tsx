// A field with suggestions that open in the flow, only while it has the focus.

import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { IconSearch, type Icon } from "@tabler/icons-react";
import { useEffect, useId, useRef, useState, type ReactNode, type RefObject } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Page } from "@/api/types";
import { Bones, Btn, I, Keys, useWhy } from "@/ui/pieces";

interface Props<T> {
  label: string;
  placeholder: string;
  value: string;
  onChange: (text: string) => void;
  path: string;
  query?: Record<string, string | number | undefined>;
  none: string;
  icon?: Icon;
  keyOf: (item: T) => string | number;
  render: (item: T) => ReactNode;
  disabled?: (item: T) => boolean;
  /** What is found and not offered is left to `more` to tell. */
  offered?: (item: T) => boolean;
  onPick: (item: T) => void;
  input: RefObject<HTMLInputElement | null>;
  more?: (found: T[]) => ReactNode;
}

const LEAST = 1;

export function Suggest<T>(p: Props<T>) {
  const { t } = useTranslation();
  const why = useWhy();
  const [focused, setFocused] = useState(false);
  const [at, setAt] = useState(0);
  const [asked] = useDebouncedValue(p.value.trim(), 120);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const [wanted, setWanted] = useState(false);
  const on = (focused || wanted) && asked.length >= LEAST;
  const found = useQuery({ queryKey: [p.path, asked, p.query], queryFn: ({ signal }) => get<Page<T>>(p.path, { q: asked, ...p.query }, signal), enabled: on, placeholderData: keepPreviousData });
  const all = on ? (found.data?.items ?? []) : [];
  const items = p.offered ? all.filter(p.offered) : all;
  const can = items.filter((i) => !p.disabled?.(i));
  const current = can[Math.min(at, can.length - 1)];
  useEffect(() => setAt(0), [asked]);
  useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [at]);
  const stale = p.value.trim() !== asked || found.isPlaceholderData;
  // Enter pressed faster than the answer: taken when it comes, wherever the focus is by then.
  useEffect(() => {
    if (!wanted || stale || found.isPending) return;
    setWanted(false);
    if (current) p.onPick(current);
  });
  return (
    // The list stands as long as the focus is anywhere within.
    <div className="col" style={{ gap: 4 }} onFocus={() => setFocused(true)} onBlur={(e) => !e.currentTarget.contains(e.relatedTarget) && setFocused(false)}>
      <div className="field">
        <I of={p.icon ?? IconSearch} size={16} className="t3" />
        <input ref={p.input} role="combobox" aria-label={p.label} aria-expanded={items.length > 0} aria-controls={`${id}list`} aria-autocomplete="list"
          aria-activedescendant={current && items.length ? `${id}${p.keyOf(current)}` : undefined} placeholder={p.placeholder} value={p.value} autoComplete="off"
          onChange={(e) => { setWanted(false); p.onChange(e.target.value); }}
          onKeyDown={(e) => {
            if (e.ctrlKey) return;
            if (e.key === "ArrowDown") setAt(Math.min(at + 1, can.length - 1));
            else if (e.key === "ArrowUp") setAt(Math.max(at - 1, 0));
            else if (e.key === "Enter" && p.value.trim()) {
              if (stale || found.isPending) setWanted(true);
              else if (current) p.onPick(current);
            } else return;
            e.preventDefault();
          }} />
        {on && found.data && <span className="t3 s12" style={{ whiteSpace: "nowrap" }}>{items.length}</span>}
      </div>
      {on && found.isPending && <Bones count={2} height={20} />}
      {on && found.isError && <p className="danger s12" role="alert">{why(found.error)} <Btn look="link" onClick={() => void found.refetch()}>{t("list.repeat")}</Btn></p>}
      {on && found.data && all.length === 0 && !stale && <p className="t2 s12">{p.none}</p>}
      {items.length > 0 && (
        <ul ref={list} id={`${id}list`} role="listbox" aria-label={p.label} className="suggest" onMouseDown={(e) => e.preventDefault()}>
          {items.map((item) => (
            <li key={p.keyOf(item)} id={`${id}${p.keyOf(item)}`} role="option" aria-selected={item === current} aria-disabled={p.disabled?.(item) || undefined} onClick={() => !p.disabled?.(item) && p.onPick(item)}>
              <span className="grow">{p.render(item)}</span>
              {item === current && <Keys of="Enter" calm />}
            </li>
          ))}
        </ul>
      )}
      {on && all.length > 0 && p.more?.(all)}
    </div>
  );
}
