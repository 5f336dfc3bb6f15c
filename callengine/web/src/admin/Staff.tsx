// Staff and their shifts: the list on the left, a colleague on the right; who is deactivated gives his tickets back.

import { IconPlus, IconSearch, IconUserCog, IconUsers, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { get, post, put, remove } from "@/api/client";
import type { Me, Organisation, Page, ShiftView, StaffCard, StaffForm, StaffSaved } from "@/api/types";
import { Labelled, parts, TextField } from "@/houses/parts";
import "@/houses/houses.css";
import { useKeys } from "@/lib/keys";
import { follow, go } from "@/lib/route";
import { dayMonth, hm, momentOf } from "@/lib/time";
import { unsaved, useUnsaved } from "@/lib/unsaved";
import { queries } from "@/session";
import { Bones, Btn, Empty, Faces, Failed, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import type { SectionProps } from "./Admin";
import { MomentField } from "./ClassifierFields";

type Role = StaffCard["role"];
const RANK: Record<Role, number> = { administrator: 3, supervisor: 2, operator: 1, organisation_manager: 1, inspector: 1, executor: 0 };
const ROLES = Object.keys(RANK) as Role[];
const may = (me: Me, role: Role) => (me.role === "organisation_manager" ? role === "executor" : RANK[role] <= RANK[me.role]);
const withOrganisation = (role: Role) => role === "executor" || role === "organisation_manager";

export const useStaff = () => useQuery({ queryKey: ["staff"], queryFn: () => get<Page<StaffCard>>("/staff") });

export function Staff({ me, rest }: SectionProps) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [role, setRole] = useState("");
  const [former, setFormer] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const staff = useStaff();
  const q = text.trim().toLowerCase();
  const items = (staff.data?.items ?? []).filter((p) => (former || p.active) && (!role || p.role === role) && (!q || `${p.name} ${p.login} ${p.organisation}`.toLowerCase().includes(q)));
  const adding = rest[0] === "new";
  const chosen = staff.data?.items.find((p) => p.id === Number(rest[0]));
  const own = staff.data?.items.find((p) => p.id === me.id);
  const step = (by: number) => {
    const next = items[items.findIndex((p) => p.id === chosen?.id) + by];
    if (next) go(`/admin/staff/${next.id}`, { replace: true });
  };
  useKeys({ ArrowDown: () => step(1), ArrowUp: () => step(-1), Slash: () => search.current?.focus() });
  return (
    <>
      <div className="pagehead wrap">
        <h1>{t("staff.title")}</h1>
        <div className="field compact"><I of={IconSearch} size={16} className="t3" /><input ref={search} type="search" aria-label={t("staff.search")} placeholder={t("staff.search")} value={text} onChange={(e) => setText(e.target.value)} /></div>
        {me.role !== "organisation_manager" && <div className={role ? "field compact on" : "field compact"}><select aria-label={t("staff.role")} value={role} onChange={(e) => setRole(e.target.value)}><option value="">{t("staff.all")}</option>{ROLES.map((r) => <option key={r} value={r}>{t(`role.${r}`)}</option>)}</select></div>}
        <label className="checkline"><input type="checkbox" checked={former} onChange={(e) => setFormer(e.target.checked)} />{t("staff.withFormer")}</label>
        <Btn className="end" look="primary" icon={IconPlus} onClick={() => go("/admin/staff/new")}>{t("staff.new")}</Btn>
      </div>
      <div className="staffgrid">
        <section className="card" aria-label={t("staff.title")}>
          <div className="body" style={{ border: 0 }} tabIndex={0} role="group" aria-label={t("staff.title")}>
            <Faces of={staff} bones={{ count: 10, height: 26 }} empty={items.length === 0 && <Empty icon={IconUsers} title={t("staff.none")}>{t("staff.noneLead")}</Empty>}>
              <table className="table">
                <thead><tr>{(["name", "role", "organisation", "extension", "tickets", "state"] as const).map((c) => <th key={c} scope="col" className={c === "tickets" ? "num" : undefined}>{t(`staff.col.${c}`)}</th>)}</tr></thead>
                <tbody>
                  {items.map((p) => (
                    <tr key={p.id} className={p.id === chosen?.id ? "pick now" : "pick"} onClick={() => go(`/admin/staff/${p.id}`)}>
                      <td><a href={`/admin/staff/${p.id}`} aria-current={p.id === chosen?.id || undefined} onClick={(e) => { e.stopPropagation(); follow(`/admin/staff/${p.id}`)(e); }}>{p.name}</a> <span className="t2 s12">{p.login}</span></td>
                      <td>{t(`role.${p.role}`)}</td>
                      <td className="t2">{p.organisation || "—"}</td>
                      <td className="t2">{p.extension ?? "—"}</td>
                      <td className="num">{p.open_tickets || "—"}</td>
                      <td className="t2">{!p.active ? t("staff.former") : p.can_sign_in ? t("staff.can") : t("staff.noPassword")}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Faces>
          </div>
        </section>
        {staff.isPending ? <section className="card"><Bones count={6} /></section>
          : adding ? <Colleague key="new" me={me} own={own} />
            : chosen ? <Colleague key={chosen.id} me={me} own={own} of={chosen} />
              : <section className="card"><Empty icon={IconUserCog} title={t("staff.choose")}>{t("staff.chooseLead")}</Empty></section>}
      </div>
    </>
  );
}

type Form = Required<Omit<StaffForm, "districts" | "password">> & { districts: string; password: string };

const formOf = (p: StaffCard | undefined, own: StaffCard | undefined, me: Me): Form => ({
  login: p?.login ?? "", name: p?.name ?? "", role: p?.role ?? (me.role === "organisation_manager" ? "executor" : "operator"), extension: p?.extension ?? "",
  organisation_id: p ? p.organisation_id : me.role === "organisation_manager" ? (own?.organisation_id ?? null) : null,
  phone: p?.phone ?? "", trade: p?.trade ?? "", districts: p?.districts.join(", ") ?? "", language: p?.language ?? "ru", active: p?.active ?? true, password: "",
});

function Colleague({ me, own, of: p }: { me: Me; own: StaffCard | undefined; of?: StaffCard }) {
  const { t } = useTranslation();
  const why = useWhy();
  // What is typed stands over what is known: news of the colleague come in and wipe nothing.
  const first = formOf(p, own, me);
  const [typed, setTyped] = useState<Partial<Form>>({});
  const form: Form = { ...first, ...typed };
  useUnsaved(JSON.stringify(form) !== JSON.stringify(first));
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const manager = me.role === "organisation_manager";
  const organisations = useQuery({ queryKey: ["organisations"], queryFn: () => get<Page<Organisation>>("/organisations"), enabled: !manager });
  const locked = p !== undefined && !may(me, p.role);
  const change = (some: Partial<Form>) => setTyped((old) => ({ ...old, ...some }));
  const set = (name: keyof Form) => (value: string) => change({ [name]: value });
  const save = (e?: FormEvent) => {
    e?.preventDefault();
    if (busy || locked) return;
    setBusy(true); setWrong("");
    const body: StaffForm = { ...form, districts: form.role === "inspector" ? parts(form.districts) : [], password: form.password || null };
    (p ? put<StaffSaved>(`/staff/${p.id}`, body) : post<StaffSaved>("/staff", body)).then(
      (saved) => {
        say(saved.given_back.length ? t("staff.back", { count: saved.given_back.length, list: saved.given_back.slice(0, 5).join(", ") }) : t("staff.saved"));
        queries.setQueryData<Page<StaffCard>>(["staff"], (old) => old && { ...old, items: old.items.map((one) => (one.id === saved.id ? { ...one, ...saved } : one)) });
        setTyped({});
        unsaved.set(false);
        void queries.invalidateQueries({ queryKey: ["staff"] });
        if (!p) go(`/admin/staff/${saved.id}`);
      },
      (error) => setWrong(why(error)),
    ).finally(() => setBusy(false));
  };
  useKeys({ "Ctrl+Enter": () => save() });
  return (
    <section className="card" aria-labelledby="colleague">
      <header><h2 id="colleague">{p?.name ?? t("staff.new")}</h2></header>
      <div className="body" tabIndex={0} role="group" aria-labelledby="colleague">
        <form className="formbody dirform" onSubmit={save}>
          {locked && <p className="warnbox">{t("staff.above")}</p>}
          <TextField className="half" label={t("staff.name")} value={form.name} onChange={set("name")} disabled={locked} />
          <TextField className="half" label={t("staff.login")} value={form.login} onChange={set("login")} most={80} disabled={p !== undefined} hint={p ? t("staff.loginHint") : undefined} />
          <Labelled className="half" label={t("staff.role")}>{(id) => <div className="field"><select id={id} value={form.role} disabled={locked || manager} onChange={(e) => set("role")(e.target.value)}>{ROLES.filter((r) => may(me, r) || r === p?.role).map((r) => <option key={r} value={r}>{t(`role.${r}`)}</option>)}</select></div>}</Labelled>
          <Labelled className="half" label={t("staff.organisation")}>
            {(id) => (
              <div className="field">
                <select id={id} value={form.organisation_id ?? ""} disabled={locked || manager} onChange={(e) => change({ organisation_id: e.target.value ? Number(e.target.value) : null })}>
                  <option value="">{withOrganisation(form.role) ? "—" : t("staff.own")}</option>
                  {manager ? own?.organisation_id && <option value={own.organisation_id}>{own.organisation}</option> : organisations.data?.items.map((o) => <option key={o.id} value={o.id}>{o.name}</option>)}
                </select>
              </div>
            )}
          </Labelled>
          {withOrganisation(form.role) ? (
            <>
              <TextField className="half" label={t("staff.phone")} value={form.phone} onChange={set("phone")} type="tel" most={40} disabled={locked} />
              <TextField className="half" label={t("staff.trade")} value={form.trade} onChange={set("trade")} disabled={locked} />
            </>
          ) : (
            <>
              <TextField className="half" label={t("staff.extension")} value={form.extension} onChange={set("extension")} most={10} disabled={locked} />
              <TextField className="half" label={t("staff.phone")} value={form.phone} onChange={set("phone")} type="tel" most={40} disabled={locked} />
            </>
          )}
          {form.role === "inspector" && <TextField label={t("staff.districts")} value={form.districts} onChange={set("districts")} hint={t("staff.districtsHint")} most={2000} disabled={locked} />}
          <Labelled className="third" label={t("staff.language")}>{(id) => <div className="field"><select id={id} value={form.language} disabled={locked} onChange={(e) => set("language")(e.target.value)}><option value="ru">Русский</option><option value="en">English</option></select></div>}</Labelled>
          <TextField className="two" label={t("staff.password")} value={form.password} onChange={set("password")} type="password" auto="new-password" hint={t(p?.can_sign_in ? "staff.passwordHint" : "staff.passwordNew")} disabled={locked} />
          <label className="checkline"><input type="checkbox" checked={form.active} disabled={locked} onChange={(e) => change({ active: e.target.checked })} />{t("staff.active")}</label>
          {p && p.open_tickets > 0 && <p className="t2 s13">{t("staff.openLead", { count: p.open_tickets })}</p>}
          {wrong && <p className="errorline" role="alert">{wrong}</p>}
          <div><Btn look="primary" size="main" keys="Ctrl Enter" disabled={busy || locked || !form.name.trim() || !form.login.trim()} onClick={() => save()}>{t("staff.save")}</Btn></div>
        </form>
        {p && <Shifts of={p} locked={locked} />}
      </div>
    </section>
  );
}

function Shifts({ of: p, locked }: { of: StaffCard; locked: boolean }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [begins, setBegins] = useState("");
  const [ends, setEnds] = useState("");
  const [note, setNote] = useState("");
  const key = ["shifts", p.id];
  const found = useQuery({ queryKey: key, queryFn: () => get<Page<ShiftView>>("/shifts", { staff_id: p.id }) });
  const failed = (error: unknown) => say(why(error), { bad: true });
  const again = () => void queries.invalidateQueries({ queryKey: key });
  const plan = (begins_at: string | null, ends_at: string | null, about: string) =>
    post<ShiftView>("/shifts", { staff_id: p.id, begins_at, ends_at, note: about }).then(() => { say(t("staff.shiftSaved")); again(); return true; }, (error) => { failed(error); return false; });
  const add = (e: FormEvent) => { e.preventDefault(); void plan(begins ? momentOf(begins) : null, ends ? momentOf(ends) : null, note).then((done) => { if (done) { setBegins(""); setEnds(""); setNote(""); } }); };
  const drop = (s: ShiftView) => void remove(`/shifts/${s.id}`).then(() => { say(t("staff.shiftGone"), { act: { word: t("directory.undo"), run: () => void plan(s.begins_at, s.ends_at, s.note) } }); again(); }, failed);
  const span = (s: ShiftView) => `${dayMonth(s.begins_at)}, ${hm(s.begins_at)} – ${dayMonth(s.begins_at) === dayMonth(s.ends_at) ? "" : `${dayMonth(s.ends_at)}, `}${hm(s.ends_at)}`;
  return (
    <div style={{ borderTop: "1px solid var(--line)" }}>
      <h3 className="dirsub">{t("staff.shifts")}</h3>
      {found.isPending ? <Bones count={2} height={24} /> : found.isError ? <Failed error={found.error} again={() => void found.refetch()} /> : (
        <>
          {found.data.items.length === 0 && <p className="dirquiet">{t("staff.noShifts")}</p>}
          {found.data.items.map((s) => <div key={s.id} className="dirline"><span className="grow">{span(s)}{s.note && <span className="t2"> · {s.note}</span>}</span>{!locked && <Btn look="link" icon={IconX} aria-label={t("staff.dropShift", { when: span(s) })} onClick={() => drop(s)} />}</div>)}
        </>
      )}
      {!locked && (
        <form className="row wrap" style={{ padding: "8px 16px 16px" }} onSubmit={add}>
          <MomentField label={t("staff.begins")} empty="" value={begins} onChange={setBegins} />
          <MomentField label={t("staff.ends")} empty="" value={ends} onChange={setEnds} />
          <div className="field compact grow"><input aria-label={t("staff.note")} placeholder={t("staff.note")} value={note} maxLength={200} onChange={(e) => setNote(e.target.value)} /></div>
          <button type="submit" className="btn small" disabled={!begins || !ends}><I of={IconPlus} size={16} />{t("staff.addShift")}</button>
        </form>
      )}
    </div>
  );
}
