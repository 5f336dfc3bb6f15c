// A resident chooses how he is told of his ticket, and where letters go.

import { useMutation } from "@tanstack/react-query";
import { useEffect, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { put } from "@/api/client";
import type { ResidentTicket, ResidentWay } from "@/api/types";
import { looksLikeEmail, type Way } from "@/people/WayFields";
import { useWhy } from "@/ui/pieces";

const ORDER: Way[] = ["", "sms", "push", "call", "email", "none"];

export function MyWay({ of: x, path, take }: { of: ResidentTicket; path: string; take: (next: ResidentTicket) => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const id = useId();
  const [way, setWay] = useState<Way>(x.notify);
  const [email, setEmail] = useState("");
  const [missing, setMissing] = useState(false);
  const save = useMutation({ mutationFn: (body: ResidentWay) => put<ResidentTicket>(`${path}/notify`, body), onSuccess: (next) => { take(next); setEmail(""); } });
  // The desk may have changed it meanwhile.
  useEffect(() => setWay(x.notify), [x.notify]);
  const offered = ORDER.filter((one) => one === "" || one === "none" || one === x.notify || x.ways.includes(one));
  const changed = way !== x.notify || email.trim() !== "";
  const send = () => {
    const typed = email.trim();
    if (way === "email" && (typed ? !looksLikeEmail(typed) : !x.email)) return setMissing(true);
    save.mutate({ notify: way, email: way === "email" && typed ? typed : null });
  };
  return (
    <form className="card pad" aria-labelledby={id} onSubmit={(e) => { e.preventDefault(); send(); }}>
      <h2 id={id}>{t("way.yours")}</h2>
      <p className="t2 s13">{t("way.yoursLead")} {way === "none" && t("way.noneLead")}{way === "push" && t("way.pushLead")}</p>
      <label className="field"><select aria-labelledby={id} value={way} onChange={(e) => { setWay(e.target.value as Way); setMissing(false); save.reset(); }}>{offered.map((one) => <option key={one} value={one}>{t(`way.yoursOf.${one || "asEver"}`)}</option>)}</select></label>
      {way === "email" && (
        <>
          {x.email && !email && <p className="t2 s13">{t("way.keepEmail", { email: x.email })}</p>}
          <label className="field"><input type="email" inputMode="email" autoComplete="email" aria-label={t("way.email")} placeholder={t("way.email")} maxLength={254} value={email} onChange={(e) => { setEmail(e.target.value); setMissing(false); }} /></label>
        </>
      )}
      {missing && <p className="danger s13" role="alert">{t("way.needEmail")}</p>}
      {save.isError && <p className="danger s13" role="alert">{why(save.error)}</p>}
      {changed && <button className="btn main" disabled={save.isPending}>{t("way.save")}</button>}
      <span className="s13 done" role="status">{save.isSuccess && !changed ? t("way.yoursSaved") : ""}</span>
    </form>
  );
}
