// The place where a file to import is dropped or chosen: nothing but CSV.

import { IconFileSpreadsheet, IconUpload } from "@tabler/icons-react";
import { useRef, useState, type DragEvent } from "react";
import { useTranslation } from "react-i18next";
import { Btn, I } from "@/ui/pieces";

/** The same file may be taken again: it was mended meanwhile. */
export function Drop({ label, lead, onFile }: { label: string; lead: string; onFile: (file: File) => void }) {
  const { t } = useTranslation();
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = (file: File | undefined) => { if (file) onFile(file); };
  const dropped = (e: DragEvent) => { e.preventDefault(); setOver(false); take(e.dataTransfer.files[0]); };
  return (
    <section className={over ? "card dropzone over" : "card dropzone"} aria-label={label} onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={dropped}>
      <I of={IconUpload} size={36} className="accent" />
      <p className="b s15">{t("imports.drop")}</p>
      <p className="t2 s13">{lead}</p>
      <input ref={input} type="file" accept=".csv,.txt,text/csv" className="sr" tabIndex={-1} aria-label={t("imports.pick")} onChange={(e) => { take(e.target.files?.[0]); e.target.value = ""; }} />
      <Btn look="primary" size="main" icon={IconFileSpreadsheet} onClick={() => input.current?.click()}>{t("imports.pick")}</Btn>
    </section>
  );
}
