// A card written by hand; who is alike is told before a second card is made, a change in between before it is lost.

import { IconAlertTriangle, IconBuilding, IconPlus, IconX } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure, post, put } from "@/api/client";
import type { House, PersonCard, PersonForm } from "@/api/types";
import { Suggest } from "@/desk/Suggest";
import { pointerOf, TextField } from "@/houses/parts";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { follow, go } from "@/lib/route";
import { queries } from "@/session";
import { wayReady, WayFields, type Way } from "./WayFields";
import { Dialog } from "@/ui/dialog";
import { Btn, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

interface Home { key: number; house: { id: number; address: string } | null; text: string; premise: string; relation: string }
interface Alike { id: number; name: string; why: string[] }
let last = 0;
const home = (house: Home["house"] = null, premise = "", relation = ""): Home => ({ key: ++last, house, text: house?.address ?? "", premise, relation });

export function PersonDialog({ person, onClose, onSaved }: { person?: PersonCard; onClose: () => void; onSaved: (person: PersonCard) => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [name, setName] = useState(person?.name ?? "");
  const [numbers, setNumbers] = useState<string[]>(person?.numbers.length ? person.numbers.map(phone) : [""]);
  const [homes, setHomes] = useState<Home[]>(person ? person.residences.map((r) => home(r.house, r.premise, r.relation)) : [home()]);
  const [way, setWay] = useState<Way>(person?.notify ?? "");
  const [email, setEmail] = useState(person?.email ?? "");
  const [wrong, setWrong] = useState<unknown>(null);
  const [alike, setAlike] = useState<Alike[]>([]);
  const [busy, setBusy] = useState(false);
  const unfinished = homes.some((h) => h.text.trim() && !h.house);
  const stale = wrong instanceof Failure && wrong.code === "conflict";
  const save = (anyway = false) => {
    if (busy || unfinished || !name.trim() || !wayReady(way, email)) return;
    setBusy(true); setWrong(null); setAlike([]);
    const body: PersonForm = {
      notify: way, email: email.trim(), name, numbers: numbers.map((n) => n.trim()).filter(Boolean), anyway, revision: person?.revision ?? "",
      residences: homes.flatMap((h) => (h.house ? [{ house_id: h.house.id, premise: h.premise, relation: h.relation }] : [])),
    };
    (person ? put<PersonCard>(`/people/${person.id}`, body) : post<PersonCard>("/people", body)).then(
      (saved) => { say(t("directory.saved")); void queries.invalidateQueries({ queryKey: ["directory"] }); onSaved(saved); onClose(); },
      (error: unknown) => {
        setBusy(false);
        if (error instanceof Failure && error.code === "alike") setAlike((error.problem as { people?: Alike[] }).people ?? []);
        else setWrong(error);
      },
    );
  };
  useKeys({ "Ctrl+Enter": () => save() }, { modal: true });
  const change = (n: number, what: Partial<Home>) => setHomes((old) => old.map((h, i) => (i === n ? { ...h, ...what } : h)));
  const pointer = pointerOf(wrong);
  return (
    <Dialog title={t(person ? "directory.person.title" : "directory.person.newTitle")} onClose={onClose} size={680}>
      <form className="dirform" onSubmit={(e) => { e.preventDefault(); save(); }}>
        <TextField label={t("directory.person.name")} value={name} onChange={setName} focus />
        <fieldset className="col" style={{ border: 0, padding: 0, margin: 0, gap: 6 }}>
          <legend className="s12 t2" style={{ marginBottom: 3 }}>{t("directory.person.numbers")}</legend>
          {numbers.map((value, n) => {
            const label = t("directory.person.number", { n: n + 1 });
            return (
              <div key={n} className="dirrow number">
                <div className="field compact"><input inputMode="tel" aria-label={label} aria-invalid={pointer === `/numbers/${n}` || undefined} value={value} maxLength={40} onChange={(e) => setNumbers((old) => old.map((x, i) => (i === n ? e.target.value : x)))} /></div>
                <Btn icon={IconX} aria-label={t("directory.remove", { what: value || label })} onClick={() => setNumbers((old) => old.filter((_, i) => i !== n))} />
              </div>
            );
          })}
          <div><Btn look="link" icon={IconPlus} onClick={() => setNumbers((old) => [...old, ""])}>{t("directory.person.addNumber")}</Btn></div>
        </fieldset>
        <fieldset className="col" style={{ border: 0, padding: 0, margin: 0, gap: 6 }}>
          <legend className="s12 t2" style={{ marginBottom: 3 }}>{t("directory.person.homes")}</legend>
          {homes.map((h, n) => <HomeRow key={h.key} of={h} label={t("directory.person.home", { n: n + 1 })} onChange={(what) => change(n, what)} onDrop={() => setHomes((old) => old.filter((_, i) => i !== n))} />)}
          <div><Btn look="link" icon={IconPlus} onClick={() => setHomes((old) => [...old, home()])}>{t("directory.person.addHome")}</Btn></div>
        </fieldset>
        <WayFields way={way} email={email} onChange={(some) => { if (some.way !== undefined) setWay(some.way); if (some.email !== undefined) setEmail(some.email); }} />
        {alike.length > 0 && (
          <div className="warnbox" role="alert">
            <p className="b row"><I of={IconAlertTriangle} size={16} className="soon" />{t("directory.person.alike")}</p>
            <ul className="col">{alike.map((a) => <li key={a.id}><a href={`/houses/people/${a.id}`} onClick={(e) => { onClose(); follow(`/houses/people/${a.id}`)(e); }}>{a.name}</a> <span className="t2">{a.why.map((w) => t(`directory.person.alikeWhy.${w}`, { defaultValue: w })).join(", ")}</span></li>)}</ul>
            <div><Btn onClick={() => save(true)}>{t("directory.person.anyway")}</Btn></div>
          </div>
        )}
        {wrong !== null && (
          <div className="errorline" role="alert">{stale ? t("directory.person.stale") : why(wrong)}{stale && <> <Btn look="link" onClick={() => { void queries.invalidateQueries({ queryKey: ["directory"] }); onClose(); if (person) go(`/houses/people/${person.id}`); }}>{t("directory.person.reread")}</Btn></>}</div>
        )}
        <div className="row"><Btn look="primary" size="main" keys="Ctrl Enter" disabled={busy || unfinished || !name.trim() || !wayReady(way, email)} onClick={() => save()}>{t("directory.save")}</Btn><Btn size="main" keys="Esc" onClick={onClose}>{t("common.cancel")}</Btn></div>
      </form>
    </Dialog>
  );
}

function HomeRow({ of: h, label, onChange, onDrop }: { of: Home; label: string; onChange: (what: Partial<Home>) => void; onDrop: () => void }) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className="dirrow home">
      <Suggest<House> label={`${label}: ${t("directory.person.house")}`} placeholder={t("directory.person.house")} value={h.text} onChange={(text) => onChange({ text, house: null })} path="/houses" none={t("directory.person.noHouse")} icon={IconBuilding} input={input}
        keyOf={(x) => x.id} render={(x) => <>{x.address}{x.former.length > 0 && <span className="t3"> {t("directory.former", { address: x.former.join(", ") })}</span>}</>} onPick={(x) => { onChange({ house: { id: x.id, address: x.address }, text: x.address }); input.current?.blur(); }} />
      <div className="field"><input aria-label={`${label}: ${t("directory.person.flat")}`} placeholder={t("directory.person.flat")} value={h.premise} maxLength={80} onChange={(e) => onChange({ premise: e.target.value })} /></div>
      <div className="field"><input aria-label={`${label}: ${t("directory.person.relation")}`} placeholder={t("directory.person.relation")} value={h.relation} maxLength={80} onChange={(e) => onChange({ relation: e.target.value })} /></div>
      <Btn icon={IconX} aria-label={t("directory.remove", { what: h.text || label })} onClick={onDrop} />
    </div>
  );
}
