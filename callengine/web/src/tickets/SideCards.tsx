// Beside the story: the clocks with their why, who takes part, what was asked, what it hangs together with.

import { IconAlertTriangle, IconCheck, IconClock, IconClockExclamation, IconPhone } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Me, TermClock, Ticket } from "@/api/types";
import { JoinedApplicants } from "@/desk/Joined";
import { useNow } from "@/lib/clock";
import { phone } from "@/lib/phone";
import { follow } from "@/lib/route";
import { dateOnly, exact, span, until } from "@/lib/time";
import { dial } from "@/session";
import { At, Btn, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { DESK } from "./buttons";
import { WayLine } from "./WayLine";

const SOON_SECONDS = 1800;
export const FINAL = new Set(["closed", "cancelled"]);

/** The nearest clock that still runs; null when none does. */
export function running(x: Ticket): TermClock | null {
  if (FINAL.has(x.status)) return null;
  const open = x.clocks.filter((c) => c.due_at && !c.met_at && (c.state === "running" || c.state === "late"));
  return open.sort((a, b) => Date.parse(a.due_at!) - Date.parse(b.due_at!))[0] ?? null;
}

export function TermChip({ of: x }: { of: Ticket }) {
  const { t } = useTranslation();
  const now = useNow();
  const c = running(x);
  if (!c) return null;
  const left = (Date.parse(c.due_at!) - now) / 1000;
  const word = { verb: t(`ticket.verb.${c.name}`), time: until(c.due_at!, now), span: span(left) };
  const tone = left < 0 ? "fill" : left < SOON_SECONDS ? "soon" : "accent";
  return <span className={`chip big ${tone}`} title={exact(c.due_at!)}><I of={left < 0 ? IconClockExclamation : IconClock} size={15} />{t(left < 0 ? "ticket.chipLate" : "ticket.chip", word)}</span>;
}

function ClockChip({ of: c, final }: { of: TermClock; final: boolean }) {
  const { t } = useTranslation();
  const now = useNow();
  if (c.met_at) {
    const late = c.met_at > c.due_at!;
    return <span className={`chip end ${late ? "danger" : "done"}`} title={exact(c.met_at)}><I of={late ? IconClockExclamation : IconCheck} size={14} />{late ? t("ticket.metLate", { time: until(c.met_at, now) }) : until(c.met_at, now)}</span>;
  }
  if (c.state === "none" || final) return <span className={`chip end ${c.state === "late" ? "danger" : ""}`}>{c.state === "late" ? t("tickets.overdue") : t("ticket.stopped")}</span>;
  const left = (Date.parse(c.due_at!) - now) / 1000;
  if (left < 0) return <span className="chip fill end"><I of={IconClockExclamation} size={14} />{t("ticket.lateBy", { span: span(left) })}</span>;
  return <span className={`chip end ${left < SOON_SECONDS ? "soon" : "accent"}`}><I of={IconClock} size={14} />{span(left)}</span>;
}

/** The rule words begin with the clock's name, which stands above them already. */
const withoutName = (why: string) => why.replace(/^[\p{L} ]{3,30}: (?=\S)/u, "");

export function Terms({ of: x }: { of: Ticket }) {
  const { t } = useTranslation();
  const now = useNow();
  const mine = x.clocks.filter((c) => c.due_at);
  return (
    <section className="card" aria-labelledby="ticket-terms">
      <header><h2 id="ticket-terms">{t("ticket.terms")}</h2></header>
      <div className="inset">
        {mine.length === 0 && <p className="t2 s13">{t("ticket.noClocks")}</p>}
        {mine.map((c) => (
          <div key={c.name} className="term">
            <div className="row"><b className="s13">{t("ticket.by", { name: t(`ticket.clock.${c.name}`), time: until(c.due_at!, now) })}</b><ClockChip of={c} final={FINAL.has(x.status)} /></div>
            {c.why && <p className="why"><span>{t("form.why")}</span><span>{withoutName(c.why)}</span></p>}
          </div>
        ))}
        {x.postponed && <div className="term"><p className="row s13"><b>{t("ticket.postponedTo", { time: until(x.postponed.until, now) })}</b></p><p className="t2 s12 words">{x.postponed.reason}</p></div>}
        {x.interim && <div className="term"><p className="row s13"><b className={!x.interim.done_at && Date.parse(x.interim.until) < now && !FINAL.has(x.status) ? "danger" : ""}>{t(x.interim.done_at || Date.parse(x.interim.until) >= now ? "ticket.promised" : "ticket.promisedLate", { time: until(x.interim.until, now) })}</b><span className="t3 s12 end">{t("ticket.interimGiven", { time: until(x.interim.at, now) })}</span></p><p className="t2 s12 words">{x.interim.text}</p></div>}
        {x.late_at && !FINAL.has(x.status) && <p className="warnline danger"><I of={IconAlertTriangle} size={16} />{t("ticket.wasLate", { time: until(x.late_at, now) })}</p>}
      </div>
    </section>
  );
}

export function Who({ me, of: x }: { me: Me; of: Ticket }) {
  const { t } = useTranslation();
  const now = useNow();
  const desk = DESK.has(me.role);
  const masked = me.role === "inspector";
  return (
    <section className="card" aria-labelledby="ticket-who">
      <header><h2 id="ticket-who">{t("ticket.who")}</h2></header>
      <div className="inset">
        <Person name={x.applicant.name || (masked ? "" : phone(x.applicant.number)) || t("ticket.unnamed")} role={[t("ticket.applicant"), x.applicant.number && phone(x.applicant.number)].filter(Boolean).join(" · ")} number={masked ? "" : x.applicant.number} desk={desk} />
        {x.notify && <WayLine of={x} way={x.notify} />}
        {desk ? <JoinedApplicants number={x.number} /> : x.applicants.length > 0 && (
          <section aria-label={t("join.others", { count: x.applicants.length })} className="term">
            <p className="b s13">{t("join.others", { count: x.applicants.length })}</p>
            <ul className="col" style={{ gap: 2 }}>
              {x.applicants.map((one, i) => <li key={i} className="row s13"><span className="grow">{one.name || phone(one.number) || t("ticket.unnamed")} <span className="t3 s12">{[one.premise && t("common.flat", { flat: one.premise }), one.name && phone(one.number), one.joined_by && t("ticket.joinedBy", { name: one.joined_by })].filter(Boolean).join(" · ")}</span></span><At at={one.joined_at} now={now} className="t3 s12" /></li>)}
            </ul>
          </section>
        )}
        {x.organisation ? <Person name={x.organisation.name} role={[t("ticket.organisation"), x.organisation_reason].filter(Boolean).join(" · ")} number={x.organisation.phone} desk={desk} /> : <p className="chip soon tag">{t("ticket.noOrganisation")}{x.organisation_reason && `: ${x.organisation_reason}`}</p>}
        {x.executor ? <Person name={x.executor.name} role={[t("ticket.executor"), x.executor_phone && phone(x.executor_phone)].filter(Boolean).join(" · ")} number={x.executor_phone || x.executor.extension || ""} desk={desk} /> : x.organisation && !FINAL.has(x.status) && <p className="t2 s13">{t("ticket.noExecutor")}</p>}
        {masked && <p className="t3 s12">{t("ticket.personal")}</p>}
      </div>
    </section>
  );
}

function Person({ name, role, number, desk }: { name: string; role: string; number: string; desk: boolean }) {
  const { t } = useTranslation();
  const why = useWhy();
  const call = () => void dial(number).then(() => say(t("ticket.dialled", { number: phone(number) })), (e) => say(why(e), { bad: true }));
  const word = t("ticket.phoneOf", { name });
  return (
    <div className="row term person-line">
      <div className="grow"><p className="b s13">{name}</p><p className="t2 s12">{role}</p></div>
      {number && (desk ? <Btn icon={IconPhone} aria-label={word} title={word} onClick={call} /> : <a className="btn icon" href={`tel:${number}`} aria-label={word} title={word}><I of={IconPhone} /></a>)}
    </div>
  );
}

export function Facts({ of: x }: { of: Ticket }) {
  const { t } = useTranslation();
  const now = useNow();
  const l = x.links;
  return (
    <>
      <section className="card" aria-labelledby="ticket-links">
        <header><h2 id="ticket-links">{t("ticket.links")}</h2></header>
        <div className="inset col">
          {x.repeat_of && <p className="s13"><a href={`/tickets/${x.repeat_of}`} onClick={follow(`/tickets/${x.repeat_of}`)}>{t("ticket.repeatOf", { number: x.repeat_of })}</a></p>}
          {x.paid && <p className="s13"><b>{t("ticket.paidCard")}</b>{x.paid_confirmed_at ? ` · ${t("ticket.paidDone", { time: until(x.paid_confirmed_at, now) })}` : x.paid_confirm_by && ` · ${t("ticket.paidWait", { time: until(x.paid_confirm_by, now) })}`}</p>}
          <p className="s13">{t("support.is", { level: t(`support.of.${x.level ?? 3}`) })}</p>
          {x.stall_level > 0 && !FINAL.has(x.status) && <p className="s13 soon">{t("ticket.stall", { count: x.stall_level })}</p>}
          {l && <p className="s13">{[l.opened_at ? t("ticket.linkGiven", { time: until(l.opened_at, now), count: l.views }) : t("ticket.linkUnopened", { time: until(l.given_at, now) }), l.living === 0 && t("ticket.linkDead")].filter(Boolean).join(" · ")}</p>}
          {x.classifier_version != null && <p className="t2 s12">{x.classifier_since ? t("ticket.versionFrom", { id: x.classifier_version, time: dateOnly(x.classifier_since) }) : t("ticket.version", { id: x.classifier_version })}</p>}
          {x.mark !== null && <p className={x.mark < 3 ? "s13 danger b" : "s13"}>{t("ticket.marked", { mark: x.mark })}</p>}
        </div>
      </section>
      {x.answers.length > 0 && (
        <section className="card" aria-labelledby="ticket-answers">
          <header><h2 id="ticket-answers">{t("ticket.answers")}</h2></header>
          <dl className="inset">{x.answers.map((a) => <div key={a.question} style={{ marginBottom: 6 }}><dt className="t3 s12">{a.question}</dt><dd className="s13">{a.answer}</dd></div>)}</dl>
        </section>
      )}
    </>
  );
}
