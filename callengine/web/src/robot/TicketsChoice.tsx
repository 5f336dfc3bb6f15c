// The tickets a campaign is about: by branch, organisation, district or house, urgency, paid, and for those that exist when and how.

import { useTranslation } from "react-i18next";
import { useChoices } from "@/tickets/Choose";
import { STATUSES } from "@/tickets/statuses";
import { Bones, Failed } from "@/ui/pieces";
import { URGENCIES, type Chosen } from "./choice";
import { Pick, Several, Text } from "@/ui/Field";
import { Houses } from "./Houses";

export function TicketsChoice({ of, onChange, waits, wrong }: { of: Chosen; onChange: (of: Chosen) => void; waits: boolean; wrong: Record<string, string> }) {
  const { t } = useTranslation();
  const found = useChoices();
  const set = <K extends keyof Chosen>(key: K) => (value: Chosen[K]) => onChange({ ...of, [key]: value });
  if (found.isPending) return <Bones count={3} height={36} />;
  if (found.isError) return <Failed error={found.error} again={() => void found.refetch()} />;
  const any: [string, string] = ["", t("robot.choice.any")];
  return (
    <div className="rbchoice" role="group" aria-label={t("robot.choice.title")}>
      <div className="rbduo">
        <Pick label={t("robot.choice.branch")} value={of.classifier} onChange={set("classifier")} wrong={wrong["choice/classifier"]} options={[any, ...found.data.branches.map((b): [string, string] => [b.code, b.name])]} />
        <Pick label={t("robot.choice.organisation")} value={of.organisation} onChange={set("organisation")} wrong={wrong["choice/organisation_id"]} options={[any, ...found.data.organisations.map((o): [string, string] => [String(o.id), o.name])]} />
        <Pick label={t("robot.choice.district")} value={of.district} onChange={set("district")} wrong={wrong["choice/district"]} options={[any, ...found.data.districts.map((d): [string, string] => [d, d])]} />
        <Pick label={t("robot.choice.paid")} value={of.paid} onChange={(v) => set("paid")(v as Chosen["paid"])} options={[any, ["no", t("robot.choice.free")], ["yes", t("robot.choice.paidOnly")]]} />
        {!waits && <Text label={t("robot.choice.since")} type="date" value={of.since} onChange={set("since")} wrong={wrong["choice/since"]} />}
        {!waits && <Text label={t("robot.choice.until")} type="date" value={of.until} onChange={set("until")} wrong={wrong["choice/until"]} />}
        {!waits && <Pick label={t("robot.choice.status")} value={of.status} onChange={set("status")} wrong={wrong["choice/status"]} options={[any, ...STATUSES.map((s): [string, string] => [s, t(`status.${s}`)])]} />}
      </div>
      <Several label={t("robot.choice.urgency")} hint={t("robot.choice.urgencyHint")} value={of.urgency} onChange={set("urgency")} wrong={wrong["choice/urgency"]} options={URGENCIES.map((u) => [u, t(`urgency.${u}`)])} />
      <Houses label={t("robot.choice.houses")} add={t("robot.choice.addHouse")} of={of.houses} onChange={set("houses")} wrong={wrong["choice/house_ids"]} />
      {waits && <label className="checkline"><input type="checkbox" checked={of.others} onChange={(e) => set("others")(e.target.checked)} />{t("robot.choice.others")}</label>}
      {waits && <p className="t2 s12">{t("robot.choice.waits")}</p>}
      {wrong.choice && <p className="errorline">{wrong.choice}</p>}
    </div>
  );
}
