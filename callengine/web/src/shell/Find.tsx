// Ctrl+K: any number, address, ticket or name.

import { IconBuilding, IconClipboardList, IconPhone, IconPhoneOutgoing, IconSearch, IconUser, type Icon } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Found, Page } from "@/api/types";
import { go } from "@/lib/route";
import { Dialog } from "@/ui/dialog";
import { Bones, Failed, I } from "@/ui/pieces";

const PICTURES: Record<Found["kind"], Icon> = { call: IconPhone, ticket: IconClipboardList, person: IconUser, house: IconBuilding, duty: IconPhoneOutgoing };

function place(found: Found): string {
  const id = encodeURIComponent(found.id);
  switch (found.kind) {
    case "call": return `/calls?open=${id}`;
    case "ticket": return `/tickets/${id}`;
    case "person": return `/houses/people/${id}`;
    case "house": return `/houses/${id}`;
    case "duty": return `/callbacks?duty=${id}`;
  }
}

export function Find({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [asked] = useDebouncedValue(text.trim(), 150);
  const [at, setAt] = useState(0);
  const found = useQuery({ queryKey: ["find", asked], queryFn: ({ signal }) => get<Page<Found>>("/search", { q: asked }, signal), enabled: asked.length >= 2, placeholderData: keepPreviousData });
  const items = asked.length >= 2 ? (found.data?.items ?? []) : [];
  useEffect(() => setAt(0), [asked]);
  const open = (f: Found | undefined) => {
    if (!f) return;
    onClose();
    go(place(f));
  };
  return (
    <Dialog title={t("find.title")} onClose={onClose} size={620} top>
      <div className="field">
        <I of={IconSearch} size={18} className="t3" />
        <input data-autofocus role="combobox" aria-expanded={items.length > 0} aria-controls="found" aria-activedescendant={items[at] ? `found-${at}` : undefined} aria-label={t("find.placeholder")} placeholder={t("find.placeholder")} value={text} onChange={(e) => setText(e.target.value)}
          onKeyDown={(e) => {
            if (e.key === "ArrowDown") setAt((n) => Math.min(n + 1, items.length - 1));
            else if (e.key === "ArrowUp") setAt((n) => Math.max(n - 1, 0));
            else if (e.key === "Enter") open(items[at]);
            else return;
            e.preventDefault();
          }} />
      </div>
      <div style={{ minHeight: 220, marginTop: 8 }}>
        {asked.length < 2 ? <p className="t3 s13" style={{ padding: 12 }}>{t("find.hint")}</p> : found.isPending ? <Bones count={4} height={32} /> : found.isError ? <Failed error={found.error} again={() => void found.refetch()} /> : items.length === 0 ? <p className="t2 s13" style={{ padding: 12 }}>{t("find.none")}</p> : null}
        {items.length > 0 && (
          <ul id="found" role="listbox" aria-label={t("find.title")} className="suggest" style={{ maxHeight: 420 }}>
            {items.map((f, i) => (
              <li key={`${f.kind}${f.id}`} id={`found-${i}`} role="option" aria-selected={i === at} onMouseEnter={() => setAt(i)} onClick={() => open(f)}>
                <I of={PICTURES[f.kind]} size={18} />
                <span className="grow cut"><span className="b">{f.title}</span> <span className="t3">{f.subtitle}</span></span>
                <span className="t3 s12">{t(`find.${f.kind}`)}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Dialog>
  );
}
