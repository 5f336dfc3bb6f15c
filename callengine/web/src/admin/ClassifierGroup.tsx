// A group of the classifier: its names, where it stands, and its removal while nothing stands under it.

import { IconDeviceFloppy, IconTrash } from "@tabler/icons-react";
import { useEffect, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { call, Failure, put } from "@/api/client";
import type { ClassifierGroup, ClassifierPlan, ClassifierTree } from "@/api/types";
import { go } from "@/lib/route";
import { unsaved, useUnsaved } from "@/lib/unsaved";
import { queries } from "@/session";
import { Btn, Failed, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { Choose, Line } from "./ClassifierFields";
import { useUndo } from "./ClassifierVersions";
import { mistakeWords } from "./mistakes";

const NEW: ClassifierGroup = { code: "", parent: "", name_ru: "", name_en: "", position: 1000 };

/** The groups as options, each under its own; `but` and what stands under it are left out. */
export function groupOptions(tree: ClassifierTree, ru: boolean, but: string | null): [string, string][] {
  const found: [string, string][] = [];
  const walk = (parent: string, depth: number): void => {
    for (const g of tree.groups.filter((x) => x.parent === parent && x.code !== but)) {
      found.push([g.code, `${"\u2003".repeat(depth)}${g.code} ${ru ? g.name_ru : g.name_en || g.name_ru}`]);
      walk(g.code, depth + 1);
    }
  };
  walk("", 0);
  return found;
}

export function GroupEditor({ tree, code, admin }: { tree: ClassifierTree; code: string | null; admin: boolean }) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const undo = useUndo();
  const known = code === null ? NEW : tree.groups.find((g) => g.code === code);
  const [form, setForm] = useState<ClassifierGroup>(known ?? NEW);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState("");
  useEffect(() => { if (known) setForm(known); }, [known]);
  const dirty = JSON.stringify(form) !== JSON.stringify(known ?? NEW);
  useUnsaved(dirty);
  if (!known) return <section className="card"><Failed error={null} again={() => void queries.invalidateQueries({ queryKey: ["classifier"] })} /></section>;
  const inside = tree.groups.filter((g) => g.parent === code).length + tree.entries.filter((e) => e.parent === code).length;
  const set = (change: Partial<ClassifierGroup>) => { setRefused(""); setForm((old) => ({ ...old, ...change })); };
  const done = (plan: ClassifierPlan, to: string) => {
    const made = plan.version;
    say(made ? t("classifier.saved", { id: made.id }) : t("classifier.nothing"), made ? { act: { word: t("classifier.undo"), run: () => void undo(made.id) } } : {});
    unsaved.set(false);
    void queries.invalidateQueries({ queryKey: ["classifier"] }).then(() => go(to));
  };
  const act = (work: Promise<ClassifierPlan>, to: string) => { setBusy(true); work.then((plan) => done(plan, to), (e) => setRefused(e instanceof Failure && e.code === "refused" ? mistakeWords(e.problem.detail ?? "", t) : why(e))).finally(() => setBusy(false)); };
  const save = (e: FormEvent) => {
    e.preventDefault();
    const { code: its, ...rest } = form;
    act(put<ClassifierPlan>(`/classifier/groups/${encodeURIComponent(its.trim())}`, rest), `/admin/classifier/groups/${its.trim()}`);
  };
  return (
    <form className="card" aria-labelledby="group-title" onSubmit={save}>
      <header><h2 id="group-title">{code === null ? t("classifier.newGroupTitle") : `${code} ${i18n.language === "ru" ? known.name_ru : known.name_en || known.name_ru}`}</h2>{code !== null && <span className="t3 s12">{t("classifier.entries", { count: inside })}</span>}</header>
      <fieldset className="body formbody bareset" disabled={!admin}>
        <div className="formpart"><div className="grid2">
          {code === null && <Line label={t("classifier.code")} hint={t("classifier.codeHint")} value={form.code} required autoFocus onChange={(x) => set({ code: x })} />}
          <Choose label={t("classifier.parent")} value={form.parent} onChange={(x) => set({ parent: x })} options={[["", t("classifier.noParent")], ...groupOptions(tree, i18n.language === "ru", code)]} />
          <Line label={t("classifier.nameRu")} value={form.name_ru} required onChange={(x) => set({ name_ru: x })} />
          <Line label={t("classifier.nameEn")} value={form.name_en} onChange={(x) => set({ name_en: x })} />
          <Line label={t("classifier.position")} inputMode="numeric" value={String(form.position)} onChange={(x) => set({ position: Number(x.replace(/\D/g, "").slice(0, 6)) || 0 })} />
        </div></div>
      </fieldset>
      {refused && <p className="warnline danger" role="alert">{refused}</p>}
      {admin ? (
        <footer className="formfoot">
          <button type="submit" className="btn primary main" disabled={!dirty || busy || !form.code.trim() || !form.name_ru.trim()}><IconDeviceFloppy size={18} stroke={1.75} aria-hidden />{t("classifier.save")}</button>
          {code !== null && inside === 0 && <Btn size="main" icon={IconTrash} disabled={busy} onClick={() => act(call<ClassifierPlan>("DELETE", `/classifier/groups/${encodeURIComponent(code)}`), "/admin/classifier")}>{t("classifier.dropGroup")}</Btn>}
        </footer>
      ) : <footer className="formfoot"><span className="t2 s13">{t("classifier.readOnly")}</span></footer>}
    </form>
  );
}
