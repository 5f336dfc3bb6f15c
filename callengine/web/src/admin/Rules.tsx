// Rules of terms in words: what sets the three clocks of a ticket, with its source and its dates. Read, not written here.

import { IconScale } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Page, RulePack, RuleView } from "@/api/types";
import { Bones, Empty, Failed, Toggles } from "@/ui/pieces";
import "./contracts.css";

const day = (iso: string) => iso.split("-").reverse().join(".");

export function Rules() {
  const { t, i18n } = useTranslation();
  const found = useQuery({ queryKey: ["rules", i18n.language], queryFn: () => get<Page<RulePack>>("/rules", { lang: i18n.language }) });
  const [id, setId] = useState("");
  const packs = found.data?.items ?? [];
  const pack = packs.find((x) => x.id === id) ?? packs[0];
  return (
    <>
      <div className="pagehead wrap">
        <h1>{t("contracts.rules.title")}</h1>
        {pack && <Toggles label={t("contracts.rules.packs")} value={pack.id} onChange={setId} options={packs.map((x) => [x.id, x.id])} />}
      </div>
      {found.isPending && <section className="card"><Bones count={8} height={36} /></section>}
      {found.isError && <section className="card"><Failed error={found.error} again={() => void found.refetch()} /></section>}
      {found.data && !packs.some((x) => x.active) && <p className="chip soon" style={{ whiteSpace: "normal" }}>{t("contracts.rules.none")}. {t("contracts.rules.noneLead")}</p>}
      {pack && <Pack of={pack} />}
    </>
  );
}

function Pack({ of }: { of: RulePack }) {
  const { t } = useTranslation();
  return (
    <section className="card rulescard grow" aria-labelledby="pack-title">
      <header className="wrap">
        <h2 id="pack-title" style={{ whiteSpace: "normal" }}>{of.title}</h2>
        {of.active && <span className="chip done">{t("contracts.rules.active")}</span>}
        {of.valid_from && <span className="chip">{t("contracts.rules.since", { day: day(of.valid_from) })}</span>}
        {of.read_on && <span className="t3 s12">{t("contracts.rules.readOn", { day: day(of.read_on) })}</span>}
      </header>
      <p className="t2 s13 lead">{t("contracts.rules.source", { source: of.source })}. {t("contracts.rules.lead")}</p>
      <div className="body" tabIndex={0} role="group" aria-label={t("contracts.rules.rules")}>
        {of.rules.length === 0 ? <Empty icon={IconScale} title={t("contracts.rules.none")}>{t("contracts.rules.noneLead")}</Empty> : (
          <table className="table">
            <thead><tr><th>{t("contracts.rules.rule")}</th><th className="num">{t("contracts.rules.limit")}</th><th>{t("contracts.rules.clock")}</th><th>{t("contracts.rules.start")}</th><th>{t("contracts.rules.when")}</th><th>{t("contracts.rules.about")}</th><th className="wide-only">{t("contracts.rules.where")}</th></tr></thead>
            <tbody>{of.rules.map((x) => <Row key={x.id} of={x} />)}</tbody>
          </table>
        )}
        <h2 className="b s13" style={{ padding: "14px 16px 0" }}>{t("contracts.rules.duties")}</h2>
        <ul className="duties">
          {of.duties.map((x) => <li key={x.words}><span>{x.words}</span><span className="t3">{x.source}</span>{!x.verified && <span className="chip soon">{t("contracts.rules.unverified")}</span>}</li>)}
        </ul>
      </div>
    </section>
  );
}

function Row({ of: x }: { of: RuleView }) {
  const { t } = useTranslation();
  const plain = x.window === "24x7" || x.window === "workdays" || x.window === "days";
  return (
    <tr>
      <td>{x.words}</td>
      <td className="num"><b>{x.limit}</b>{x.monthly && <><br /><span className="t3 s12">{t("contracts.rules.monthly", { limit: x.monthly })}</span></>}{!plain && <><br /><span className="t3 s12">{t("contracts.rules.window", { window: x.window })}</span></>}</td>
      <td>{t(`contracts.rules.clocks.${x.clock}`)}</td>
      <td>{t(`contracts.rules.starts.${x.start}`)}</td>
      <td>{x.when.length ? <span className="col" style={{ gap: 0 }}>{x.when.map((w) => <span key={w}>{w}</span>)}{x.default && <span className="t3 s12">{t("contracts.rules.default")}</span>}</span> : <span className="t3">—</span>}</td>
      <td>{[...x.branches, ...x.urgencies].join(", ") || t("contracts.rules.all")}</td>
      <td className="wide-only">{x.source}</td>
    </tr>
  );
}
