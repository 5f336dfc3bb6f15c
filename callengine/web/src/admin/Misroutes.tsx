// Misroutes: what organisations declined, by matter and address, and the contract that would send it right at once.

import { IconArrowRight, IconMoodCheck, IconRouteX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get, post } from "@/api/client";
import type { Misroute, Organisation, Page, Share, Suggestion } from "@/api/types";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { follow } from "@/lib/route";
import { queries } from "@/session";
import { At, Bones, Btn, Empty, Faces, Failed, I, Toggles, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { takeAway, Warnings } from "./Contracts";
import "./contracts.css";

type By = "house" | "street" | "district";

const keyOf = (x: Misroute) => `${x.classifier} ${x.place.house_id ?? ""} ${x.place.street} ${x.place.district}`;

export function Misroutes() {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const [by, setBy] = useState<By>("house");
  const [days, setDays] = useState("90");
  const [at, setAt] = useState("");
  const list = useQuery({ queryKey: ["declines", by, days, i18n.language], queryFn: () => get<Page<Misroute>>("/routing/declines", { by, days: Number(days), lang: i18n.language }) });
  const items = list.data?.items ?? [];
  const place = items.findIndex((x) => keyOf(x) === at);
  const chosen = items[place];
  const step = (to: number) => items[to] && setAt(keyOf(items[to]));
  useKeys({ ArrowDown: () => step(place + 1), ArrowUp: () => step(Math.max(0, place - 1)) });
  return (
    <>
      <div className="pagehead wrap">
        <h1>{t("contracts.misroutes.title")}</h1>
        <Toggles label={t("contracts.misroutes.by")} value={by} onChange={(x) => { setBy(x as By); setAt(""); }} options={[["house", t("contracts.misroutes.house")], ["street", t("contracts.misroutes.street")], ["district", t("contracts.misroutes.district")]]} />
        <div className="field compact">
          <select aria-label={t("contracts.misroutes.days")} value={days} onChange={(e) => setDays(e.target.value)}>
            {["30", "90", "365"].map((x) => <option key={x} value={x}>{t(`contracts.misroutes.day${x}`)}</option>)}
          </select>
        </div>
      </div>
      <p className="t2 s13" style={{ padding: "0 4px" }}>{t("contracts.misroutes.lead")}</p>
      <div className="contractgrid">
        <section className="card" aria-label={t("contracts.misroutes.table")}>
          <div className="body" style={{ borderTop: 0 }} tabIndex={0} role="group" aria-label={t("contracts.misroutes.table")}>
            <Faces of={list} bones={{ count: 7, height: 40 }} empty={items.length === 0 && <Empty icon={IconMoodCheck} title={t("contracts.misroutes.empty")}>{t("contracts.misroutes.emptyLead")}</Empty>}>
              <table className="table">
                <thead><tr><th>{t("contracts.misroutes.matter")}</th><th>{t("contracts.misroutes.place")}</th><th className="num">{t("contracts.misroutes.count")}</th><th>{t("contracts.misroutes.declined")}</th><th>{t("contracts.misroutes.accepted")}</th><th className="narrow-off">{t("contracts.misroutes.last")}</th></tr></thead>
                <tbody>
                  {items.map((x) => {
                    const on = keyOf(x) === at;
                    return (
                      <tr key={keyOf(x)} className={on ? "pick on" : "pick"} onClick={() => setAt(keyOf(x))}>
                        <td><span className="col" style={{ gap: 0 }}><button type="button" className="bare" aria-current={on || undefined} onClick={(e) => { e.stopPropagation(); setAt(keyOf(x)); }}>{x.classifier}</button><span className="t2 s12">{x.problem}</span></span></td>
                        <td>{x.place.label}</td>
                        <td className="num b">{x.count}</td>
                        <td><Shares of={x.declined_by} /></td>
                        <td><Shares of={x.accepted_by} /></td>
                        <td className="narrow-off t2"><At at={x.last_at} now={now} /></td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </Faces>
          </div>
        </section>
        {chosen ? <Chosen key={at + String(chosen.contract_id)} of={chosen} by={by} days={Number(days)} /> : <section className="card"><Empty icon={IconRouteX} title={t("contracts.misroutes.choose")}>{t("contracts.misroutes.chooseLead")}</Empty></section>}
      </div>
    </>
  );
}

function Shares({ of }: { of: Share[] }) {
  if (!of.length) return <span className="t3">—</span>;
  return <ul>{of.slice(0, 3).map((x) => <li key={x.organisation.id}>{x.organisation.name} <span className="t3">{x.count}</span></li>)}</ul>;
}

function Chosen({ of: x, by, days }: { of: Misroute; by: By; days: number }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [busy, setBusy] = useState(false);
  const asked = { classifier: x.classifier, by, house_id: x.place.house_id, street: x.place.street, district: x.place.district, days };
  const found = useQuery({ queryKey: ["declines", "effect", asked], queryFn: () => post<Suggestion>("/routing/suggestions", asked), enabled: x.suggested !== null });
  const accept = () => {
    // Nothing is accepted unseen.
    if (busy || !x.suggested || !found.data) return;
    setBusy(true);
    post<Suggestion>("/routing/suggestions", { ...asked, apply: true, organisation_id: x.suggested.id }).then(
      (made) => {
        const contract = made.contract!;
        say(t("contracts.misroutes.made", { code: contract.code }), { act: { word: t("contracts.misroutes.undo"), run: () => takeAway(contract, t, why) } });
        void queries.invalidateQueries({ queryKey: ["declines"] });
        void queries.invalidateQueries({ queryKey: ["contracts"] });
      },
      (error: unknown) => { say(why(error), { bad: true }); void queries.invalidateQueries({ queryKey: ["declines"] }); },
    ).finally(() => setBusy(false));
  };
  useKeys({ "Ctrl+Enter": accept });
  if (x.suggested === null) {
    return (
      <section className="card" aria-labelledby="suggested-title">
        <header><h2 id="suggested-title">{t("contracts.misroutes.none")}</h2></header>
        <div className="body suggested">
          <p>{x.suggestion}</p>
          {x.contract_id !== null && (
            <div className="row wrap">
              <a className="btn" href={`/admin/contracts/${x.contract_id}`} onClick={follow(`/admin/contracts/${x.contract_id}`)}>{t("contracts.misroutes.openContract")}</a>
              <Btn onClick={() => takeAway({ id: x.contract_id!, code: x.classifier }, t, why)}>{t("contracts.misroutes.undoMade")}</Btn>
            </div>
          )}
        </div>
      </section>
    );
  }
  return (
    <section className="card" aria-labelledby="suggested-title">
      <header><h2 id="suggested-title">{t("contracts.misroutes.preview")}</h2></header>
      <div className="body suggested">
        <p>{x.suggestion}</p>
        {found.isPending && <Bones count={4} height={40} />}
        {found.isError && <Failed error={found.error} again={() => void found.refetch()} />}
        {found.data && <Effect of={found.data} busy={busy} accept={accept} />}
      </div>
    </section>
  );
}

function Effect({ of: s, busy, accept }: { of: Suggestion; busy: boolean; accept: () => void }) {
  const { t } = useTranslation();
  const name = (it: Organisation | null) => it?.name ?? t("contracts.misroutes.nobody");
  return (
    <>
      <p className="b">{s.words}</p>
      {s.warnings.length > 0 && <Warnings of={s.warnings} />}
      <ul className="changes">
        {s.changes.map((c) => (
          <li key={c.house.id}>
            <span className="b">{c.house.address}</span>
            {c.changes ? <span className="row wrap" style={{ gap: 6 }}><span className="t2" title={c.before_reason}>{name(c.before)}</span><I of={IconArrowRight} size={15} /><span title={c.after_reason}>{name(c.after)}</span></span> : <span className="t2">{name(c.after)}, {t("contracts.misroutes.same")}</span>}
          </li>
        ))}
        {s.more_houses > 0 && <li className="t2">{t("contracts.misroutes.moreHouses", { count: s.more_houses })}</li>}
      </ul>
      {s.reasons.length > 0 && <div className="col"><span className="b">{t("contracts.misroutes.reasons")}</span><ul className="t2">{s.reasons.map((x) => <li key={x}>{x}</li>)}</ul></div>}
      {s.waiting > 0 && <p className="soon">{t("contracts.misroutes.waiting", { count: s.waiting })}</p>}
      <p className="t3 s12">{t("contracts.misroutes.contract")}: {s.code}; {t("contracts.misroutes.branch").toLowerCase()} {s.branch}; {t("contracts.priority").toLowerCase()} {s.priority}</p>
      <div className="row"><Btn look="primary" size="main" keys="Ctrl Enter" disabled={busy} onClick={accept}>{t("contracts.misroutes.accept")}</Btn></div>
    </>
  );
}
