// On a ticket: how its applicant is told, and the change of it.

import { IconBell, IconBellOff } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { put } from "@/api/client";
import type { NotifyWay, Ticket } from "@/api/types";
import { useWayName, wayReady, WayFields, type Way } from "@/people/WayFields";
import { queries } from "@/session";
import { useKeys } from "@/lib/keys";
import { Dialog } from "@/ui/dialog";
import { Btn, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

export function WayLine({ of: x, way: its }: { of: Ticket; way: NotifyWay }) {
  const { t } = useTranslation();
  const name = useWayName();
  const [open, setOpen] = useState(false);
  const none = its.notify === "none";
  return (
    <p className="row s12" style={{ gap: 6 }}>
      <I of={none ? IconBellOff : IconBell} size={15} className={none ? "soon" : "t3"} />
      <span className="t2 grow">{t("way.title")}: <b>{name(its.notify ?? "")}</b>{its.notify === "email" && its.email ? ` · ${its.email}` : ""}</span>
      <Btn look="link" size="small" onClick={() => setOpen(true)}>{t("way.change")}</Btn>
      {open && <WayDialog of={x} way={its} onClose={() => setOpen(false)} />}
    </p>
  );
}

function WayDialog({ of: x, way: its, onClose }: { of: Ticket; way: NotifyWay; onClose: () => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const name = useWayName();
  const [way, setWay] = useState<Way>(its.notify ?? "");
  const [email, setEmail] = useState(its.email ?? "");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const save = () => {
    if (busy) return;
    if (!wayReady(way, email)) return setWrong(t("way.needEmail"));
    setBusy(true);
    const body: NotifyWay = { notify: way, email: email.trim() };
    put<Ticket>(`/tickets/${encodeURIComponent(x.number)}/notify`, body).then(
      (after) => { queries.setQueryData(["ticket", x.number], after); say(t("way.saved", { way: name(way) })); onClose(); },
      (error: unknown) => { setBusy(false); setWrong(why(error)); },
    );
  };
  useKeys({ "Ctrl+Enter": save }, { modal: true });
  return (
    <Dialog title={t("way.dialog", { number: x.number })} onClose={onClose} size={520}>
      <div className="col" style={{ gap: 12 }}>
        <WayFields way={way} email={email} onChange={(some) => { setWrong(""); if (some.way !== undefined) setWay(some.way); if (some.email !== undefined) setEmail(some.email); }} />
        {wrong && <p className="danger s13" role="alert">{wrong}</p>}
        <div className="row"><Btn look="primary" size="main" keys="Ctrl Enter" disabled={busy} onClick={save}>{t("way.save")}</Btn><Btn size="main" keys="Esc" onClick={onClose}>{t("common.cancel")}</Btn></div>
      </div>
    </Dialog>
  );
}
