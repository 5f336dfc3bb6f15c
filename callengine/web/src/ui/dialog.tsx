// A dialog over the page, for what cannot stand in the flow: a reason, the keys, the search.

import { Modal } from "@mantine/core";
import { useId, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useKeys } from "@/lib/keys";
import { Btn } from "./pieces";

// Its head is no banner of the page: an executor's page has one of its own.
export function Dialog({ title, onClose, children, size = 520, top = false }: { title: string; onClose: () => void; children: ReactNode; size?: number; top?: boolean }) {
  const { t } = useTranslation();
  return (
    <Modal opened onClose={onClose} title={title} size={size} centered={!top} yOffset={72} radius={12} transitionProps={{ duration: 0 }}
      closeButtonProps={{ "aria-label": t("common.close") }} attributes={{ header: { role: "none" } }} styles={{ title: { fontWeight: 600, fontSize: 15 }, content: { background: "var(--surface)" }, header: { background: "var(--surface)" } }}>
      {children}
    </Modal>
  );
}

/** Asks for a reason that stays in the history. */
export function ReasonDialog({ title, lead, act, onClose, onSend }: { title: string; lead?: string; act: string; onClose: () => void; onSend: (reason: string) => Promise<unknown> }) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const id = useId();
  const good = reason.trim().length >= 3;
  const send = () => {
    if (!good || busy) return;
    setBusy(true);
    void onSend(reason.trim()).then(onClose, () => setBusy(false));
  };
  useKeys({ "Ctrl+Enter": send }, { modal: true });
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="col" style={{ gap: 8 }}>
        {lead && <p className="t2 s13">{lead}</p>}
        <label htmlFor={id} className="b s13">{t("duty.reason")}</label>
        <textarea id={id} className="area" rows={3} value={reason} onChange={(e) => setReason(e.target.value)} data-autofocus maxLength={500} />
        <div className="row"><Btn look="primary" size="main" keys="Ctrl Enter" disabled={!good || busy} onClick={send}>{act}</Btn><Btn size="main" keys="Esc" onClick={onClose}>{t("common.cancel")}</Btn></div>
      </div>
    </Dialog>
  );
}
