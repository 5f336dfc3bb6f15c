// The room of the voice robot: campaigns, its dialogues, notices to people, who wants no calls. The switch stands above all of it.

import { IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Me } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { go } from "@/lib/route";
import { Btn, Toggles } from "@/ui/pieces";
import { CampaignForm } from "./CampaignForm";
import { CampaignPage } from "./CampaignPage";
import { Campaigns } from "./Campaigns";
import { OptOuts } from "./OptOuts";
import { useCampaignNews } from "./news";
import { Outbox } from "./Outbox";
import { Ratings } from "./Ratings";
import { Scripts } from "./Scripts";
import { AddSurvey, Surveys } from "./Surveys";
import { Switch } from "./Switch";
import { Templates } from "./Templates";
import { Voice } from "./Voice";
import "./robot.css";

const TABS = ["campaigns", "ratings", "scripts", "surveys", "notices", "templates", "optouts"] as const;
type Tab = (typeof TABS)[number];

export function Robot({ me, id, rest, query }: { me: Me; id: string; rest: string[]; query: URLSearchParams }) {
  const { t } = useTranslation();
  const leads = me.role === "supervisor" || me.role === "administrator";
  const tab: Tab = TABS.find((x) => x === id) ?? "campaigns";
  const at = rest[0] ?? "";
  useCampaignNews();
  useKeys({ KeyN: () => (tab === "campaigns" && leads ? go("/robot/campaigns/new") : false) });
  return (
    <div className="robotroom">
      <div className="pagehead wrap">
        <h1>{t("robot.title")}</h1>
        <Toggles label={t("robot.tabs")} value={tab} onChange={(x) => go(`/robot/${x}`)} options={TABS.map((x) => [x, t(`robot.tab.${x}`)])} />
        {leads && tab === "campaigns" && at !== "new" && <Btn className="end" look="primary" icon={IconPlus} keys="N" onClick={() => go("/robot/campaigns/new")}>{t("robot.campaign.new")}</Btn>}
        {leads && tab === "surveys" && at === "" && <AddSurvey />}
      </div>
      <Switch leads={leads} />
      {me.role === "administrator" && <Voice />}
      {tab === "campaigns" && (at === "new" && leads ? <CampaignForm survey={query.get("survey") ?? ""} /> : Number(at) ? <CampaignPage key={at} id={Number(at)} me={me} leads={leads} /> : <Campaigns leads={leads} query={query} />)}
      {tab === "ratings" && <Ratings me={me} />}
      {tab === "scripts" && <Scripts key={at} kind={at} leads={leads} />}
      {tab === "surveys" && <Surveys key={at} id={at} leads={leads} />}
      {tab === "notices" && <Outbox leads={leads} query={query} />}
      {tab === "templates" && <Templates at={at} channel={rest[1] ?? ""} leads={leads} />}
      {tab === "optouts" && <OptOuts leads={leads} />}
    </div>
  );
}
