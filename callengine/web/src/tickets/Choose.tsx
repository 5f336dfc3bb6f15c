// What a move may need, each as a field: an organisation with the router's why, an executor with his load, a moment, a mark.

import { useQuery } from "@tanstack/react-query";
import { useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { get, post } from "@/api/client";
import type { House, JournalChoices, Me, Organisation, OrganisationLoad, Page, RoutingPreview, StaffMember, TicketRow } from "@/api/types";
import { Suggest } from "@/desk/Suggest";
import { flatOf, placeOf } from "@/lib/address";
import { useNow } from "@/lib/clock";
import { clockAt, dayOf, hm, shiftDay } from "@/lib/time";
import { Bones, Btn, Empty, Failed } from "@/ui/pieces";
import { IconMapPin, IconUserQuestion } from "@tabler/icons-react";
import { DESK } from "./buttons";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

// --- an executor ------------------------------------------------------------------------------------------

interface Doer { id: number; name: string; manager: boolean; count: number; late: number }

export const useChoices = (when = true) => useQuery({ queryKey: ["choices"], queryFn: () => get<JournalChoices>("/tickets/choices"), enabled: when, staleTime: 300_000 });
export const useLoad = (organisationId: number | null) =>
  useQuery({ queryKey: ["load", organisationId], queryFn: () => get<OrganisationLoad>(`/organisations/${organisationId}/load`), enabled: organisationId !== null, refetchInterval: 60_000, staleTime: 5_000 });

/** The people of an organisation with what they hold, the freest first. A manager knows his own by the journal's choices. */
export function useDoers(me: Me, organisationId: number | null): { items: Doer[]; isPending: boolean; isError: boolean; error: unknown; refetch: () => void } {
  const desk = DESK.has(me.role);
  const own = useChoices(!desk);
  const staff = useQuery({ queryKey: ["staff"], queryFn: () => get<Page<StaffMember>>("/staff"), enabled: desk && organisationId !== null, staleTime: 60_000 });
  const load = useLoad(organisationId);
  const from = desk ? staff : own;
  const people = desk
    ? (staff.data?.items ?? []).filter((m) => m.active && m.organisation_id === organisationId && (m.role === "executor" || m.role === "organisation_manager")).map((m) => ({ id: m.id, name: m.name, manager: m.role !== "executor" }))
    : [...(own.data?.executors ?? []).map((e) => ({ ...e, manager: false })), ...(me.role === "organisation_manager" && me.id !== null ? [{ id: me.id, name: me.name, manager: true }] : [])];
  // What is done and waits for the centre or the resident is in nobody's hands.
  const lines = (load.data?.lines ?? []).filter((l) => ["executor_assigned", "in_progress", "needs_rework"].includes(l.status));
  const sum = (id: number, of: "count" | "late") => lines.filter((l) => l.executor_id === id).reduce((n, l) => n + l[of], 0);
  const items = people.map((p) => ({ ...p, count: sum(p.id, "count"), late: sum(p.id, "late") })).sort((a, b) => Number(a.manager) - Number(b.manager) || a.name.localeCompare(b.name));
  return { items, isPending: from.isPending, isError: from.isError, error: from.error, refetch: () => void from.refetch() };
}

export function ExecutorField({ me, organisationId, now, value, onChange }: { me: Me; organisationId: number | null; now: number | null; value: number | null; onChange: (id: number) => void }) {
  const { t } = useTranslation();
  const doers = useDoers(me, organisationId);
  const id = useId();
  if (doers.isPending) return <Bones count={3} height={32} />;
  if (doers.isError) return <Failed error={doers.error} again={doers.refetch} />;
  if (!doers.items.length) return <Empty icon={IconUserQuestion} title={t("ticket.noExecutors")}>{t("ticket.noExecutorsLead")}</Empty>;
  const first = value ?? doers.items.find((d) => d.id !== now)?.id;
  return (
    <div className="col" role="radiogroup" aria-labelledby={id}>
      <span id={id} className="b s13">{t("ticket.executorLabel")}</span>
      <div className="pickone">
        {doers.items.map((d) => (
          <label key={d.id} className={value === d.id ? "on" : undefined}>
            <input type="radio" name={id} checked={value === d.id} onChange={() => onChange(d.id)} disabled={d.id === now} {...(d.id === first && { "data-autofocus": true })} />
            <span className="grow"><b>{d.name}</b>{d.manager && <span className="t3 s12"> {t("ticket.manager")}</span>}{d.id === now && <span className="t3 s12"> {t("ticket.current")}</span>}</span>
            {d.late > 0 && <span className="chip danger">{t("ticket.late", { count: d.late })}</span>}
            <span className="t2 s12">{d.count ? t("ticket.load", { count: d.count }) : t("ticket.free")}</span>
          </label>
        ))}
      </div>
    </div>
  );
}

// --- an organisation --------------------------------------------------------------------------------------

export interface Routed { classifier: TicketRow["classifier"]; house: TicketRow["house"]; organisation: Organisation | null; status: string; premise?: string; place?: string; district?: string; answers?: { question: string; answer: string }[]; damage_at?: string | null; paid?: boolean }

/** The house after all, or another one: the organisations are then matched for it. */
export function HouseField({ of, house, premise, onChange }: { of: Routed; house: House | null; premise: string; onChange: (some: { house?: House | null; premise?: string }) => void }) {
  const { t } = useTranslation();
  const [words, setWords] = useState("");
  const [open, setOpen] = useState(of.house === null);
  const input = useRef<HTMLInputElement>(null);
  const now = placeOf({ house: of.house, premise: of.premise ?? "", place: of.place }, t);
  return (
    <div className="col" style={{ gap: 4 }}>
      <span className="b s13">{t("form.where")}</span>
      {house ? (
        <div className="row wrap">
          <b className="s13">{house.address}</b>
          <label className="field compact"><span className="t3 s12">{t("form.premise")}</span><input aria-label={t("form.premiseLabel")} value={premise} maxLength={200} onChange={(e) => onChange({ premise: e.target.value })} /></label>
          <Btn size="small" look="link" onClick={() => onChange({ house: null, premise: "" })}>{t("form.undo")}</Btn>
        </div>
      ) : (
        <>
          <div className="row wrap"><span className="t2 s13">{now || t("ticket.noPlace")}</span>{!open && <Btn size="small" look="link" onClick={() => setOpen(true)}>{t("ticket.otherHouse")}</Btn>}</div>
          {open && <Suggest<House> label={t("ticket.nameHouse")} placeholder={t("form.wherePlaceholder")} value={words} onChange={setWords} path="/houses" query={{ limit: 8 }} none={t("form.noHouse")} icon={IconMapPin} keyOf={(h) => h.id} input={input} render={(h) => <b style={{ fontWeight: 600 }}>{h.address}</b>} onPick={(h) => { setWords(""); onChange({ house: h, premise: flatOf(words) }); }} />}
        </>
      )}
    </div>
  );
}

export function OrganisationField({ of, moved = false, value, onChange }: { of: Routed; moved?: boolean; value: number | null; onChange: (id: number | null) => void }) {
  const { t } = useTranslation();
  const id = useId();
  const preview = useQuery({
    queryKey: ["routing", "of", of.classifier.code, of.house?.id, of.district], staleTime: 60_000,
    queryFn: () => post<RoutingPreview>("/routing/preview", { classifier: of.classifier.code, house_id: of.house?.id ?? null, district: of.house ? "" : (of.district ?? ""), answers: of.answers ?? [], damage_at: of.damage_at ?? null, paid: of.paid ?? false }),
  });
  const all = useQuery({ queryKey: ["organisations"], queryFn: () => get<Page<Organisation>>("/organisations"), staleTime: 300_000 });
  // The one that declined may be asked again; the one that answers now need not be.
  const taken = moved || of.status === "declined" ? null : (of.organisation?.id ?? null);
  const candidates = preview.data?.candidates ?? [];
  const others = (all.data?.items ?? []).filter((o) => o.active && !candidates.some((c) => c.organisation.id === o.id));
  const first = candidates.find((c) => c.organisation.id !== taken);
  if (preview.isPending) return <Bones count={3} height={40} />;
  return (
    <div className="col" style={{ gap: 8 }}>
      <div className="col" role="radiogroup" aria-labelledby={id}>
        <span id={id} className="b s13">{t("ticket.candidates")}</span>
        {preview.isError && <Failed error={preview.error} again={() => void preview.refetch()} />}
        {!preview.isError && candidates.length === 0 && <p className="t2 s13">{t("ticket.noCandidates")}</p>}
        {candidates.length > 0 && (
          <div className="pickone">
            {candidates.map((c) => (
              <label key={c.organisation.id} className={value === c.organisation.id ? "on" : undefined}>
                <input type="radio" name={id} checked={value === c.organisation.id} disabled={c.organisation.id === taken} onChange={() => onChange(c.organisation.id)} {...(c === first && { "data-autofocus": true })} />
                <span className="grow"><b>{c.organisation.name}</b>{c.organisation.id === taken && <span className="t3 s12"> {t("ticket.answersNow")}</span>}<span className="t2 s12" style={{ display: "block" }}>{c.reason}</span></span>
              </label>
            ))}
          </div>
        )}
      </div>
      <label className="col"><span className="b s13">{t("ticket.others")}</span>
        <span className="field"><select value={others.some((o) => o.id === value) ? String(value) : ""} onChange={(e) => onChange(e.target.value ? Number(e.target.value) : null)} {...(!first && { "data-autofocus": true })}>
          <option value="">{t("ticket.chooseOther")}</option>
          {others.map((o) => <option key={o.id} value={o.id} disabled={o.id === taken}>{o.name}{o.id === taken ? ` — ${t("ticket.answersNow")}` : ""}</option>)}
        </select></span>
      </label>
      {all.isError && <Failed error={all.error} again={() => void all.refetch()} />}
    </div>
  );
}

// --- a moment ---------------------------------------------------------------------------------------------

/** `promise`: the date of a fix that the resident is promised, days away; else a postponement, of hours. */
export function UntilField({ value, onChange, promise = false }: { value: number | null; onChange: (at: number | null) => void; promise?: boolean }) {
  const { t } = useTranslation();
  const now = useNow();
  const id = useId();
  const [typed, setTyped] = useState(false);
  const days = [3, 7, 14, 30].map((n): [string, number] => [t("ticket.days", { count: n }), clockAt(shiftDay(dayOf(now), n), "18:00")]);
  const offers: [string, number][] = promise ? days : [...[1, 2, 4].map((n): [string, number] => [t("ticket.hours", { count: n }), Math.ceil((now + n * HOUR) / (15 * MINUTE)) * 15 * MINUTE]), [t("ticket.tomorrow"), clockAt(shiftDay(dayOf(now), 1), "09:00")]];
  const day = value === null ? "" : dayOf(value);
  const time = value === null ? "" : hm(value);
  const put = (d: string, at: string) => {
    setTyped(true);
    onChange(d ? clockAt(d, at || "09:00") : null);
  };
  return (
    <div className="col" role="group" aria-labelledby={id} style={{ gap: 6 }}>
      <span id={id} className="b s13">{t(promise ? "ticket.promiseLabel" : "ticket.untilLabel")}</span>
      <div className="row wrap">{offers.map(([word, at], i) => <button key={word} type="button" className="btn" aria-pressed={!typed && value === at} onClick={() => { setTyped(false); onChange(at); }} {...(i === 0 && { "data-autofocus": true })}>{word}</button>)}</div>
      <div className="row wrap">
        <label className="field compact"><span className="t2 s12">{t("ticket.day")}</span><input type="date" value={day} min={dayOf(now)} onChange={(e) => put(e.target.value, time)} /></label>
        <label className="field compact"><span className="t2 s12">{t("ticket.time")}</span><input type="time" value={time} onChange={(e) => put(day || dayOf(now), e.target.value)} /></label>
      </div>
      <p className="t2 s12">{t(promise ? "ticket.promiseLead" : "ticket.untilLead")}</p>
    </div>
  );
}

// --- a mark -----------------------------------------------------------------------------------------------

export type Marked = number | "not_done" | null;

export function MarkField({ value, onChange }: { value: Marked; onChange: (mark: Marked) => void }) {
  const { t } = useTranslation();
  const id = useId();
  return (
    <div className="col" role="radiogroup" aria-labelledby={id} style={{ gap: 6 }}>
      <span id={id} className="b s13">{t("ticket.markLabel")}</span>
      <div className="segments marksof">
        {([5, 4, 3, 2, 1, "not_done"] as const).map((one, i) => (
          <label key={one}><input type="radio" name={id} checked={value === one} onChange={() => onChange(one)} {...(i === 0 && { "data-autofocus": true })} />{one === "not_done" ? t("ticket.notDoneLabel") : one}</label>
        ))}
      </div>
      <p className="t2 s12">{t("ticket.markLead")}</p>
    </div>
  );
}
