// Campaigns, the newest first, with how far each has come; what stands for ever (ratings, job calls) is among them.

import { IconRobot, IconSpeakerphone } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Campaign, Page } from "@/api/types";
import { useNow } from "@/lib/clock";
import { follow, go } from "@/lib/route";
import { At, Btn, Empty, I, Keys } from "@/ui/pieces";
import { usePolling } from "./news";
import { Choice, Held, number, percent, useRows } from "./parts";
import { Acts, Bar, left, StateChip, useName } from "./state";

const STATES = ["running", "paused", "filling", "stopped", "finished"];
export const KINDS = ["rating", "result", "job", "outage", "survey", "meter"];

export function Campaigns({ leads, query }: { leads: boolean; query: URLSearchParams }) {
  const { t } = useTranslation();
  const now = useNow();
  const nameOf = useName();
  const [state, setState] = useState(query.get("state") ?? "");
  const [kind, setKind] = useState("");
  const filter = { state, kind };
  const polling = usePolling(3_000);
  const found = useInfiniteQuery({
    queryKey: ["campaigns", "list", filter], queryFn: ({ pageParam, signal }) => get<Page<Campaign>>("/campaigns", { ...filter, limit: 50, cursor: pageParam }, signal),
    initialPageParam: "", getNextPageParam: (p) => p.next ?? undefined, placeholderData: keepPreviousData, // Many pages are many answers: they are asked for more seldom.
    refetchInterval: (q) => polling * Math.max(1, q.state.data?.pages.length ?? 1),
  });
  const items = found.data?.pages.flatMap((p) => p.items) ?? [];
  const { at, body, row } = useRows(items.map((x) => x.id), (id) => go(`/robot/campaigns/${id}`));
  const narrowed = state !== "" || kind !== "";
  const columns = ["name", "state", "progress", "called", "answered", "marked", "left", "begun"] as const;
  const counted = new Set(["called", "answered", "marked", "left"]);
  return (
    <>
      <div className="filters">
        <Choice label={t("robot.campaign.state")} any={t("robot.campaign.anyState")} value={state} onChange={setState} options={STATES.map((x) => [x, t(`robot.campaign.states.${x}`)])} />
        <Choice label={t("robot.campaign.kind")} any={t("robot.campaign.anyKind")} value={kind} onChange={setKind} options={KINDS.map((x) => [x, t(`robot.kind.${x}`)])} />
        {narrowed && <Btn onClick={() => { setState(""); setKind(""); }}>{t("robot.clear")}</Btn>}
      </div>
      <section className="card rbfill" aria-label={t("robot.tab.campaigns")}>
        <div className="body rbplain" ref={body} tabIndex={0} role="group" aria-label={t("robot.tab.campaigns")}>
          <Held of={found} bones={{ count: 6, height: 40 }} empty={items.length === 0 && <Empty icon={IconSpeakerphone} title={t(narrowed ? "robot.campaign.noneFound" : "robot.campaign.none")}>{t(narrowed ? "robot.campaign.noneFoundLead" : "robot.campaign.noneLead")}</Empty>}>
            <table className="table rbcampaigns">
              <thead><tr>{columns.map((c) => <th key={c} scope="col" className={counted.has(c) ? "num" : c === "begun" ? "rbwide" : ""}>{t(`robot.campaign.${c}`)}</th>)}{leads && <th scope="col"><span className="sr">{t("robot.campaign.acts")}</span></th>}</tr></thead>
              <tbody>
                {items.map((x) => {
                  const p = x.progress;
                  return (
                    <tr key={x.id} {...row(x.id)} className={`pick ${x.id === at ? "now" : ""}`}>
                      <td><span className="col" style={{ gap: 0 }}><a className="row" style={{ gap: 6 }} href={`/robot/campaigns/${x.id}`} onClick={(e) => { e.stopPropagation(); follow(`/robot/campaigns/${x.id}`)(e); }}>{x.standing && <I of={IconRobot} size={16} />}<span className="cut rbname" title={nameOf(x)}>{nameOf(x)}</span></a><span className="t3 s12">{x.standing ? t("robot.campaign.always") : t(`robot.kind.${x.kind}`)}{x.danger && <b className="danger"> · {t("robot.notice.danger")}</b>}</span></span></td>
                      <td><StateChip of={x.state} /></td>
                      <td><Bar of={p} /></td>
                      <td className="num">{number(p.settled)} <span className="t3 s12">{t("robot.of", { total: number(p.total) })}</span></td>
                      <td className="num">{number(p.reached)} <span className="t3 s12">{percent(p.reached, p.settled)}</span></td>
                      <td className="num">{x.kind === "rating" ? number(p.marked) : <span className="t3">—</span>}</td>
                      <td className="num">{number(left(p))}</td>
                      <td className="t2 rbwide"><At at={x.begins_at ?? x.created_at} now={now} />{!x.standing && <span className="t3">, {x.created_by}</span>}</td>
                      {leads && <td className="num"><Acts of={x} small /></td>}
                    </tr>
                  );
                })}
              </tbody>
            </table>
            {found.hasNextPage && <div className="row" style={{ padding: 12 }}><Btn disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t("list.more")}</Btn></div>}
          </Held>
        </div>
      </section>
      <div className="foot"><span>{t("robot.shown", { count: items.length })}</span>{(["↑ ↓", "Enter"] as const).map((k, i) => <span key={k} className="row" style={{ gap: 6 }}><Keys of={k} calm />{t(i ? "calls.open" : "calls.row")}</span>)}<span className="rbkeyline"><i className="rbdot reached" />{t("robot.campaign.answered")}<i className="rbdot called" />{t("robot.campaign.calledOnly")}</span></div>
    </>
  );
}
