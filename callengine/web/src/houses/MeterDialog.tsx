// A meter hung, changed, or hung in the place of another: the new one is written first, so that a failure loses neither.

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure, post, put, remove } from "@/api/client";
import type { Meter, MeterForm } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { Pick, Text } from "@/ui/Field";
import { Dialog } from "@/ui/dialog";
import { Btn, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { again } from "./meterQueries";
import { METER_KINDS, meterWords, mistakes } from "./meters";
import { whole } from "./parts";

export function MeterDialog({ house, premise, changed, replaced, onClose }: { house: number; premise: string; changed?: Meter; replaced?: Meter; onClose: () => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const before = changed ?? replaced;
  const [form, setForm] = useState({ premise, kind: before?.kind ?? ("cold_water" as Meter["kind"]), serial: changed?.serial ?? "", place: before?.place ?? "", digits: String(before?.digits ?? 5), most: changed ? String(changed.most) : "", verified: changed?.verified_until ?? "" });
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [failed, setFailed] = useState("");
  const [busy, setBusy] = useState(false);
  const [hung, setHung] = useState(false); // the new one hangs already: another try only takes the old one off
  const set = (name: keyof typeof form) => (value: string) => setForm((old) => ({ ...old, [name]: value }));
  const ready = form.serial.trim() !== "" && form.premise.trim() !== "";
  const save = async () => {
    if (busy || !ready) return;
    setBusy(true);
    const body: MeterForm = { kind: form.kind, serial: form.serial.trim(), digits: Number(form.digits), place: form.place.trim(), most: whole(form.most), verified_until: form.verified || null };
    try {
      if (changed) await put(`/meters/${changed.id}`, body);
      else if (!hung) await post("/meters", { ...body, house_id: house, premise: form.premise.trim() });
      if (replaced) { setHung(true); await remove(`/meters/${replaced.id}`); }
    } catch (error) {
      setBusy(false);
      const at = mistakes(error instanceof Failure ? (error.problem.errors ?? []) : [], t);
      setWrong(at);
      return setFailed(Object.keys(at).length ? Object.values(at).join(". ") : error instanceof Failure && error.problem.detail ? meterWords(error.problem.detail, t) : why(error));
    }
    say(t(replaced ? "directory.meters.replaced" : "directory.saved"));
    void again();
    onClose();
  };
  useKeys({ "Ctrl+Enter": () => void save() }, { modal: true });
  return (
    <Dialog title={t(changed ? "directory.meters.changeTitle" : replaced ? "directory.meters.replaceTitle" : "directory.meters.addTitle", { serial: before?.serial })} onClose={onClose} size={600}>
      <form className="dirform" onSubmit={(e) => { e.preventDefault(); void save(); }}>
        {replaced && <p className="t2 s13">{t("directory.meters.replaceLead")}</p>}
        {!before && <Text className="third" label={t("directory.meters.flat")} value={form.premise} onChange={set("premise")} most={40} wrong={wrong.premise} focus={!premise} />}
        <div className="two">{changed ? <p className="s13">{t(`directory.meters.kind.${form.kind}`)} {t("directory.meters.numbered", { serial: form.serial })}</p> : <Pick label={t("directory.meters.what")} value={form.kind} onChange={set("kind")} wrong={wrong.kind} options={METER_KINDS.map((k) => [k, t(`directory.meters.kind.${k}`)])} />}</div>
        {!changed && <Text className="half" label={t("directory.meters.serial")} hint={t("directory.meters.serialHint")} value={form.serial} onChange={set("serial")} most={60} wrong={wrong.serial} focus={Boolean(before || premise)} />}
        <Text className="half" label={t("directory.meters.place")} hint={t("directory.meters.placeHint")} value={form.place} onChange={set("place")} most={80} wrong={wrong.place} focus={Boolean(changed)} />
        <Text className="third" label={t("directory.meters.digits")} hint={t("directory.meters.digitsHint")} type="number" value={form.digits} onChange={set("digits")} wrong={wrong.digits} />
        <Text className="third" label={t("directory.meters.most")} hint={t("directory.meters.mostHint")} type="number" value={form.most} onChange={set("most")} wrong={wrong.most} />
        <Text className="third" label={t("directory.meters.verifiedUntil")} type="date" value={form.verified} onChange={set("verified")} wrong={wrong.verified_until} />
        {failed && <p className="errorline" role="alert">{hung ? `${t("directory.meters.hungNotOff")} ${failed}` : failed}</p>}
        <div className="row"><Btn look="primary" size="main" keys="Ctrl Enter" disabled={busy || !ready} onClick={() => void save()}>{t("directory.save")}</Btn><Btn size="main" keys="Esc" onClick={onClose}>{t("common.cancel")}</Btn></div>
      </form>
    </Dialog>
  );
}
