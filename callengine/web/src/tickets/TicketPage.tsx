// One ticket, read only for now: the way through the statuses, the history, the terms with their why, who, and what was said.

import { IconArrowLeft, IconCheck, IconDropletOff, IconMessage, IconPhone, IconPoint, IconRoute, IconTool, IconUserCheck, type Icon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Ticket } from "@/api/types";
import { Player } from "@/calls/Player";
import { Due } from "@/desk/Desk";
import { JoinedApplicants } from "@/desk/Joined";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { dayMonth, dayOf, exact, hm, until } from "@/lib/time";
import { dial } from "@/session";
import { Bones, Btn, Failed, I, Urgency, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

const WAY = ["unassigned", "awaiting_acceptance", "no_executor", "executor_assigned", "in_progress", "awaiting_centre", "awaiting_client", "closed"];
/** A side status hangs at the step that it came from. */
const BESIDE: Record<string, string> = { from_cabinet: "unassigned", declined: "awaiting_acceptance", needs_rework: "in_progress", conflict: "awaiting_client", cancelled: "closed" };
const PICTURES: Record<string, Icon> = { registered: IconCheck, call_linked: IconPhone, created: IconCheck, routed: IconRoute, route: IconRoute, call_attached: IconPhone, comment: IconMessage };
const TERMS: [keyof Ticket["deadlines"], string, Icon][] = [["accept_by", "form.accept", IconUserCheck], ["localise_by", "form.localise", IconDropletOff], ["fix_by", "form.fix", IconTool]];

export function TicketPage({ number }: { number: string }) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const ticket = useQuery({ queryKey: ["ticket", number], queryFn: () => get<Ticket>(`/tickets/${encodeURIComponent(number)}`) });
  const back = () => history.back();
  useKeys({ Escape: back });
  if (ticket.isPending) return <Bones count={5} height={72} />;
  if (ticket.isError) return <div className="card" style={{ flex: 1 }}><Failed error={ticket.error} again={() => void ticket.refetch()} /></div>;
  const x = ticket.data;
  const at = WAY.indexOf(BESIDE[x.status] ?? x.status);
  const call = (to: string) => void dial(to).then(() => say(t("duty.dialSent", { number: phone(to) })), (e) => say(why(e), { bad: true }));
  const place = [x.house?.address, x.premise && t("common.flat", { flat: x.premise })].filter(Boolean).join(", ");
  return (
    <>
      <div className="pagehead">
        <Btn icon={IconArrowLeft} aria-label={t("tickets.back")} onClick={back} />
        <div className="col" style={{ gap: 0 }}>
          <div className="row"><span className="t2 b s15">{x.number}</span><h1 className="cut">{i18n.language === "ru" ? x.classifier.problem_ru : x.classifier.problem_en}</h1><Urgency of={x.urgency} word /></div>
          <p className="t2 s13 cut">{[place, x.classifier.code, x.applicant.name && t("tickets.said", { name: x.applicant.name })].filter(Boolean).join(" · ")}</p>
        </div>
        <span className="end"><Due row={x} now={now} /></span>
      </div>
      <ol className="card steps" style={{ flexDirection: "row", flex: "none" }} aria-label={t("tickets.status")}>
        {WAY.map((s, i) => {
          const state = i < at || x.status === "closed" ? "done" : i === at ? "current" : "";
          const side = i === at && BESIDE[x.status] ? x.status : "";
          return <li key={s} className={state} aria-current={i === at ? "step" : undefined}><span className="dot">{state === "done" ? <I of={IconCheck} size={14} /> : <I of={IconPoint} size={14} />}</span>{t(`status.${side || s}`)}</li>;
        })}
      </ol>
      <div className="ticketgrid">
        <section className="card" aria-labelledby="story">
          <header><h2 id="story">{t("tickets.story")}</h2></header>
          <div className="body" tabIndex={0} role="group" aria-labelledby="story" style={{ padding: "6px 0" }}>
            {x.text && <div className="event"><span className="t3 s12">{t("tickets.text")}</span><span className="dot"><I of={IconMessage} size={14} /></span><p style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>{x.text}</p></div>}
            {x.history.length === 0 && <p className="t3 s13" style={{ padding: 16 }}>{t("tickets.noStory")}</p>}
            {[...x.history].reverse().map((e, i) => (
              <div key={i} className="event">
                <time className="t3 s12" dateTime={e.at} title={exact(e.at)}>{dayOf(e.at) === dayOf(now) ? hm(e.at) : `${dayMonth(e.at)} ${hm(e.at)}`}</time>
                <span className="dot"><I of={PICTURES[e.what] ?? IconPoint} size={14} /></span>
                <div><p><b>{t(`tickets.what.${e.what}`, { defaultValue: e.what })}</b> <span className="t3 s12">{e.author}</span></p>{e.reason && <p className="t2 s13">{e.reason}</p>}</div>
              </div>
            ))}
            {x.recordings.map((r) => <div key={r.id} style={{ borderTop: "1px solid var(--line)" }}><Player id={r.id} caller={x.applicant.name} operator="" why="ticket" keys={x.recordings.length === 1} /></div>)}
          </div>
        </section>
        <div className="side">
          <section className="card" aria-labelledby="ticket-terms">
            <header><h2 id="ticket-terms">{t("tickets.terms")}</h2></header>
            <div style={{ padding: "0 16px 12px" }}>
              {TERMS.filter(([k]) => x.deadlines[k]).map(([k, word, picture]) => <div key={k} className="term"><div className="row"><I of={picture} size={16} className="t3" /><b className="s13">{t(word)}</b><span className="chip accent end b">{t("form.by", { time: until(x.deadlines[k]!, now) })}</span></div></div>)}
              {x.deadlines.why && <p className="why" style={{ paddingTop: 8 }}><span>{t("form.why")}</span><span>{x.deadlines.why}</span></p>}
            </div>
          </section>
          <section className="card" aria-labelledby="ticket-who">
            <header><h2 id="ticket-who">{t("tickets.who")}</h2></header>
            <div style={{ padding: "0 16px 12px" }}>
              <Who name={x.applicant.name || phone(x.applicant.number) || t("call.unknown")} role={[t("tickets.applicant"), phone(x.applicant.number)].filter(Boolean).join(" · ")} number={x.applicant.number} onCall={call} />
              <JoinedApplicants number={x.number} />
              {x.organisation ? <Who name={x.organisation.name} role={x.organisation_reason || t("tickets.organisation")} number={x.organisation.phone} onCall={call} /> : <p className="chip soon tag">{t("tickets.noOrganisation")}{x.organisation_reason && `: ${x.organisation_reason}`}</p>}
              {x.executor && <Who name={x.executor.name} role={t("tickets.executor")} number="" onCall={call} />}
              {x.mark !== null && <p className="s13">{t("tickets.mark", { mark: x.mark })}</p>}
            </div>
          </section>
          {x.answers.length > 0 && (
            <section className="card" aria-labelledby="ticket-answers">
              <header><h2 id="ticket-answers">{t("tickets.answers")}</h2></header>
              <dl style={{ padding: "0 16px 12px" }}>{x.answers.map((a) => <div key={a.question} style={{ marginBottom: 6 }}><dt className="t3 s12">{a.question}</dt><dd className="s13">{a.answer}</dd></div>)}</dl>
            </section>
          )}
        </div>
      </div>
    </>
  );
}

function Who({ name, role, number, onCall }: { name: string; role: string; number: string; onCall: (to: string) => void }) {
  const { t } = useTranslation();
  return <div className="row term" style={{ flexDirection: "row" }}><div className="grow"><p className="b s13">{name}</p><p className="t2 s12">{role}</p></div>{number && <Btn icon={IconPhone} aria-label={t("tickets.call", { name })} onClick={() => onCall(number)} />}</div>;
}
