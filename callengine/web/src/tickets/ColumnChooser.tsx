// Which columns stand in the journal and in which order: by mouse, or by the keys Shift+Up and Shift+Down.

import { IconGripVertical, IconX } from "@tabler/icons-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { Btn, I } from "@/ui/pieces";
import { COLUMNS, moved, USUAL, type Column } from "./journalFilter";

export function ColumnChooser({ columns, onChange, onClose }: { columns: Column[]; onChange: (next: Column[]) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const dragged = useRef<Column | null>(null);
  const others = COLUMNS.filter((c) => !columns.includes(c));
  const keys = (c: Column) => (e: React.KeyboardEvent) => {
    const by = e.shiftKey && e.key === "ArrowUp" ? -1 : e.shiftKey && e.key === "ArrowDown" ? 1 : 0;
    if (!by) return;
    e.preventDefault();
    e.stopPropagation();
    onChange(moved(columns, c, by));
  };
  const over = (c: Column) => {
    const one = dragged.current;
    if (one && one !== c) onChange(moved(columns, one, columns.indexOf(c) - columns.indexOf(one)));
  };
  return (
    <section className="card columns" aria-labelledby="journal-columns">
      <div className="row"><h2 id="journal-columns" className="b s15">{t("journal.columns")}</h2><span className="end"><Btn look="link" icon={IconX} aria-label={t("common.close")} onClick={onClose} /></span></div>
      <p className="t3 s12">{t("journal.columnsOf", { count: columns.length, all: COLUMNS.length })}</p>
      <ul>
        {columns.map((c) => (
          <li key={c} draggable={c !== "number"} onDragStart={() => { dragged.current = c; }} onDragEnd={() => { dragged.current = null; }} onDragOver={(e) => { e.preventDefault(); over(c); }}>
            <I of={IconGripVertical} size={16} /><label><input type="checkbox" checked disabled={c === "number"} aria-keyshortcuts="Shift+ArrowUp Shift+ArrowDown" onKeyDown={keys(c)} onChange={() => onChange(columns.filter((x) => x !== c))} />{t(`journal.col.${c}`)}</label>
          </li>
        ))}
      </ul>
      <hr />
      <ul>{others.map((c) => <li key={c} className="off"><label><input type="checkbox" checked={false} onChange={() => onChange([...columns, c])} />{t(`journal.col.${c}`)}</label></li>)}</ul>
      <Btn look="link" style={{ marginTop: "auto" }} onClick={() => onChange(USUAL)}>{t("journal.asAll")}</Btn>
    </section>
  );
}
