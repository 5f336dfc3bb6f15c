// What goes out on paper or by a link: the act to be signed, and the resident's link.

import { IconCopy, IconLinkOff, IconPaperclip, IconPrinter } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { createPortal } from "react-dom";
import { useTranslation } from "react-i18next";
import { call, post } from "@/api/client";
import type { LinksEnded, Me, Ticket, TicketLink } from "@/api/types";
import { placeOf } from "@/lib/address";
import { useNow } from "@/lib/clock";
import { phone } from "@/lib/phone";
import { exact, until } from "@/lib/time";
import { queries } from "@/session";
import { Dialog } from "@/ui/dialog";
import { Btn, Failed, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { send } from "./uploads";

export function LinkDialog({ me, of: x, onClose }: { me: Me; of: Ticket; onClose: () => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const field = useRef<HTMLInputElement>(null);
  const asked = useRef(false);
  const path = `/tickets/${encodeURIComponent(x.number)}/links`;
  const made = useMutation({ mutationFn: () => post<TicketLink>(path), onSuccess: () => queries.invalidateQueries({ queryKey: ["ticket", x.number] }) });
  useEffect(() => {
    if (!asked.current) made.mutate();
    asked.current = true;
  }, []);
  const copy = async () => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(made.data!.url);
      say(t("ticket.copied"));
    } catch {
      // Browsers give the clipboard to HTTPS alone; the field stands selected for Ctrl C.
      say(t("ticket.copyFailed"), { bad: true });
    }
  };
  const end = () => void call<LinksEnded>("DELETE", path).then((told) => { void queries.invalidateQueries({ queryKey: ["ticket", x.number] }); say(t("ticket.ended", { count: told.ended })); onClose(); }, (e) => say(why(e), { bad: true }));
  return (
    <Dialog title={t("ticket.linkTitle")} onClose={onClose}>
      {made.isError ? <Failed error={made.error} again={() => made.mutate()} /> : (
        <div className="col" style={{ gap: 12 }}>
          <p className="t2 s13">{made.data ? t("ticket.linkLead", { time: until(made.data.expires_at, now) }) : t("ticket.making")}</p>
          <div className="field"><input ref={field} readOnly aria-label={t("ticket.linkTitle")} value={made.data?.url ?? ""} onFocus={(e) => e.target.select()} data-autofocus /></div>
          <div className="row wrap"><Btn look="primary" size="main" icon={IconCopy} disabled={!made.data} onClick={() => void copy()}>{t("ticket.copy")}</Btn>{me.role !== "operator" && <Btn size="main" icon={IconLinkOff} onClick={end}>{t("ticket.endLinks")}</Btn>}</div>
        </div>
      )}
    </Dialog>
  );
}

export function ActDialog({ of: x, onClose }: { of: Ticket; onClose: () => void }) {
  const { t } = useTranslation();
  const now = useNow();
  const picker = useRef<HTMLInputElement>(null);
  const acts = x.files.filter((f) => f.kind === "act");
  const attach = (files: FileList | null) => {
    if (!files?.length) return;
    send(x.number, [...files], { public: false, kind: "act" }, () => say(t("ticket.actSent")));
    onClose();
  };
  return (
    <Dialog title={t("ticket.actTitle")} onClose={onClose}>
      <div className="col" style={{ gap: 12 }}>
        <p className="t2 s13">{t("ticket.actLead")}</p>
        {acts.map((f) => <p key={f.id} className="chip done tag">{t("ticket.actHere", { name: f.name, time: until(f.created_at, now) })}</p>)}
        <div className="row wrap"><Btn look="primary" size="main" icon={IconPrinter} onClick={() => print()}>{t("ticket.print")}</Btn><Btn size="main" icon={IconPaperclip} onClick={() => picker.current?.click()}>{t("ticket.attachAct")}</Btn></div>
        <input ref={picker} type="file" hidden data-testid="act" accept="image/*,application/pdf" onChange={(e) => attach(e.target.files)} />
      </div>
      {createPortal(<ActSheet of={x} />, document.body)}
    </Dialog>
  );
}

/** Seen on paper only. */
function ActSheet({ of: x }: { of: Ticket }) {
  const { t, i18n } = useTranslation();
  const rows: [string, string][] = [
    ["address", placeOf(x, t)],
    ["problem", [i18n.language === "ru" ? x.classifier.problem_ru : x.classifier.problem_en || x.classifier.problem_ru, x.text].filter(Boolean).join(". ")],
    ["applicant", [x.applicant.name, phone(x.applicant.number)].filter(Boolean).join(", ")],
    ["organisation", x.organisation?.name ?? ""], ["executor", x.executor?.name ?? ""], ["registered", exact(x.created_at)], ["due", x.deadlines.fix_by ? exact(x.deadlines.fix_by) : ""],
  ];
  return (
    <div className="actsheet" aria-hidden>
      <h1>{t("ticket.sheet.title", { number: x.number })}</h1>
      <dl>{rows.map(([key, value]) => <div key={key}><dt>{t(`ticket.sheet.${key}`)}</dt><dd>{value || "—"}</dd></div>)}</dl>
      <h2>{t("ticket.sheet.done")}</h2><div className="lines" />
      <h2>{t("ticket.sheet.remarks")}</h2><div className="lines few" />
      <p className="sign">{t("ticket.sheet.signResident")}</p><p className="sign">{t("ticket.sheet.signExecutor")}</p>
    </div>
  );
}
