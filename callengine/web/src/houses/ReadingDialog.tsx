// A reading is written down; one of a month that has one already is a correction and says why. What looks wrong is asked about once more.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure, post } from "@/api/client";
import type { Meter, MeterReading } from "@/api/types";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { dayOf, month } from "@/lib/time";
import { Text } from "@/ui/Field";
import { Dialog } from "@/ui/dialog";
import { Bones, Btn, Failed, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { again, useMeter } from "./meterQueries";
import { holdsFor, mistakes } from "./meters";

export function ReadingDialog({ of: m, period: asked, onClose }: { of: Meter; period?: string; onClose: () => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const found = useMeter(m.id);
  const today = dayOf(useNow()).slice(0, 7);
  const [value, setValue] = useState("");
  const [period, setPeriod] = useState(asked ?? today);
  const [note, setNote] = useState("");
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [failed, setFailed] = useState("");
  const [doubted, setDoubted] = useState(""); // the value that the engine asked about, and what it is above
  const [busy, setBusy] = useState(false);
  const stands = holdsFor(found.data?.readings ?? [], period);
  const ready = found.data !== undefined && value.trim() !== "" && (!stands || note.trim().length >= 3);
  const change = (set: (text: string) => void) => (text: string) => { set(text); setDoubted(""); setFailed(""); setWrong({}); };
  const send = () => {
    if (busy || !ready) return;
    setBusy(true);
    post<MeterReading>(`/meters/${m.id}/readings`, { value: value.trim(), period, note: note.trim(), confirmed: doubted !== "" }).then(
      (kept) => { say(t(kept.flag === "jump" ? "directory.meters.writtenJump" : "directory.meters.written")); void again(); onClose(); },
      (error: unknown) => {
        setBusy(false);
        if (error instanceof Failure && error.code === "reading-doubted") return setDoubted(String((error.problem as { doubted_above?: string }).doubted_above ?? ""));
        const at = mistakes(error instanceof Failure ? (error.problem.errors ?? []) : [], t);
        setWrong(at);
        setFailed(Object.keys(at).length ? Object.values(at).join(". ") : why(error));
      },
    );
  };
  useKeys({ "Ctrl+Enter": send }, { modal: true });
  return (
    <Dialog title={`${t(`directory.meters.kind.${m.kind}`)} ${t("directory.meters.numbered", { serial: m.serial })}`} onClose={onClose}>
      {found.isPending ? <Bones count={2} height={36} /> : found.isError ? <Failed error={found.error} again={() => void found.refetch()} /> : (
        <form className="dirform" onSubmit={(e) => { e.preventDefault(); send(); }}>
          {m.last && <p className="t2 s13">{t("directory.meters.lastIs", { value: m.last.value, period: month(m.last.period) })}</p>}
          <Text className="half" label={t("directory.meters.value")} value={value} onChange={change(setValue)} most={13} wrong={wrong.value} focus />
          <Text className="half" label={t("directory.meters.period")} type="month" value={period} onChange={change(setPeriod)} wrong={wrong.period} />
          {stands && <p className="soon s13">{t("directory.meters.correction", { value: stands.value, period: month(period) })}</p>}
          <Text label={t(stands ? "directory.meters.reason" : "directory.meters.note")} value={note} onChange={setNote} most={200} wrong={wrong.note} />
          {doubted && <p className="soon b s13" role="alert">{t("directory.meters.doubted", { value: doubted })}</p>}
          {failed && <p className="errorline" role="alert">{failed}</p>}
          <div className="row"><Btn look="primary" size="main" keys="Ctrl Enter" disabled={busy || !ready} onClick={send}>{t(doubted ? "directory.meters.confirm" : stands ? "directory.meters.correct" : "directory.meters.write")}</Btn><Btn size="main" keys="Esc" onClick={onClose}>{t("common.cancel")}</Btn></div>
        </form>
      )}
    </Dialog>
  );
}
