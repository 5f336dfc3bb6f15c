// Who asks: known, one of several on the same number, unknown, or nobody who gives his name.

import { IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Person } from "@/api/types";
import { phone } from "@/lib/phone";
import { WayFields } from "@/people/WayFields";
import { Btn } from "@/ui/pieces";
import type { Draft } from "./draft";

interface WhoProps {
  draft: Draft;
  people: Person[];
  person: Person | null;
  onChange: (part: Partial<Draft>) => void;
  onPerson: (person: Person) => void;
}

export function Who({ draft, people, person, onChange, onPerson }: WhoProps) {
  const { t } = useTranslation();
  const [adding, setAdding] = useState(false);
  const others = (person?.numbers ?? []).filter((n) => n !== draft.number && n !== draft.second);
  return (
    <>
      {!draft.anonymous && !person && people.length > 0 && (
        <div className="col" style={{ gap: 6 }} role="group" aria-label={t("ticketForm.whichPerson")}>
          <span className="t2 s12">{t("ticketForm.whichPerson")}</span>
          <div className="row wrap">{people.slice(0, 9).map((p) => <Btn key={p.id} size="small" onClick={() => onPerson(p)}>{[p.name, p.residences[0] && [p.residences[0].house.address, p.residences[0].premise && t("common.flat", { flat: p.residences[0].premise })].filter(Boolean).join(", ")].filter(Boolean).join(" · ")}</Btn>)}</div>
        </div>
      )}
      {!draft.anonymous && (
        <div className="wholine">
          <div className="field"><input aria-label={t("form.name")} placeholder={t("form.name")} maxLength={200} value={draft.name} onChange={(e) => onChange({ name: e.target.value, personId: null })} /></div>
          <div className="field"><input aria-label={t("form.number")} placeholder={t("form.number")} maxLength={40} inputMode="tel" value={draft.number} onChange={(e) => onChange({ number: e.target.value })} /></div>
          {(adding || draft.second) && <div className="field second"><input aria-label={t("ticketForm.second")} placeholder={t("ticketForm.second")} maxLength={40} inputMode="tel" autoFocus={adding} value={draft.second} onChange={(e) => onChange({ second: e.target.value })} /></div>}
        </div>
      )}
      {!draft.anonymous && <WayFields compact way={draft.notify} email={draft.email} card={person} onChange={(some) => onChange({ ...(some.way !== undefined && { notify: some.way }), ...(some.email !== undefined && { email: some.email }) })} />}
      {draft.anonymous && <p className="t2 s12">{t("ticketForm.anonymousLead")}</p>}
      <div className="row wrap" style={{ gap: "4px 14px" }}>
        <label className="check"><input type="checkbox" checked={draft.anonymous} onChange={(e) => onChange({ anonymous: e.target.checked })} />{t("ticketForm.anonymous")}</label>
        {!draft.anonymous && !adding && !draft.second && <Btn look="link" size="small" icon={IconPlus} onClick={() => setAdding(true)}>{t("ticketForm.addSecond")}</Btn>}
        {!draft.anonymous && !draft.second && others.slice(0, 3).map((n) => <Btn key={n} size="small" onClick={() => onChange({ second: n })}>{phone(n)}</Btn>)}
      </div>
    </>
  );
}
