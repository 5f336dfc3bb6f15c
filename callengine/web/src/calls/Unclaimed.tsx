// Uploads whose call never came: a supervisor hears each and attaches it to its call by hand; both are logged.

import { IconCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { get, post } from "@/api/client";
import type { Page, UnclaimedRecording } from "@/api/types";
import { exact } from "@/lib/time";
import { queries } from "@/session";
import { Dialog } from "@/ui/dialog";
import { Faces, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

const pathOf = (one: UnclaimedRecording) => `/recordings/unclaimed/${encodeURIComponent(one.pbx)}/${encodeURIComponent(one.file_name)}`;

export function Unclaimed({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const found = useQuery({ queryKey: ["unclaimed"], queryFn: () => get<Page<UnclaimedRecording>>("/recordings/unclaimed") });
  const items = found.data?.items ?? [];
  return (
    <Dialog title={t("unclaimed.title")} onClose={onClose} size={640}>
      <p className="t2 s13" style={{ marginBottom: 12 }}>{t("unclaimed.lead")}</p>
      <Faces of={found} empty={found.data && items.length === 0 ? <p className="t2 s13">{t("unclaimed.none")}</p> : false}><ul className="col" style={{ gap: 14 }}>{items.map((one) => <One key={pathOf(one)} of={one} />)}</ul></Faces>
    </Dialog>
  );
}

function One({ of }: { of: UnclaimedRecording }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [call, setCall] = useState("");
  const [reason, setReason] = useState("");
  const [heard, setHeard] = useState(false);
  const [given, setGiven] = useState(""); // the call that has it: the file itself lies here until it is taken over
  const name = `${of.pbx}/${of.file_name}`;
  const hang = (e: FormEvent) => {
    e.preventDefault();
    void post(pathOf(of), { call_id: Number(call), reason: reason.trim() }).then(
      () => { setGiven(call); void queries.invalidateQueries({ queryKey: ["unclaimed"] }); },
      (error: unknown) => say(why(error), { bad: true }),
    );
  };
  return (
    <li className="col" style={{ gap: 6 }}>
      <p className="row wrap s13" style={{ gap: "0 10px" }}><b style={{ overflowWrap: "anywhere" }}>{name}</b><span className="t3 s12">{exact(of.arrived_at)}</span></p>
      {heard ? <audio controls autoPlay src={`/api/v1${pathOf(of)}`} aria-label={t("unclaimed.hear", { name })} style={{ width: "100%", height: 36 }} /> : <div><button type="button" className="btn small" onClick={() => setHeard(true)}>{t("player.play")}<span className="sr"> {name}</span></button></div>}
      {given ? <p className="row s13 b" role="status" style={{ gap: 6 }}><I of={IconCheck} size={16} className="done" />{t("unclaimed.done", { call: given })}</p> : <form className="row wrap" style={{ gap: 8 }} onSubmit={hang}>
        <div className="field compact" style={{ width: 120 }}><input aria-label={t("unclaimed.call")} placeholder={t("unclaimed.call")} inputMode="numeric" value={call} onChange={(e) => setCall(e.target.value.replace(/\D/g, ""))} /></div>
        <div className="field compact grow"><input aria-label={t("unclaimed.reason")} placeholder={t("unclaimed.reason")} maxLength={500} value={reason} onChange={(e) => setReason(e.target.value)} /></div>
        <button type="submit" className="btn small" disabled={!call || reason.trim().length < 3}>{t("unclaimed.hang")}</button>
      </form>}
    </li>
  );
}
