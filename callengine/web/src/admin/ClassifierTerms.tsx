// Terms that an organisation has of its own: per branch of the classifier, with the paper that allows them.

import { IconBuildingCommunity, IconClockEdit, IconPencil, IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { get, put, remove } from "@/api/client";
import type { ClassifierTree, Organisation, OrganisationOverride, OverrideForm, Page } from "@/api/types";
import { go } from "@/lib/route";
import { queries } from "@/session";
import { Btn, Empty, Faces, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { Choose, ClockField, Line, Term, useUnits } from "./ClassifierFields";
import { groupOptions } from "./ClassifierGroup";
import { termText } from "./terms";

const path = (organisation: number, branch: string) => `/organisations/${organisation}/overrides/${encodeURIComponent(branch)}`;

export function ClassifierTerms({ tree, at, admin }: { tree: ClassifierTree | undefined; at: number | null; admin: boolean }) {
  const { t } = useTranslation();
  const organisations = useQuery({ queryKey: ["organisations"], queryFn: () => get<Page<Organisation>>("/organisations") });
  const options = organisations.data?.items.filter((o) => o.active || o.id === at).map((o): [string, string] => [String(o.id), o.name]) ?? [];
  return (
    <section className="card grow" aria-labelledby="terms-title">
      <header className="wrap"><h2 id="terms-title">{t("classifier.tab.terms")}</h2><span className="t2 s13">{t("classifier.termsLead")}</span></header>
      <div className="body formbody">
        <Faces of={organisations} bones={{ count: 3, height: 36 }} empty={false}>
          <div className="formpart"><div style={{ maxWidth: 420 }}><Choose label={t("classifier.organisation")} value={at === null ? "" : String(at)} onChange={(x) => go(x ? `/admin/classifier/terms/${x}` : "/admin/classifier/terms")} options={[["", t("classifier.chooseOrganisation")], ...options]} /></div></div>
          {at === null ? <Empty icon={IconBuildingCommunity} title={t("classifier.chooseOrganisation")} /> : tree && <Terms key={at} tree={tree} organisation={at} admin={admin} />}
        </Faces>
      </div>
    </section>
  );
}

function Terms({ tree, organisation, admin }: { tree: ClassifierTree; organisation: number; admin: boolean }) {
  const { t } = useTranslation();
  const why = useWhy();
  const units = useUnits();
  const [editing, setEditing] = useState<OrganisationOverride | "new" | null>(null);
  const list = useQuery({ queryKey: ["overrides", organisation], queryFn: () => get<Page<OrganisationOverride>>(`/organisations/${organisation}/overrides`) });
  const items = list.data?.items ?? [];
  const again = () => void queries.invalidateQueries({ queryKey: ["overrides", organisation] });
  const drop = (o: OrganisationOverride) => {
    const { organisation_id: _, branch, ...form } = o;
    void remove(path(organisation, branch)).then(() => { again(); say(t("classifier.termsDropped"), { act: { word: t("classifier.undo"), run: () => void put(path(organisation, branch), form).then(again) } }); }, (e) => say(why(e), { bad: true }));
  };
  const branchName = (branch: string) => branch === "*" ? t("classifier.all") : branch;
  if (editing) return <TermsForm tree={tree} organisation={organisation} of={editing === "new" ? null : editing} onDone={() => { setEditing(null); again(); }} />;
  return (
    <div className="formpart">
      <Faces of={list} bones={{ count: 3, height: 36 }} empty={items.length === 0 && <Empty icon={IconClockEdit} title={t("classifier.noTerms")}>{t("classifier.noTermsLead")}</Empty>}>
        <table className="table">
          <thead><tr>{(["branch", "accept", "localize", "fix", "clock", "urgency", "reason"] as const).map((c) => <th key={c} scope="col">{t(`classifier.${c}`)}</th>)}<th><span className="sr">{t("classifier.termsEdit", { branch: "" })}</span></th></tr></thead>
          <tbody>
            {items.map((o) => (
              <tr key={o.branch}>
                <td className="b">{branchName(o.branch)}</td>
                {[o.accept_minutes, o.localize_minutes, o.fix_minutes].map((m, i) => <td key={i} className={m === null ? "t3" : ""}>{m === null ? "—" : termText(m, o.clock, units)}</td>)}
                <td className={o.clock ? "" : "t3"}>{o.clock ? t(`classifier.clocks.${o.clock}`, { defaultValue: o.clock }) : "—"}</td>
                <td className={o.urgency ? "" : "t3"}>{o.urgency ? t(`urgency.${o.urgency}`) : "—"}</td>
                <td>{o.reason}</td>
                <td>{admin && <span className="row"><Btn size="small" icon={IconPencil} aria-label={t("classifier.termsEdit", { branch: branchName(o.branch) })} onClick={() => setEditing(o)} /><Btn size="small" icon={IconTrash} aria-label={t("classifier.termsDrop", { branch: branchName(o.branch) })} onClick={() => drop(o)} /></span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Faces>
      {admin && <div><Btn icon={IconPlus} onClick={() => setEditing("new")}>{t("classifier.addTerms")}</Btn></div>}
    </div>
  );
}

function TermsForm({ tree, organisation, of, onDone }: { tree: ClassifierTree; organisation: number; of: OrganisationOverride | null; onDone: () => void }) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const ru = i18n.language === "ru";
  const [branch, setBranch] = useState(of?.branch ?? "*");
  const [form, setForm] = useState<Required<OverrideForm>>({ accept_minutes: of?.accept_minutes ?? null, localize_minutes: of?.localize_minutes ?? null, fix_minutes: of?.fix_minutes ?? null, clock: of?.clock ?? "", urgency: (of?.urgency ?? "") as Required<OverrideForm>["urgency"], reason: of?.reason ?? "" });
  const [refused, setRefused] = useState("");
  const set = (change: Partial<OverrideForm>) => { setRefused(""); setForm((old) => ({ ...old, ...change })); };
  const terms = [form.accept_minutes, form.localize_minutes, form.fix_minutes];
  const able = !terms.some((m) => Number.isNaN(m)) && form.reason.trim().length >= 3;
  const branches: [string, string][] = [["*", t("classifier.all")], ...groupOptions(tree, ru, null), ...tree.entries.filter((e) => e.active).map((e): [string, string] => [e.code, `${e.code} ${ru ? e.problem_ru : e.problem_en || e.problem_ru}`])];
  const save = (e: FormEvent) => {
    e.preventDefault();
    if (terms.every((m) => m === null) && !form.clock && !form.urgency) return setRefused(t("classifier.oneTerm"));
    void put(path(organisation, branch), form).then(() => { say(t("classifier.termsSaved")); onDone(); }, (error) => setRefused(why(error)));
  };
  return (
    <form className="formpart" onSubmit={save}>
      <div className="grid2">
        <Choose label={t("classifier.branch")} value={branch} disabled={of !== null} onChange={setBranch} options={branches} />
        <Choose label={t("classifier.urgency")} value={form.urgency} onChange={(x) => set({ urgency: x as OverrideForm["urgency"] })} options={[["", t("classifier.asIs")], ...["life", "emergency", "urgent", "normal", "planned", "info"].map((u): [string, string] => [u, t(`urgency.${u}`)])]} />
      </div>
      <div className="terms3">
        <Term label={t("classifier.accept")} empty={t("classifier.asIs")} value={form.accept_minutes} clock={form.clock} onChange={(x) => set({ accept_minutes: x })} />
        <Term label={t("classifier.localize")} empty={t("classifier.asIs")} value={form.localize_minutes} clock={form.clock} onChange={(x) => set({ localize_minutes: x })} />
        <Term label={t("classifier.fix")} empty={t("classifier.asIs")} value={form.fix_minutes} clock={form.clock} onChange={(x) => set({ fix_minutes: x })} />
      </div>
      <ClockField value={form.clock} empty={t("classifier.asIs")} onChange={(x) => set({ clock: x })} />
      <Line label={t("classifier.reason")} wide required value={form.reason} onChange={(x) => set({ reason: x })} />
      {refused && <p className="danger s13" role="alert">{refused}</p>}
      <div className="row"><button type="submit" className="btn primary main" disabled={!able}>{t("classifier.save")}</button><Btn size="main" onClick={onDone}>{t("common.cancel")}</Btn></div>
    </form>
  );
}
