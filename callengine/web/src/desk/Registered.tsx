// The ticket stands: what the operator says now, and the link by which the resident follows it.

import { IconCircleCheck, IconCopy, IconLink } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { post } from "@/api/client";
import type { Ticket, TicketLink } from "@/api/types";
import { placeOf } from "@/lib/address";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { go } from "@/lib/route";
import { dateOnly, until } from "@/lib/time";
import { Btn, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

const TERMS = [["accept_by", "form.accept"], ["localise_by", "form.localise"], ["fix_by", "form.fix"]] as const;

export function Registered({ ticket, parent, onAgain }: { ticket: Ticket; parent: string; onAgain: () => void }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  useKeys({ Escape: () => go("/desk"), Enter: () => go("/desk"), KeyO: () => go(`/tickets/${ticket.number}`) });
  const closed = ticket.status === "closed";
  return (
    <div className="card" style={{ flex: 1, overflow: "auto", outline: "none" }} ref={box} tabIndex={-1} role="status">
      <div className="demo">
        <I of={IconCircleCheck} size={36} className="done" />
        <div><h2>{t(closed ? "ticketForm.closedDone" : "form.done", { number: ticket.number })}</h2>{!closed && <p className="t2">{t("form.say")}</p>}</div>
        <dl className="facts" style={{ fontSize: 14, lineHeight: "22px", gridTemplateColumns: "150px minmax(0, 1fr)" }}>
          <dt>{t("form.what")}</dt><dd>{i18n.language === "ru" ? ticket.classifier.problem_ru : ticket.classifier.problem_en}{parent && <span className="t3"> · {t("ticketForm.repeatDone", { number: parent })}</span>}</dd>
          <dt>{t("form.where")}</dt><dd>{placeOf(ticket, t)}</dd>
          <dt>{t("form.answers")}</dt><dd>{[ticket.organisation?.name ?? t(closed ? "ticketForm.spoken" : "tickets.noOrganisation"), ticket.organisation && phone(ticket.organisation.phone)].filter(Boolean).join(", ")}</dd>
          {!closed && TERMS.filter(([key]) => ticket.deadlines[key]).map(([key, word]) => <div key={key} style={{ display: "contents" }}><dt>{t(word)}</dt><dd><b>{t("form.by", { time: until(ticket.deadlines[key]!, now) })}</b></dd></div>)}
          {!closed && ticket.paid_confirm_by && <><dt>{t("ticketForm.paidTerm")}</dt><dd><b>{t("form.by", { time: until(ticket.paid_confirm_by, now) })}</b></dd></>}
          {(ticket.applicant.number || ticket.applicant.name) && <><dt>{t("form.who")}</dt><dd>{ticket.applicant.name}{ticket.applicant.name && ticket.applicant.number && ", "}<span style={{ whiteSpace: "nowrap" }}>{phone(ticket.applicant.number)}</span></dd></>}
        </dl>
        <Link number={ticket.number} />
        <div className="row wrap"><Btn look="primary" size="main" keys="Enter" onClick={() => go("/desk")}>{t("form.back")}</Btn><Btn size="main" keys="O" onClick={() => go(`/tickets/${ticket.number}`)}>{t("form.openTicket")}</Btn><Btn size="main" onClick={onAgain}>{t("form.again")}</Btn></div>
      </div>
    </div>
  );
}

/** A page of his own for the resident: made when it is wanted, each making leaves its trace. */
function Link({ number }: { number: string }) {
  const { t } = useTranslation();
  const why = useWhy();
  const field = useRef<HTMLInputElement>(null);
  const [link, setLink] = useState<TicketLink | null>(null);
  const [busy, setBusy] = useState(false);
  const copy = async (url: string) => {
    try {
      // Only HTTPS and localhost have a clipboard.
      await navigator.clipboard.writeText(url);
      say(t("ticketForm.linkCopied"));
    } catch {
      field.current?.select();
      say(t("ticketForm.linkSelected"));
    }
  };
  const make = () => {
    if (busy) return;
    if (link) return void copy(link.url);
    setBusy(true);
    void post<TicketLink>(`/tickets/${encodeURIComponent(number)}/links`).then((made) => {
      setLink(made);
      setTimeout(() => void copy(made.url));
    }, (e: unknown) => say(why(e), { bad: true })).finally(() => setBusy(false));
  };
  useKeys({ KeyL: make });
  if (!link) return <div><Btn icon={IconLink} keys="L" disabled={busy} onClick={make}>{t("ticketForm.linkMake")}</Btn></div>;
  return (
    <div className="col" style={{ maxWidth: 560 }}>
      <label htmlFor="resident-link" className="s12 t3">{t("ticketForm.link")} · {t("ticketForm.linkUntil", { date: dateOnly(link.expires_at) })}</label>
      <div className="row"><div className="field grow"><input id="resident-link" ref={field} readOnly value={link.url} onFocus={(e) => e.target.select()} /></div><Btn icon={IconCopy} keys="L" onClick={make}>{t("ticketForm.linkCopy")}</Btn></div>
    </div>
  );
}
