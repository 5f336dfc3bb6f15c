// What a campaign came to: bars that are seen, and the same as a table one click away.

import { IconChartBar } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { CampaignResults } from "@/api/types";
import { Empty, Toggles } from "@/ui/pieces";
import { number, percent } from "./parts";

const MOST = 20; // of one question: a number that is typed has as many answers as there are people

interface Row { key: string; word: string; count: number; tone: string }

// What a person did, what nobody did, and what went wrong: three tones, each with its words.
const DONE = new Set(["marked", "acknowledged", "answered", "heard", "done_no_mark"]);
const SAID = new Set(["not_done", "declined", "partial", "not_me", "never_again", "to_operator"]);
const toneOf = (result: string) => (DONE.has(result) ? "good" : SAID.has(result) ? "said" : "none");

export function Outcomes({ of: x }: { of: CampaignResults }) {
  const { t, i18n } = useTranslation();
  const [view, setView] = useState("chart");
  const p = x.campaign.progress;
  const outcomes: Row[] = Object.entries(p.results).map(([key, count]) => ({ key, word: t(`robot.result.${key}`, { defaultValue: key }), count, tone: toneOf(key) })).sort((a, b) => b.count - a.count);
  const marks: Row[] = ["5", "4", "3", "2", "1"].map((key) => ({ key, word: key, count: p.marks[key] ?? 0, tone: Number(key) <= 2 ? "bad" : "good" }));
  const total = outcomes.reduce((sum, r) => sum + r.count, 0);
  return (
    <section className="card" aria-labelledby="rboutcomes">
      <header><h2 id="rboutcomes">{t("robot.campaign.outcomes")}</h2><span className="end"><Toggles label={t("robot.campaign.asWhat")} value={view} onChange={setView} options={[["chart", t("robot.campaign.chart")], ["table", t("robot.campaign.table")]]} /></span></header>
      <div className="body rbresults" tabIndex={0} role="group" aria-labelledby="rboutcomes">
        {total === 0 ? <Empty icon={IconChartBar} title={t("robot.campaign.nothing")}>{t("robot.campaign.nothingLead")}</Empty> : (
          <>
            <Rows head={t("robot.campaign.outcome")} of={outcomes} total={total} table={view === "table"} />
            {p.marked > 0 && <Rows head={t("robot.campaign.marks")} of={marks} total={p.marked} table={view === "table"} />}
            {x.answers.map((one) => {
              const reader = i18n.language === "en" ? "en" : "ru";
              const inWords = (texts: Record<string, string> | undefined) => texts?.[reader] || Object.values(texts ?? {})[0];
              const rows = Object.entries(one.answers).map(([key, count]) => ({ key, word: inWords(one.labels[key]) || key, count, tone: "good" })).sort((a, b) => b.count - a.count);
              return <Rows key={one.step} head={inWords(one.title) || `${t("robot.campaign.answers")}: ${one.step}`} of={rows.slice(0, MOST)} total={rows.reduce((sum, r) => sum + r.count, 0)} more={rows.length - MOST} table={view === "table"} />;
            })}
          </>
        )}
      </div>
    </section>
  );
}

function Rows({ head, of, total, table, more = 0 }: { head: string; of: Row[]; total: number; table: boolean; more?: number }) {
  const { t } = useTranslation();
  const most = Math.max(1, ...of.map((r) => r.count));
  if (table) {
    return (
      <table className="table">
        <thead><tr><th scope="col">{head}</th><th scope="col" className="num">{t("robot.campaign.count")}</th><th scope="col" className="num">{t("robot.campaign.share")}</th></tr></thead>
        <tbody>{of.map((r) => <tr key={r.key}><td>{r.word}</td><td className="num">{number(r.count)}</td><td className="num">{percent(r.count, total)}</td></tr>)}{more > 0 && <tr><td colSpan={3} className="t3">{t("robot.campaign.more", { count: more })}</td></tr>}</tbody>
      </table>
    );
  }
  return (
    <figure className="rbbars">
      <figcaption className="b s13">{head}</figcaption>
      <ul>{of.map((r) => <li key={r.key}><span className="rbword">{r.word}</span><span className="rbtrack" aria-hidden>{r.count > 0 && <i className={r.tone} style={{ width: `${(100 * r.count) / most}%` }} />}</span><span className="num">{number(r.count)} <span className="t3 s12">{percent(r.count, total)}</span></span></li>)}</ul>
      {more > 0 && <p className="t3 s12">{t("robot.campaign.more", { count: more })}</p>}
    </figure>
  );
}
