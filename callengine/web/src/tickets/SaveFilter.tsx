// A name for what the journal shows now.

import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Me, SavedFilter } from "@/api/types";
import { Dialog } from "@/ui/dialog";
import { Btn, useWhy } from "@/ui/pieces";

export function SaveFilter({ me, over, onClose, onSave }: { me: Me; over: SavedFilter | undefined; onClose: () => void; onSave: (name: string, shared: boolean, over?: SavedFilter) => Promise<void> }) {
  const { t } = useTranslation();
  const why = useWhy();
  const id = useId();
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const [problem, setProblem] = useState("");
  const send = (its: string, forAll: boolean, of?: SavedFilter) => void onSave(its, forAll, of).catch((e: unknown) => setProblem(why(e)));
  return (
    <Dialog title={t("journal.saveTitle")} onClose={onClose} size={420}>
      <form className="col" style={{ gap: 12 }} onSubmit={(e) => { e.preventDefault(); if (name.trim()) send(name.trim(), shared); }}>
        <label className="col" htmlFor={id}><span className="s12 t2">{t("journal.name")}</span><span className="field"><input id={id} autoFocus data-autofocus maxLength={80} placeholder={t("journal.namePlaceholder")} value={name} onChange={(e) => setName(e.target.value)} /></span></label>
        {["supervisor", "administrator"].includes(me.role) && <label className="row s13"><input type="checkbox" checked={shared} onChange={(e) => setShared(e.target.checked)} />{t("journal.forAll")}</label>}
        {problem && <p className="danger s13" role="alert">{problem}</p>}
        <div className="row">
          <Btn look="primary" type="submit" disabled={!name.trim()}>{over ? t("journal.saveNew") : t("common.save")}</Btn>
          {over && <Btn onClick={() => send(over.name, over.shared, over)}>{t("journal.saveOver", { name: over.name })}</Btn>}
          <Btn onClick={onClose}>{t("common.cancel")}</Btn>
        </div>
      </form>
    </Dialog>
  );
}
