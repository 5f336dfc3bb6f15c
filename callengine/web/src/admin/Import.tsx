// A CSV of any kind: dropped or chosen, what it would change looked at before and after, then applied.

import { IconAlertTriangle, IconCircleCheck, IconFileSpreadsheet } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure, get, withQuery } from "@/api/client";
import type { ImportChange, ImportKind, ImportPlan, Page, Problem } from "@/api/types";
import "@/houses/houses.css";
import { follow } from "@/lib/route";
import { queries } from "@/session";
import { Bones, Btn, Empty, Failed, I } from "@/ui/pieces";
import { Drop } from "./Drop";

const SHOWN_MISTAKES = 200;

async function send(kind: string, file: Blob, apply: boolean): Promise<ImportPlan> {
  let answer: Response;
  try {
    answer = await fetch(withQuery(`/imports/${kind}`, { apply }), { method: "POST", headers: { "Content-Type": "text/csv", Accept: "application/json" }, credentials: "same-origin", body: file });
  } catch {
    throw new Failure(0, { code: "no-link" });
  }
  const data: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw new Failure(answer.status, (data ?? { code: "not-json" }) as Partial<Problem>);
  return data as ImportPlan;
}

export function Import() {
  const { t } = useTranslation();
  const [kind, setKind] = useState("houses");
  const [file, setFile] = useState<File | null>(null);
  const [plan, setPlan] = useState<ImportPlan | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const run = useRef(0);
  const kinds = useQuery({ queryKey: ["imports"], queryFn: () => get<Page<ImportKind>>("/imports"), staleTime: Infinity });
  const about = kinds.data?.items.find((one) => one.kind === kind);
  const ask = (chosen: File, what: string, apply: boolean) => {
    const mine = ++run.current; // an answer to a file or a kind that was left is nobody's
    setFile(chosen); setError(null); setBusy(true);
    if (!apply) setPlan(null);
    void send(what, chosen, apply).then(
      (found) => { if (mine === run.current) { setPlan(found); setBusy(false); } if (apply) void queries.invalidateQueries(); },
      (failed) => { if (mine === run.current) { setError(failed); setBusy(false); } },
    );
  };
  const choose = (what: string) => { setKind(what); if (file && !plan?.applied) ask(file, what, false); else leave(); };
  const leave = () => { run.current++; setFile(null); setPlan(null); setError(null); setBusy(false); };
  return (
    <>
      <div className="pagehead wrap">
        <h1>{t("imports.title")}</h1>
        <div className="field compact on"><select aria-label={t("imports.kind")} value={kind} onChange={(e) => choose(e.target.value)}>{(kinds.data?.items ?? [{ kind }]).map((one) => <option key={one.kind} value={one.kind}>{t(`imports.kinds.${one.kind}`)}</option>)}</select></div>
        {about && <p className="t2 s12 grow">{t("imports.columns")}: <b>{about.required.join(", ")}</b>{about.optional.length > 0 && ` · ${t("imports.optional")}: ${about.optional.filter((c) => !about.required.includes(c)).slice(0, 12).join(", ")}`}</p>}
      </div>
      {kind === "classifier" && <p className="t2 s13"><a href="/admin/classifier/import" onClick={follow("/admin/classifier/import")}>{t("imports.classifierLead")}</a></p>}
      {!file ? <Drop label={t("imports.title")} lead={t("imports.dropLead")} onFile={(chosen) => ask(chosen, kind, false)} />
        : <Looked file={file} plan={plan} error={error} busy={busy} onAgain={() => ask(file, kind, false)} onApply={() => ask(file, kind, true)} onLeave={leave} />}
    </>
  );
}

function Looked({ file, plan, error, busy, onAgain, onApply, onLeave }: { file: File; plan: ImportPlan | null; error: unknown; busy: boolean; onAgain: () => void; onApply: () => void; onLeave: () => void }) {
  const { t } = useTranslation();
  return (
    <section className="card grow" aria-labelledby="import-title">
      <header className="wrap">
        <I of={IconFileSpreadsheet} size={20} className="t3" />
        <h2 id="import-title" className="cut">{file.name}</h2>
        <span className="end"><Btn onClick={onLeave}>{t(plan?.applied ? "imports.more" : "imports.other")}</Btn></span>
      </header>
      <div className="body" tabIndex={0} role="group" aria-labelledby="import-title" aria-busy={busy}>
        {error !== null ? <Failed error={error} again={onAgain} />
          : !plan ? <Bones count={8} height={32} />
            : plan.applied ? <Empty icon={IconCircleCheck} title={t("imports.done", { count: plan.changed })}>{t("imports.doneLead", { name: file.name, skipped: plan.skipped })}</Empty>
              : <Plan of={plan} />}
      </div>
      {plan && !plan.applied && error === null && plan.changed > 0 && (
        <footer className="formfoot"><Btn look="primary" size="main" disabled={busy} onClick={onApply}>{t("imports.apply", { count: plan.changed })}</Btn></footer>
      )}
    </section>
  );
}

function Plan({ of: plan }: { of: ImportPlan }) {
  const { t } = useTranslation();
  const sums: [number, string, string][] = [[plan.taken, "taken", ""], [plan.changed, "changed", "accent"], [plan.added, "added", ""], [plan.skipped, "skipped", plan.skipped ? "danger" : ""]];
  return (
    <>
      <div className="statline">{sums.map(([n, word, tone]) => <div key={word}><span className={`v ${tone}`}>{n}</span><span className="t2 s13">{t(`imports.${word}`)}</span></div>)}</div>
      {plan.mistakes.length > 0 && (
        <div className="mistakes">
          <h3 className="b danger row"><I of={IconAlertTriangle} size={16} />{t("imports.mistakes")}</h3>
          <p className="t2 s12">{t("imports.mistakesLead")}</p>
          <ul tabIndex={0} aria-label={t("imports.mistakes")}>{plan.mistakes.slice(0, SHOWN_MISTAKES).map((m, i) => <li key={i} className="s13"><b>{t("imports.row", { row: m.row })}</b> {m.reason}</li>)}</ul>
          {plan.skipped > SHOWN_MISTAKES && <p className="t2 s12">{t("imports.moreMistakes", { count: plan.skipped - SHOWN_MISTAKES })}</p>}
        </div>
      )}
      {plan.changed === 0 ? <Empty icon={IconCircleCheck} title={t("imports.nothing")}>{t("imports.nothingLead")}</Empty> : (
        <table className="table">
          <caption className="sr">{t("imports.changes")}</caption>
          <thead><tr>{(["what", "field", "before", "after"] as const).map((c) => <th key={c} scope="col">{t(`imports.${c}`)}{c === "what" && plan.changed > plan.changes.length && `, ${t("imports.first", { count: plan.changes.length })}`}</th>)}</tr></thead>
          <tbody>{plan.changes.map((c, i) => <Row key={`${i} ${c.key}`} of={c} />)}</tbody>
        </table>
      )}
    </>
  );
}

function Row({ of: c }: { of: ImportChange }) {
  const { t } = useTranslation();
  const name = <><span className="b">{c.title}</span>{c.title !== c.key && <span className="t2 s12"> {c.key}</span>}</>;
  if (c.new) return <tr><td>{name}</td><td><span className="chip done">{t("imports.new")}</span></td><td className="t3">—</td><td className="t2">{c.fields.filter((f) => f.after && f.after !== c.title && f.after !== c.key).map((f) => `${f.field}: ${f.after}`).join(" · ")}</td></tr>;
  return <>{c.fields.map((f, i) => <tr key={f.field}><td>{i === 0 && name}</td><td className="t2">{f.field}</td><td className="t2"><del>{f.before || "—"}</del></td><td>{f.after || "—"}</td></tr>)}</>;
}
