// What is said to the resident: how to stay safe, where to turn, the approved answer.

import { IconCheck, IconPhoneOutgoing, IconShieldCheck, IconUrgent } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { post } from "@/api/client";
import { handovers, lasts } from "@/handover";
import { useKeys } from "@/lib/keys";
import { mine } from "@/mine";
import { Btn, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

/** Life is at risk: first the words that keep him safe, then those who save. */
export function Safety({ text, to }: { text: string; to: string }) {
  const { t } = useTranslation();
  const why = useWhy();
  const own = mine.use();
  const [busy, setBusy] = useState(false);
  const talks = own !== null && (own.phase === "talking" || own.phase === "hold");
  const given = handovers.use();
  const consults = own !== null && (lasts(given[own.call.id] ?? null) || given[own.call.id]?.state === "joined");
  const give = (warm: boolean) => {
    if (busy || !own || consults) return;
    setBusy(true);
    void post(`/calls/${own.call.id}/transfer`, { to, warm }).then(() => say(t(warm ? "give.begun" : "ticketForm.transferred", { to })), (e: unknown) => say(why(e), { bad: true })).finally(() => setBusy(false));
  };
  useKeys({ F7: () => give(true) }, { when: talks && Boolean(to) });
  return (
    <section className="safety" aria-labelledby="safety-title" data-step="safety">
      <div className="row"><I of={IconUrgent} size={20} /><h3 id="safety-title">{t("ticketForm.safety")}</h3></div>
      {text && <p className="words">{text}</p>}
      {to && (talks
        ? <div className="row wrap"><Btn look="red" size="main" icon={IconPhoneOutgoing} keys="F7" disabled={busy || consults} onClick={() => give(true)}>{t("ticketForm.transfer", { to })}</Btn>{!consults && <Btn size="main" disabled={busy} onClick={() => give(false)}>{t("ticketForm.transferBlind")}</Btn>}</div>
        : <p className="row wrap" style={{ gap: "0 10px" }}><b className="dial">{t("ticketForm.dial", { to })}</b><span className="s12">{t("ticketForm.dialLead")}</span></p>)}
    </section>
  );
}

export function SayCard({ referral, answer, spoken, given, onGiven }: { referral: string; answer: string; spoken: boolean; given: boolean; onGiven: (given: boolean) => void }) {
  const { t } = useTranslation();
  useKeys({ "Shift+F7": () => onGiven(!given) }, { when: spoken });
  if (!referral && !answer && !spoken) return null;
  return (
    <section className="card" aria-labelledby="say-title">
      <header><h2 id="say-title">{t("ticketForm.safety")}</h2><span className="end done"><I of={IconShieldCheck} size={18} /></span></header>
      <div className="col" style={{ padding: "0 16px 14px", gap: 8 }}>
        {answer && <div><p className="t3 s12">{t("ticketForm.answer")}</p><p className="said">{answer}</p></div>}
        {referral && <div><p className="t3 s12">{t("ticketForm.referral")}</p><p className="said">{referral}</p></div>}
        {spoken && (
          <>
            <Btn className={given ? "given on" : "given"} aria-pressed={given} icon={IconCheck} keys="⇧F7" onClick={() => onGiven(!given)}>{t("ticketForm.given")}</Btn>
            <p className="t3 s12">{t("ticketForm.givenLead")}</p>
          </>
        )}
      </div>
    </section>
  );
}
