// A house written by hand: its name, its entrances and doors.

import { IconPlus, IconX } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { post, put } from "@/api/client";
import type { HouseCard, HouseForm, PremiseForm } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { queries } from "@/session";
import { Dialog } from "@/ui/dialog";
import { Btn, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { parts, TextField, whole } from "./parts";

interface Door { number: string; kind: NonNullable<PremiseForm["kind"]>; entrance: string; floor: string }
const KINDS = ["flat", "office", "common"] as const;
const text = (n: number | null | undefined) => (n === null || n === undefined ? "" : String(n));

export function HouseDialog({ house, onClose, onSaved }: { house?: HouseCard; onClose: () => void; onSaved: (house: HouseCard) => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [form, setForm] = useState({ street: house?.street ?? "", number: house?.number ?? "", district: house?.district ?? "", floors: text(house?.floors), entrances: text(house?.entrances), features: house?.features.join(", ") ?? "" });
  const [doors, setDoors] = useState<Door[]>(house?.premises.map((p) => ({ number: p.number, kind: p.kind, entrance: text(p.entrance), floor: text(p.floor) })) ?? []);
  const [touched, setTouched] = useState(false);
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const set = (name: keyof typeof form) => (value: string) => setForm((old) => ({ ...old, [name]: value }));
  const door = (n: number, change: Partial<Door>) => { setTouched(true); setDoors((old) => old.map((d, i) => (i === n ? { ...d, ...change } : d))); };
  const save = () => {
    if (busy) return;
    setBusy(true);
    const body: HouseForm = {
      street: form.street, number: form.number, district: form.district, floors: whole(form.floors), entrances: whole(form.entrances), features: parts(form.features),
      premises: touched ? doors.map((d) => ({ number: d.number, kind: d.kind, entrance: whole(d.entrance), floor: whole(d.floor) })) : null,
    };
    (house ? put<HouseCard>(`/houses/${house.id}`, body) : post<HouseCard>("/houses", body)).then(
      (saved) => { say(t("directory.saved")); void queries.invalidateQueries({ queryKey: ["directory"] }); onSaved(saved); onClose(); },
      (error) => { setBusy(false); setWrong(why(error)); },
    );
  };
  useKeys({ "Ctrl+Enter": save }, { modal: true });
  return (
    <Dialog title={t(house ? "directory.house.title" : "directory.house.newTitle")} onClose={onClose} size={680}>
      <form className="dirform" onSubmit={(e) => { e.preventDefault(); save(); }}>
        <TextField className="two" label={t("directory.house.street")} value={form.street} onChange={set("street")} focus hint={house ? t("directory.house.renameLead") : undefined} />
        <TextField className="third" label={t("directory.house.number")} value={form.number} onChange={set("number")} most={40} />
        <TextField className="third" label={t("directory.house.district")} value={form.district} onChange={set("district")} />
        <TextField className="third" label={t("directory.house.floors")} value={form.floors} onChange={set("floors")} type="number" />
        <TextField className="third" label={t("directory.house.entrances")} value={form.entrances} onChange={set("entrances")} type="number" />
        <TextField label={t("directory.house.features")} value={form.features} onChange={set("features")} hint={t("directory.house.featuresHint")} />
        <fieldset style={{ border: 0, padding: 0, margin: 0 }}>
          <legend className="s12 t2" style={{ marginBottom: 3 }}>{t("directory.house.doors")}</legend>
          {doors.length > 0 && (
            <div className="doorlist">
              {doors.map((d, n) => {
                const of = t("directory.house.door", { n: d.number || n + 1 });
                return (
                  <div key={n} className="dirrow door">
                    <div className="field compact"><input aria-label={`${of}: ${t("directory.house.doorNumber")}`} placeholder={t("directory.house.doorNumber")} value={d.number} maxLength={80} onChange={(e) => door(n, { number: e.target.value })} /></div>
                    <div className="field compact"><select aria-label={`${of}: ${t("directory.house.doorKind")}`} value={d.kind} onChange={(e) => door(n, { kind: e.target.value as Door["kind"] })}>{KINDS.map((k) => <option key={k} value={k}>{t(`directory.house.kind.${k}`)}</option>)}</select></div>
                    <div className="field compact"><input type="number" aria-label={`${of}: ${t("directory.house.doorEntrance")}`} placeholder={t("directory.house.doorEntrance")} value={d.entrance} onChange={(e) => door(n, { entrance: e.target.value })} /></div>
                    <div className="field compact"><input type="number" aria-label={`${of}: ${t("directory.house.doorFloor")}`} placeholder={t("directory.house.doorFloor")} value={d.floor} onChange={(e) => door(n, { floor: e.target.value })} /></div>
                    <Btn icon={IconX} aria-label={t("directory.remove", { what: of })} onClick={() => { setTouched(true); setDoors((old) => old.filter((_, i) => i !== n)); }} />
                  </div>
                );
              })}
            </div>
          )}
          <Btn look="link" icon={IconPlus} onClick={() => { setTouched(true); setDoors((old) => [...old, { number: "", kind: "flat", entrance: old.at(-1)?.entrance ?? "", floor: "" }]); }}>{t("directory.house.addDoor")}</Btn>
        </fieldset>
        {wrong && <p className="errorline" role="alert">{wrong}</p>}
        <div className="row"><Btn look="primary" size="main" keys="Ctrl Enter" disabled={busy || !form.street.trim() || !form.number.trim()} onClick={save}>{t("directory.save")}</Btn><Btn size="main" keys="Esc" onClick={onClose}>{t("common.cancel")}</Btn></div>
      </form>
    </Dialog>
  );
}
