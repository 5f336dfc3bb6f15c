// What a campaign would do, before it begins: how many are called and written to, who is left out and why.

import { useTranslation } from "react-i18next";
import type { CampaignPreview } from "@/api/types";
import { phone } from "@/lib/phone";
import { leftBy, SPACED } from "./choice";
import { number } from "./parts";

const SHOWN = 5;

export function Foreseen({ of: x }: { of: CampaignPreview }) {
  const { t } = useTranslation();
  const sums: [number | null, string][] = [[x.calls, "calls"], [x.texted || null, "texted"], [x.tickets, "tickets"], [x.left_out_count || null, "left"]];
  return (
    <section className="rbforeseen" role="status" aria-label={t("robot.foreseen.title")}>
      <div className="row wrap">{sums.map(([n, word]) => n !== null && <span key={word}>{t(`robot.foreseen.${word}`)}: <b>{word === "tickets" && x.capped ? t("robot.foreseen.over", { most: number(n) }) : number(n)}</b></span>)}</div>
      <p className="t2 s12">{t("robot.foreseen.how", { attempts: x.attempts, hours: x.hours.replace("-", "–"), days: t(`robot.campaign.dayses.${x.days}`) })} {SPACED.map((r) => `${t(`robot.result.${r}`)} ${t("robot.minutes", { count: Math.round((x.spacing[r] ?? 0) / 60) })}`).join(", ")}.</p>
      {leftBy(x).map(([why, numbers]) => <p key={why} className="t2 s12">{t(`robot.leftWhy.${why}`, { defaultValue: why })}: {numbers.slice(0, SHOWN).map(phone).join(", ")}{numbers.length > SHOWN && ` … (${numbers.length})`}</p>)}
    </section>
  );
}
