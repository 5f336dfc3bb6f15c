// A CSV of the classifier: dropped or chosen, its differences looked at, then applied; the undo is one button away.

import { IconAlertTriangle, IconCircleCheck, IconFileSpreadsheet } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure, withQuery } from "@/api/client";
import type { ClassifierPlan, Problem } from "@/api/types";
import { exact, momentOf } from "@/lib/time";
import { queries } from "@/session";
import { Bones, Btn, Empty, Failed, I, Toggles } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { Diff, DiffSum } from "./ClassifierDiff";
import { MomentField } from "./ClassifierFields";
import { useUndo } from "./ClassifierVersions";
import { Drop } from "./Drop";
import { mistakeWords } from "./mistakes";

type Asked = { apply: boolean; missing: string; fingerprint?: string; valid_from?: string | null; note?: string };

async function send(file: Blob, asked: Asked): Promise<ClassifierPlan> {
  let answer: Response;
  try {
    answer = await fetch(withQuery("/classifier/imports", asked), { method: "POST", headers: { "Content-Type": "text/csv", Accept: "application/json" }, credentials: "same-origin", body: file });
  } catch {
    throw new Failure(0, { code: "no-link" });
  }
  const data: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw new Failure(answer.status, (data ?? { code: "not-json" }) as Partial<Problem>);
  return data as ClassifierPlan;
}

export function ClassifierImport() {
  const { t } = useTranslation();
  const undo = useUndo();
  const [file, setFile] = useState<File | null>(null);
  const [missing, setMissing] = useState("retire");
  const [plan, setPlan] = useState<ClassifierPlan | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [again, setAgain] = useState(false);
  const [from, setFrom] = useState("");
  const look = (chosen: File, keep: string) => {
    setFile(chosen); setPlan(null); setError(null); setBusy(true);
    void send(chosen, { apply: false, missing: keep }).then(setPlan, setError).finally(() => setBusy(false));
  };
  const take = (chosen: File) => { setAgain(false); look(chosen, missing); };
  const apply = () => {
    if (!file || !plan || busy) return;
    setBusy(true);
    send(file, { apply: true, missing, fingerprint: plan.fingerprint, valid_from: momentOf(from) || null, note: t("classifier.noteFile", { name: file.name }) }).then(
      (done) => {
        void queries.invalidateQueries({ queryKey: ["classifier"] });
        const made = done.version;
        if (made) say(made.state === "planned" ? t("classifier.savedPlanned", { at: exact(made.valid_from), id: made.id }) : t("classifier.saved", { id: made.id }), { act: { word: t("classifier.undo"), run: () => void undo(made.id) } });
        setFile(null); setPlan(null); setFrom(""); setAgain(false); setBusy(false);
      },
      (refused) => {
        setBusy(false);
        if (refused instanceof Failure && refused.status === 409) { setAgain(true); look(file, missing); } else setError(refused);
      },
    );
  };
  if (!file) return <Drop label={t("classifier.tab.import")} lead={t("classifier.dropLead")} onFile={take} />;
  return (
    <section className="card grow" aria-labelledby="diff-title">
      <header className="wrap">
        <I of={IconFileSpreadsheet} size={20} className="t3" />
        <h2 id="diff-title" className="cut">{t("classifier.diff", { name: file.name })}</h2>
        {plan && <DiffSum changes={plan.changes} />}
        <span className="end row">
          <span className="s12 t2">{t("classifier.missing")}</span>
          <Toggles label={t("classifier.missing")} value={missing} onChange={(x) => { setMissing(x); look(file, x); }} options={[["retire", t("classifier.missingRetire")], ["keep", t("classifier.missingKeep")]]} />
          <Btn onClick={() => { setFile(null); setPlan(null); setError(null); }}>{t("classifier.other")}</Btn>
        </span>
      </header>
      {again && <p className="warnline" role="status"><I of={IconAlertTriangle} size={16} />{t("classifier.again")}</p>}
      <div className="body" tabIndex={0} role="group" aria-labelledby="diff-title">
        {error !== null ? <Failed error={error} again={() => look(file, missing)} /> : !plan ? <Bones count={8} height={32} /> : <Found plan={plan} />}
      </div>
      {plan && plan.changes.length > 0 && (
        <footer className="formfoot wrap">
          <Btn look="primary" size="main" disabled={busy} onClick={apply}>{t("classifier.apply", { count: plan.changes.length })}</Btn>
          <MomentField label={t("classifier.from")} empty={t("classifier.fromNow")} value={from} onChange={setFrom} />
          <span className="t3 s12 hint">{t("classifier.fromLead")}</span>
        </footer>
      )}
    </section>
  );
}

function Found({ plan }: { plan: ClassifierPlan }) {
  const { t } = useTranslation();
  return (
    <>
      {plan.mistakes.length > 0 && (
        <div className="mistakes" role="group" aria-label={t("classifier.mistakes", { count: plan.mistakes.length })}>
          <p className="b danger row"><I of={IconAlertTriangle} size={16} />{t("classifier.mistakes", { count: plan.mistakes.length })}</p>
          <p className="t2 s12">{t("classifier.mistakesLead")}</p>
          <ul tabIndex={0} aria-label={t("classifier.mistakes", { count: plan.mistakes.length })}>{plan.mistakes.map((m, i) => <li key={i} className="s13"><b>{t("classifier.row", { row: m.row })}</b> {mistakeWords(m.reason, t)}</li>)}</ul>
        </div>
      )}
      {plan.changes.length ? <Diff changes={plan.changes} /> : <Empty icon={IconCircleCheck} title={t("classifier.noDiff")}>{t("classifier.noDiffLead")}</Empty>}
    </>
  );
}
