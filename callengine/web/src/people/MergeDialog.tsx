// Whom to join to this card: found as anybody is found, looked at, merged.

import { IconArrowsJoin, IconUser } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Person, PersonCard } from "@/api/types";
import { Suggest } from "@/desk/Suggest";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { Dialog } from "@/ui/dialog";
import { Btn } from "@/ui/pieces";
import { useMerge } from "./merging";

export function Brief({ of: p }: { of: Person }) {
  const { t } = useTranslation();
  return (
    <span className="col" style={{ gap: 0 }}>
      <span className="b">{p.name}</span>
      <span className="t3 s12">{[...p.residences.map((r) => [r.house.address, r.premise && t("common.flat", { flat: r.premise })].filter(Boolean).join(", ")), ...p.numbers.map(phone)].join(" · ")}</span>
    </span>
  );
}

export function MergeDialog({ kept, onClose }: { kept: PersonCard; onClose: () => void }) {
  const { t } = useTranslation();
  const merge = useMerge();
  const [text, setText] = useState("");
  const [other, setOther] = useState<Person | null>(null);
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const send = () => {
    if (!other || busy) return;
    setBusy(true);
    void merge(kept.id, other).then((done) => (done ? onClose() : setBusy(false)));
  };
  useKeys({ "Ctrl+Enter": send }, { modal: true });
  return (
    <Dialog title={t("directory.person.mergeTitle")} onClose={onClose} size={560}>
      <div className="col" style={{ gap: 12, minHeight: 200 }}>
        <p className="t2 s13">{t("directory.person.mergeLead", { name: kept.name })}</p>
        <Suggest<Person> label={t("directory.person.mergeSearch")} placeholder={t("directory.person.mergeSearch")} value={text} onChange={(x) => { setText(x); setOther(null); }} path="/people" query={{ limit: 20 }} none={t("directory.person.noOther")} icon={IconUser} input={input}
          keyOf={(p) => p.id} render={(p) => <Brief of={p} />} disabled={(p) => p.id === kept.id} onPick={(p) => { setOther(p); setText(p.name); input.current?.blur(); }} />
        {other && <div className="warnbox"><Brief of={other} /></div>}
        <div className="row"><Btn look="primary" size="main" icon={IconArrowsJoin} keys="Ctrl Enter" disabled={!other || busy} onClick={send}>{t("directory.person.mergeDo")}</Btn><Btn size="main" keys="Esc" onClick={onClose}>{t("common.cancel")}</Btn></div>
      </div>
    </Dialog>
  );
}
