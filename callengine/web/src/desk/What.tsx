// What happened: the classifier by words; what the house cannot have is told and not offered.

import { useState, type RefObject } from "react";
import { useTranslation } from "react-i18next";
import type { ClassifierProblem } from "@/api/types";
import { Btn, Urgency } from "@/ui/pieces";
import type { Draft } from "./draft";
import { Suggest } from "./Suggest";

interface WhatProps {
  draft: Draft;
  searching: boolean;
  input: RefObject<HTMLInputElement | null>;
  impossible: string;
  onWords: (words: string) => void;
  onPick: (entry: ClassifierProblem) => void;
  onSearch: () => void;
}

export function What({ draft, searching, input, impossible, onWords, onPick, onSearch }: WhatProps) {
  const { t, i18n } = useTranslation();
  const [all, setAll] = useState(false);
  const { entry, house } = draft;
  const problem = (e: ClassifierProblem) => (i18n.language === "ru" ? e.problem_ru : e.problem_en || e.problem_ru);
  if (entry && !searching) {
    return (
      <>
        <div className={`chosen ${entry.urgency}`}>
          <Urgency of={entry.urgency} />
          <span className="row wrap" style={{ gap: "0 8px" }}><b>{problem(entry)}</b><Urgency of={entry.urgency} word /></span>
          <Btn look="link" size="small" onClick={onSearch}>{t("form.change")}</Btn>
          <span /><span className="t3 s12">{entry.category} · {entry.code}</span>
        </div>
        {impossible && <p className="warnline" role="status">{t("ticketForm.impossible", { why: impossible })}. {t("ticketForm.impossibleKeep")}</p>}
      </>
    );
  }
  return (
    <Suggest<ClassifierProblem> label={t("form.what")} placeholder={t("form.whatPlaceholder")} value={draft.words} onChange={onWords} path="/classifier" query={{ house_id: house?.id }} none={t("form.nothing")} keyOf={(e) => e.code} input={input} onPick={onPick}
      offered={(e) => all || e.available}
      render={(e) => <span className="row"><Urgency of={e.urgency} /><span className="grow"><b style={{ fontWeight: 600 }}>{problem(e)}</b> <span className="t3 s12">{e.category} · {e.code}</span>{!e.available && <span className="soon s12"> {e.unavailable_reason}</span>}</span></span>}
      more={(found) => {
        const left = found.filter((e) => !e.available);
        if (all || !left.length) return null;
        return <p className="t3 s12">{t("ticketForm.notOffered", { list: left.slice(0, 4).map(problem).join(", ") + (left.length > 4 ? "…" : "") })} <Btn look="link" size="small" onClick={() => { setAll(true); input.current?.focus(); }}>{t("ticketForm.offerAll")}</Btn></p>;
      }} />
  );
}
