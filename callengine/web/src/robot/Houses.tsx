// Houses picked one by one.

import { IconX } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { House } from "@/api/types";
import { Suggest } from "@/desk/Suggest";

export function Houses({ label, add, hint, of, onChange, wrong }: { label: string; add: string; hint?: string; of: House[]; onChange: (houses: House[]) => void; wrong?: string }) {
  const { t } = useTranslation();
  const [q, setQ] = useState("");
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className="labelled">
      <span>{label}</span>
      {of.length > 0 && <ul className="rbhouses">{of.map((h) => <li key={h.id} className="chip accent">{h.address}<button type="button" className="bare" aria-label={t("robot.form.dropHouse", { house: h.address })} onClick={() => onChange(of.filter((x) => x.id !== h.id))}><IconX size={14} stroke={1.75} aria-hidden /></button></li>)}</ul>}
      <Suggest<House> label={add} placeholder={t("robot.form.addHouse")} value={q} onChange={setQ} path="/houses" none={t("robot.form.noHouse")} keyOf={(h) => h.id} input={input} onPick={(h) => { setQ(""); if (!of.some((x) => x.id === h.id)) onChange([...of, h]); }} render={(h) => <span>{h.address}</span>} />
      {hint && <span className="hint">{hint}</span>}
      {wrong && <span className="errorline">{wrong}</span>}
    </div>
  );
}
