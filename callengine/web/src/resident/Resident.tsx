// A resident's ticket, by the link from his message, on a phone: how it stands, by when, who, and his own word on it.

import { IconAlertTriangle, IconCheck, IconClock, IconFile, IconHome, IconLinkOff, IconPhone, IconStar, IconStarFilled } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Failure, get, newKey, post } from "@/api/client";
import type { FeedbackBody, ResidentStep, ResidentTicket, TicketFile } from "@/api/types";
import { useNow } from "@/lib/clock";
import { phone } from "@/lib/phone";
import { exact, until } from "@/lib/time";
import { queries } from "@/session";
import { Bones, Btn, Failed, I, useWhy } from "@/ui/pieces";
import { setLanguage } from "@/words";
import { Readings } from "./Readings";
import { MyWay } from "./MyWay";
import { TellMe } from "./TellMe";
import "./resident.css";

const MARKS = [1, 2, 3, 4, 5];

export function Resident({ token }: { token: string }) {
  const { t, i18n } = useTranslation();
  const key = ["resident", token];
  const path = `/public/tickets/${encodeURIComponent(token)}`;
  const ticket = useQuery({ queryKey: key, queryFn: () => get<ResidentTicket>(path), refetchInterval: 60_000, refetchOnWindowFocus: true });
  const number = ticket.data?.number;
  useEffect(() => {
    document.title = number ? t("resident.title", { number }) : t("resident.service");
  }, [number, t, i18n.language]);
  const gone = ticket.error instanceof Failure && ticket.error.status === 404;
  const take = (next: ResidentTicket) => queries.setQueryData(key, next);
  return (
    <div className="resident">
      <header className="resident-head">
        <img src="/icon.svg" alt="" width={28} height={28} />
        <span className="b grow">{t("resident.service")}</span>
        <button type="button" className="btn small" lang={i18n.language === "ru" ? "en" : "ru"} onClick={() => setLanguage(i18n.language === "ru" ? "en" : "ru")}>{t("resident.language")}</button>
      </header>
      <main>
        {ticket.isPending && <Bones count={4} height={88} />}
        {gone && <Gone />}
        {ticket.isError && !gone && <div className="card"><Failed error={ticket.error} again={() => void ticket.refetch()} /></div>}
        {ticket.data && <Whole of={ticket.data} path={path} take={take} token={token} />}
      </main>
    </div>
  );
}

function Gone() {
  const { t } = useTranslation();
  return <section className="card face-of-list" role="alert"><I of={IconLinkOff} size={30} className="t3" /><h1 className="b">{t("resident.gone")}</h1><p>{t("resident.goneLead")}</p></section>;
}

function Whole({ of: x, path, take, token }: { of: ResidentTicket; path: string; token: string; take: (next: ResidentTicket) => void }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const done = x.status === "closed" || x.status === "cancelled";
  const terms = (["accept_by", "localise_by", "fix_by"] as const).filter((k) => x.deadlines[k]);
  return (
    <>
      <section className="card pad" aria-labelledby="what">
        <p className="t2 s13">{t("resident.title", { number: x.number })}</p>
        <h1 id="what">{i18n.language === "ru" ? x.problem_ru : x.problem_en}</h1>
        <p className={`state ${done ? "done" : x.overdue ? "danger" : "accent"}`} role="status"><I of={done ? IconCheck : x.overdue ? IconAlertTriangle : IconClock} size={20} /><b>{t(`resident.status.${x.status}`)}</b></p>
        {x.overdue && <p className="danger s13">{t("resident.overdue")}</p>}
        {x.postponed_until && !done && <div className="postponed"><b>{t("resident.postponed", { time: until(x.postponed_until, now) })}</b>{x.postpone_reason && <p>{x.postpone_reason}</p>}</div>}
        {x.interim && !x.interim.done_at && !done && <div className="postponed"><b>{t("resident.promised", { time: until(x.interim.until, now) })}</b><p>{x.interim.text}</p></div>}
        {x.mark !== null && <p className="s13">{t("resident.yourMark", { mark: x.mark })}</p>}
      </section>
      {x.may_mark && <Feedback path={path} take={take} />}
      <section className="card pad" aria-labelledby="terms">
        <h2 id="terms">{t("resident.terms")}</h2>
        {terms.length === 0 && <p className="t2 s13">{t("resident.noTerms")}</p>}
        <dl>{terms.map((k) => <div key={k} className="pair"><dt>{t(`resident.${k}`)}</dt><dd title={exact(x.deadlines[k]!)}>{t("resident.by", { time: until(x.deadlines[k]!, now) })}</dd></div>)}</dl>
      </section>
      <section className="card pad" aria-labelledby="who">
        <h2 id="who">{t("resident.who")}</h2>
        <p>{x.organisation || <span className="t2">{t("resident.nobody")}</span>}</p>
        {x.executor && <p className="t2 s13">{t("resident.executor", { name: x.executor })}</p>}
        {x.organisation_phone && <a className="btn main" href={`tel:${x.organisation_phone}`}><I of={IconPhone} size={18} />{t("resident.call", { number: phone(x.organisation_phone) })}</a>}
        {x.address && <p className="row s13 t2"><I of={IconHome} size={16} />{[x.address, x.premise && t("common.flat", { flat: x.premise })].filter(Boolean).join(", ")}</p>}
        {x.text && <p className="said"><span className="t2 s12">{t("resident.said")}</span>{x.text}</p>}
      </section>
      {x.files.length > 0 && <Photos files={x.files} path={path} />}
      <section className="card pad" aria-labelledby="story">
        <h2 id="story">{t("resident.story")}</h2>
        <ol className="way">{[...x.steps].reverse().map((step, i) => <Step key={`${step.at}${i}`} of={step} now={now} first={i === 0 && !done} />)}</ol>
      </section>
      <Readings path={path} />
      <Word path={path} take={take} />
      {!done && <MyWay of={x} path={path} take={take} />}
      {!done && <TellMe token={token} />}
      <p className="t3 s12 foot">{t("resident.footer")}</p>
    </>
  );
}

function Step({ of: e, now, first }: { of: ResidentStep; now: number; first: boolean }) {
  const { t } = useTranslation();
  const what = e.what === "comment" && e.role === "resident" ? "commentYou" : e.what;
  return (
    <li aria-current={first ? "step" : undefined}>
      <p><b>{t(`resident.what.${what}`, { defaultValue: e.what })}</b>{e.mark !== null && ` · ${e.mark}`}</p>
      <time className="t3 s12" dateTime={e.at} title={exact(e.at)}>{until(e.at, now)}</time>
      {e.until && <p className="s13">{t("resident.by", { time: until(e.until, now) })}</p>}
      {e.text && <p className="s13 said">{e.text}</p>}
    </li>
  );
}

function Photos({ files, path }: { files: TicketFile[]; path: string }) {
  const { t } = useTranslation();
  return (
    <section className="card pad" aria-labelledby="photos">
      <h2 id="photos">{t("resident.photos")}</h2>
      <ul className="photos">
        {files.map((file) => {
          const to = `/api/v1${path}/files/${file.id}`;
          const about = file.moment ? t(`resident.${file.moment}`) : file.name;
          return (
            <li key={file.id}>
              <a href={to} target="_blank" rel="noreferrer" aria-label={t("resident.open", { name: about })}>
                {file.has_thumbnail ? <img src={`${to}/thumbnail`} alt="" loading="lazy" /> : <span className="nopicture"><I of={IconFile} size={28} /></span>}
              </a>
              <span className="s12 t2 cut">{about}</span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Feedback({ path, take }: { path: string; take: (next: ResidentTicket) => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const id = useId();
  const [answer, setAnswer] = useState<"yes" | "no" | null>(null);
  const [mark, setMark] = useState<number | null>(null);
  const [text, setText] = useState("");
  const [missing, setMissing] = useState(false);
  const send = useMutation({ mutationFn: (body: FeedbackBody) => post<ResidentTicket>(`${path}/feedback`, body), onSuccess: take });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (answer === "yes" && mark === null) return setMissing(true);
    send.mutate({ mark, not_done: answer === "no", text });
  };
  return (
    <form className="card pad ask" aria-labelledby={id} onSubmit={submit}>
      <h2 id={id}>{t("resident.mark")}</h2>
      <p className="t2 s13">{t("resident.markLead")}</p>
      <div className="two">
        <button type="button" className="btn main" aria-pressed={answer === "yes"} onClick={() => setAnswer("yes")}>{t("resident.yes")}</button>
        <button type="button" className="btn main" aria-pressed={answer === "no"} onClick={() => { setAnswer("no"); setMark(null); }}>{t("resident.no")}</button>
      </div>
      {answer === "yes" && (
        <div role="radiogroup" aria-label={t("resident.howWell")} className="stars">
          {MARKS.map((m) => <button key={m} type="button" role="radio" aria-checked={mark === m} aria-label={t("resident.stars", { mark: m })} onClick={() => { setMark(m); setMissing(false); }}><I of={mark !== null && m <= mark ? IconStarFilled : IconStar} size={34} /></button>)}
        </div>
      )}
      {missing && <p className="danger s13" role="alert">{t("resident.needMark")}</p>}
      {answer && (
        <>
          <label className="col"><span className="s13 t2">{t("resident.words")}</span><textarea rows={3} maxLength={2000} value={text} onChange={(e) => setText(e.target.value)} /></label>
          {send.isError && <p className="danger s13" role="alert">{why(send.error)}</p>}
          <button className="btn main primary" disabled={send.isPending}>{t("resident.send")}</button>
        </>
      )}
    </form>
  );
}

function Word({ path, take }: { path: string; take: (next: ResidentTicket) => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [text, setText] = useState("");
  const key = useRef({ of: "", key: "" });  // the same words sent again after a broken answer are the same word
  const send = useMutation({
    mutationFn: () => {
      if (key.current.of !== text) key.current = { of: text, key: newKey() };
      return post<ResidentTicket>(`${path}/comments`, { text }, key.current.key);
    },
    onSuccess: (next) => { take(next); setText(""); key.current = { of: "", key: "" }; },
  });
  return (
    <form className="card pad" onSubmit={(e) => { e.preventDefault(); if (text.trim()) send.mutate(); }}>
      <label className="col"><b>{t("resident.comment")}</b><span className="s13 t2">{t("resident.commentLead")}</span><textarea rows={2} maxLength={2000} value={text} onChange={(e) => setText(e.target.value)} /></label>
      {send.isError && <p className="danger s13" role="alert">{why(send.error)}</p>}
      <div className="row"><Btn disabled={!text.trim() || send.isPending} type="submit">{t("resident.commentSend")}</Btn><span className="s13 done" role="status">{send.isSuccess && !text ? t("resident.commentDone") : ""}</span></div>
    </form>
  );
}
