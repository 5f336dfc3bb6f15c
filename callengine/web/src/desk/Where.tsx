// Where: the resident's own addresses first, houses as one types, the flat read out of the same line.

import { IconHome, IconMapPin, IconRoad } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { RefObject } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { House, HouseCard, Person, JournalChoices, PremiseView, Residence } from "@/api/types";
import { flatOf } from "@/lib/address";
import { Btn, I } from "@/ui/pieces";
import type { Draft } from "./draft";
import { Suggest } from "./Suggest";

interface WhereProps {
  draft: Draft;
  person: Person | null;
  moving: boolean;
  words: string;
  input: RefObject<HTMLInputElement | null>;
  onWords: (words: string) => void;
  onPick: (house: House, premise: string) => void;
  onPremise: (premise: string) => void;
  onMove: () => void;
  onEnter: () => void;
  onElsewhere: () => void;
  onHouse: () => void;
  onPlace: (some: Partial<Pick<Draft, "place" | "district" | "organisationId">>) => void;
}

export function Where({ draft, person, moving, words, input, onWords, onPick, onPremise, onMove, onEnter, onElsewhere, onHouse, onPlace }: WhereProps) {
  const { t } = useTranslation();
  const { house, premise } = draft;
  const homes = (person?.residences ?? []).filter((r) => r.house.id !== house?.id || r.premise !== premise);
  const flat = flatOf(words);
  const facts = (h: House) => [h.floors && t("call.floors", { count: h.floors }), h.entrances && t("call.entrances", { count: h.entrances }), h.district].filter(Boolean).join(" · ");
  const standing = house !== null && !moving;
  return (
    <>
      {homes.length > 0 && (
        <div className="row wrap homes" role="group" aria-label={t("ticketForm.homes")}>
          <span className="t3 s12">{t(standing ? "ticketForm.otherHomes" : "ticketForm.homes")}</span>
          {homes.slice(0, 4).map((r) => <Btn key={`${r.house.id} ${r.premise}`} size="small" icon={IconHome} onClick={() => onPick(r.house, r.premise)}>{homeWords(r, t)}</Btn>)}
        </div>
      )}
      {draft.elsewhere ? <Elsewhere draft={draft} onPlace={onPlace} onHouse={onHouse} onEnter={onEnter} /> : standing ? (
        <>
          <div className="whereline">
            <div className="chosen"><I of={IconMapPin} size={18} className="accent" /><span className="cut"><b>{house.address}</b>{(house.former ?? []).length > 0 && <span className="t3 s12"> {t("ticketForm.former", { address: house.former[0] })}</span>}</span><Btn look="link" size="small" onClick={onMove}>{t("form.change")}</Btn></div>
            <label className="field"><span className="t3 s12">{t("form.premise")}</span><input id="premise" aria-label={t("form.premiseLabel")} aria-describedby="door" value={premise} maxLength={200} autoComplete="off" onChange={(e) => onPremise(e.target.value)} onKeyDown={(e) => { if (e.key === "Enter" && !e.ctrlKey) { e.preventDefault(); onEnter(); } }} /></label>
          </div>
          <Door house={house} premise={premise} facts={facts(house)} />
        </>
      ) : (
        <>
        <Suggest<House> label={t("form.where")} placeholder={t("form.wherePlaceholder")} value={words} onChange={onWords} path="/houses" query={{ limit: 8 }} none={t("form.noHouse")} icon={IconMapPin} keyOf={(h) => h.id} input={input} onPick={(h) => onPick(h, flat || (h.id === house?.id ? premise : ""))}
          render={(h) => <span><b style={{ fontWeight: 600 }}>{h.address}</b>{flat && <b className="accent"> {t("ticketForm.flatIs", { flat })}</b>} <span className="t3 s12">{[...(h.former ?? []).slice(0, 1).map((address) => t("ticketForm.former", { address })), facts(h)].filter(Boolean).join(" · ")}</span></span>} />
        <div><Btn size="small" icon={IconRoad} keys="⇧F9" onClick={onElsewhere}>{t("ticketForm.elsewhere")}</Btn></div>
        </>
      )}
    </>
  );
}

/** A road, a crossing, a house that the directory has not: the place in words, and the section where it is known. */
function Elsewhere({ draft, onPlace, onHouse, onEnter }: Pick<WhereProps, "draft" | "onPlace" | "onHouse" | "onEnter">) {
  const { t } = useTranslation();
  const choices = useQuery({ queryKey: ["choices"], queryFn: () => get<JournalChoices>("/tickets/choices"), staleTime: 300_000 });
  const districts = choices.data?.districts ?? [];
  return (
    <>
      <label className="field"><I of={IconRoad} size={16} className="t3" /><input data-place aria-label={t("ticketForm.place")} placeholder={t("ticketForm.placePlaceholder")} value={draft.place} maxLength={200} autoComplete="off" onChange={(e) => onPlace({ place: e.target.value })} onKeyDown={(e) => { if (e.key === "Enter" && !e.ctrlKey) { e.preventDefault(); onEnter(); } }} /></label>
      <div className="row wrap">
        {districts.length > 0 && (
          <label className="field compact"><span className="t3 s12">{t("ticketForm.district")}</span>
            <select value={draft.district} onChange={(e) => onPlace({ district: e.target.value, organisationId: null })}><option value="">{t("ticketForm.anyDistrict")}</option>{districts.map((one) => <option key={one} value={one}>{one}</option>)}</select></label>
        )}
        <Btn size="small" icon={IconHome} keys="⇧F9" onClick={onHouse}>{t("ticketForm.withHouse")}</Btn>
      </div>
      <p className="t3 s12">{t("ticketForm.elsewhereLead")}</p>
    </>
  );
}

function homeWords(r: Residence, t: (key: string, values?: Record<string, unknown>) => string): string {
  return [r.house.address, r.premise && t("common.flat", { flat: r.premise })].filter(Boolean).join(", ");
}

/** Where the flat is in the house, as its card says; a flat that the card has not is told, never refused. */
function Door({ house, premise, facts }: { house: House; premise: string; facts: string }) {
  const { t } = useTranslation();
  const card = useQuery({ queryKey: ["house", house.id], queryFn: () => get<HouseCard>(`/houses/${house.id}`), staleTime: 300_000, retry: false });
  const doors = card.data?.premises ?? [];
  const bare = premise.trim().toLowerCase().replace(/^(кв\.?|flat)\s*/, "");
  const door = bare ? doors.find((d) => d.number.toLowerCase() === bare) : undefined;
  const unknown = bare !== "" && /^\d/.test(bare) && doors.length > 0 && !door;
  return <p id="door" className={unknown ? "soon s12" : "t3 s12"}>{[unknown && t("ticketForm.noDoor"), door && placeOf(door, t), facts].filter(Boolean).join(" · ")}</p>;
}

function placeOf(door: PremiseView, t: (key: string, values?: Record<string, unknown>) => string): string {
  const { entrance, floor } = door;
  if (entrance !== null && floor !== null) return t("ticketForm.door", { entrance, floor });
  if (entrance !== null) return t("ticketForm.doorEntrance", { entrance });
  return floor !== null ? t("ticketForm.doorFloor", { floor }) : "";
}
