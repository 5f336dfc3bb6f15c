// An executor's jobs on his telephone: what is now, what is put off, what is done; one job with its photos and steps.

import { IconArrowLeft, IconCheck, IconClockPlus, IconCloudCheck, IconCloudOff, IconCloudUp, IconDropletOff, IconMapPin, IconMessage, IconMoon, IconNavigation, IconPhone, IconCamera, IconChecklist, IconSun, IconUser, IconX } from "@tabler/icons-react";
import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Me, Page, TermClock, Ticket, TicketRow } from "@/api/types";
import { placeOf } from "@/lib/address";
import { useNow } from "@/lib/clock";
import { phone, shortName } from "@/lib/phone";
import { follow, go } from "@/lib/route";
import { clockAt, dayOf, exact, hm, shiftDay, span, until } from "@/lib/time";
import { queries, signOut } from "@/session";
import { Bell } from "@/shell/Reminders";
import { Dialog } from "@/ui/dialog";
import { Bones, Btn, Empty, Failed, I, Urgency, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { setLanguage } from "@/words";
import { PushSwitch, ToAcknowledge } from "./Notices";
import { again, drop, flush, keep, load, outbox, sending, type Act, type Kept } from "./outbox";
import "./executor.css";

const OPEN = "executor_assigned,in_progress,needs_rework";
const DONE = "awaiting_centre,awaiting_client,conflict,closed";
type Tab = "now" | "later" | "done";
const HOUR = 3_600_000;

export function Work({ me, number }: { me: Me; number: string }) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  useEffect(() => {
    const send = () => void flush(why, (sent) => {
      void queries.invalidateQueries({ queryKey: ["ticket", sent] });
      void queries.invalidateQueries({ queryKey: ["tickets"] });
    });
    void load(me.id).then(send, () => undefined);
    const timer = setInterval(send, 15_000);
    addEventListener("online", send);
    const off = outbox.watch(send);
    return () => { clearInterval(timer); removeEventListener("online", send); off(); };
  }, [me.id, why]);
  useEffect(() => {
    document.title = number ? `${number} · ${t("work.title")}` : t("work.title");
  }, [number, t, i18n.language]);
  return <div className="worker">{number ? <Job key={number} me={me} number={number} /> : <Jobs me={me} />}</div>;
}

function useOnline(): boolean {
  const [online, set] = useState(navigator.onLine);
  useEffect(() => {
    const look = () => set(navigator.onLine);
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => { removeEventListener("online", look); removeEventListener("offline", look); };
  }, []);
  return online;
}

function Net() {
  const { t } = useTranslation();
  const online = useOnline();
  const waits = outbox.use().filter((one) => !one.refused).length;
  const busy = sending.use();
  if (waits > 0) return <span className="chip soon" role="status"><I of={IconCloudUp} size={16} />{busy && online ? t("work.sending") : t("work.waiting", { count: waits })}</span>;
  return online ? <span className="chip done" role="status"><I of={IconCloudCheck} size={16} />{t("work.online")}</span> : <span className="chip soon" role="status"><I of={IconCloudOff} size={16} />{t("work.offline")}</span>;
}

function Jobs({ me }: { me: Me }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const [tab, setTab] = useState<Tab>("now");
  const open = useQuery({ queryKey: ["tickets", "work"], queryFn: () => get<Page<TicketRow>>("/tickets", { status: OPEN, sort: "danger", limit: 200 }), refetchInterval: 30_000, refetchOnWindowFocus: true });
  const done = useQuery({ queryKey: ["tickets", "work-done"], queryFn: () => get<Page<TicketRow>>("/tickets", { status: DONE, sort: "newest", limit: 50 }), refetchInterval: 120_000 });
  const later = (row: TicketRow) => row.postponed_until !== null && dayOf(row.postponed_until) > dayOf(now);
  const all = open.data?.items ?? [];
  const rows: Record<Tab, TicketRow[]> = { now: all.filter((r) => !later(r)), later: all.filter(later), done: done.data?.items ?? [] };
  const list = tab === "done" ? done : open;
  const dark = useComputedColorScheme("light") === "dark";
  const { setColorScheme } = useMantineColorScheme();
  return (
    <>
      <header className="worker-head">
        <div className="grow"><h1>{t("work.title")}</h1><p className="t2 s13">{shortName(me.name)}</p></div>
        <Bell me={me} look="btn icon" />
        <Net />
      </header>
      <main>
        <div className="tabs" role="group" aria-label={t("work.list")}>
          {(["now", "later", "done"] as const).map((one) => <button key={one} type="button" className="btn" aria-pressed={tab === one} onClick={() => setTab(one)}>{t(`work.tabs.${one}`)} <b>{rows[one].length}</b></button>)}
        </div>
        {list.isPending && <Bones count={3} height={110} />}
        {list.isError && !list.data && <div className="card"><Failed error={list.error} again={() => void list.refetch()} /></div>}
        {list.data && rows[tab].length === 0 && <div className="card"><Empty icon={IconChecklist} title={t(`work.empty.${tab}`)}>{t(`work.emptyLead.${tab}`)}</Empty></div>}
        {tab === "now" && <ToAcknowledge />}
        <ul className="jobs">{list.data && rows[tab].map((row) => <JobCard key={row.number} row={row} now={now} me={me} />)}</ul>
        <Refusals />
      </main>
      <footer className="worker-foot">
        <Btn icon={dark ? IconSun : IconMoon} aria-label={t("work.theme")} onClick={() => setColorScheme(dark ? "light" : "dark")} />
        <button type="button" className="btn" lang={i18n.language === "ru" ? "en" : "ru"} onClick={() => setLanguage(i18n.language === "ru" ? "en" : "ru")}>{t("work.language")}</button>
        <PushSwitch me={me} />
        <button type="button" className="btn end" onClick={() => void signOut(me.id)}>{t("work.signOut")}</button>
      </footer>
    </>
  );
}

const problemOf = (row: TicketRow, language: string) => (language === "ru" ? row.classifier.problem_ru : row.classifier.problem_en);
const red = (row: TicketRow) => row.urgency === "life" || row.urgency === "emergency";

function JobCard({ row, now, me }: { row: TicketRow; now: number; me: Me }) {
  const { t, i18n } = useTranslation();
  const to = `/work/${row.number}`;
  const onItsWay = movesOf(useKept(row.number));
  const startable = (row.status === "executor_assigned" || row.status === "needs_rework") && !onItsWay.has("start");
  return (
    <li className={red(row) ? "card job red" : "card job"}>
      <a href={to} onClick={follow(to)}>
        <span className="row"><Urgency of={row.urgency} word /><span className={`chip end ${row.status === "in_progress" ? "accent" : ""}`}>{t(`statusShort.${row.status}`)}</span></span>
        <b className="what">{problemOf(row, i18n.language)}</b>
        <span>{placeOf(row, t)}</span>
        <span className="row"><Left row={row} now={now} />{row.postponed_until && <span className="chip soon">{t("work.postponed", { time: until(row.postponed_until, now) })}</span>}</span>
      </a>
      {startable && <button type="button" className="btn primary main" onClick={() => void step(me, row.number, { kind: "move", body: { move: "start" }, label: t("work.start") }, t)}>{t("work.start")}</button>}
    </li>
  );
}

function Left({ row, now }: { row: TicketRow; now: number }) {
  const { t } = useTranslation();
  if (!row.due_at) return null;
  const left = (Date.parse(row.due_at) - now) / 1000;
  const tone = left < 0 ? "danger" : left < 3600 ? "soon" : "";
  return <span className={`chip ${tone}`} title={exact(row.due_at)}>{left < 0 ? t("work.late", { span: span(-left) }) : t("work.left", { span: span(left) })}</span>;
}

const useKept = (number: string): Kept[] => outbox.use().filter((one) => one.number === number);
/** The moves that are on their way: each counts as made, a second press must not send it twice. */
const movesOf = (kept: Kept[]) => new Set(kept.flatMap((one) => (one.act.kind === "move" && !one.refused ? [one.act.body.move] : [])));

type T = (key: string, more?: Record<string, unknown>) => string;

/** Kept on the telephone first, sent at once when there is a network. */
async function step(me: Me, number: string, act: Act, t: T): Promise<boolean> {
  try {
    await keep(me.id, number, act);
  } catch {
    say(t("work.full"), { bad: true });
    return false;
  }
  say(navigator.onLine ? t("work.sent") : t("work.kept"));
  return true;
}

function Job({ me, number }: { me: Me; number: string }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const job = useQuery({ queryKey: ["ticket", number], queryFn: () => get<Ticket>(`/tickets/${encodeURIComponent(number)}`), refetchInterval: 60_000 });
  const mine = useKept(number);
  const [ask, setAsk] = useState<"more" | "comment" | "done" | null>(null);
  const [shown, setShown] = useState(true);
  const x = job.data;
  const onItsWay = movesOf(mine);
  const begins = onItsWay.has("start") ? "in_progress" : x?.status;
  const pictures = [...(x?.files ?? []), ...mine.flatMap((one) => (one.act.kind === "photo" && !one.refused ? [one.act] : []))];
  const taken = (moment: string) => pictures.filter((p) => p.moment === moment).length;
  const momentOfPhoto = begins === "executor_assigned" || (begins === "in_progress" && !taken("before")) ? "before" : "after";
  const may = (move: string) => !onItsWay.has(move) && x?.moves.some((m) => m.move === move && !m.forbidden);
  const begun = x?.history.findLast((e) => e.what === "start");
  const act = (one: Act) => step(me, number, one, t);
  return (
    <>
      <header className="worker-head">
        <a className="btn icon" href="/work" aria-label={t("work.back")} onClick={follow("/work")}><I of={IconArrowLeft} size={22} /></a>
        <div className="grow"><p className="b">{number}</p>{begun && x?.status === "in_progress" && <p className="t2 s13">{t("work.inWork", { time: until(begun.at, now) })}</p>}</div>
        <Bell me={me} look="btn icon" />
        <Net />
      </header>
      <main>
        {job.isPending && <Bones count={4} height={90} />}
        {job.isError && !x && <div className="card"><Failed error={job.error} again={() => void job.refetch()} /></div>}
        {x && (
          <>
            <div className="row wrap"><Urgency of={x.urgency} word />{x.paid && <span className="chip accent">{t("work.paid")}</span>}<span className="chip end">{t(`statusShort.${x.status}`)}</span></div>
            <h1>{problemOf(x, i18n.language)}</h1>
            <Where of={x} />
            {x.text && <p className="said">{x.text}</p>}
            {x.answers.length > 0 && <section className="card pad" aria-labelledby="known"><h2 id="known">{t("work.answers")}</h2><dl>{x.answers.map((a) => <div key={a.question} className="pair"><dt>{a.question}</dt><dd>{a.answer}</dd></div>)}</dl></section>}
            <Terms of={x.clocks} now={now} onLocalise={may("localise") && x.status === "in_progress" ? () => void act({ kind: "move", body: { move: "localise" }, label: t("work.localise") }) : undefined} />
            {x.postponed && <div className="postponed"><b>{t("work.postponed", { time: until(x.postponed.until, now) })}</b><p>{x.postponed.reason}</p></div>}
            <Photos of={x} kept={mine} shown={shown} setShown={setShown} take={(files) => files.forEach((file) => void act({ kind: "photo", blob: file, name: file.name || "photo.jpg", moment: momentOfPhoto, public: shown }))} may={!["closed", "cancelled"].includes(x.status)} />
            <Refusals number={number} />
            <Story of={x} now={now} />
          </>
        )}
      </main>
      {x && (
        <footer className="worker-foot">
          {may("postpone") && <button type="button" className="btn main" onClick={() => setAsk("more")}><I of={IconClockPlus} size={20} />{t("work.more")}</button>}
          <button type="button" className="btn main icon" aria-label={t("work.comment")} onClick={() => setAsk("comment")}><I of={IconMessage} size={20} /></button>
          {may("start") && <button type="button" className="btn main primary grow" onClick={() => void act({ kind: "move", body: { move: "start" }, label: t("work.start") })}>{t("work.start")}</button>}
          {(may("report_done") || (onItsWay.has("start") && !onItsWay.has("report_done"))) && <button type="button" className="btn main green grow" onClick={() => setAsk("done")}><I of={IconCheck} size={20} />{t("work.done")}</button>}
        </footer>
      )}
      {ask === "more" && <More onClose={() => setAsk(null)} onSend={(at, reason) => act({ kind: "move", body: { move: "postpone", until: at, reason }, label: t("work.more") })} />}
      {ask === "comment" && <Note onClose={() => setAsk(null)} onSend={(text, open) => act({ kind: "comment", body: { text, public: open } })} />}
      {ask === "done" && <Done photos={taken("after")} onClose={() => setAsk(null)} onSend={(text) => act({ kind: "move", body: { move: "report_done", reason: text }, label: t("work.done") }).then((ok) => { if (ok) go("/work"); return ok; })} />}
    </>
  );
}

function Where({ of: x }: { of: Ticket }) {
  const { t } = useTranslation();
  const address = x.house?.address || x.place;
  return (
    <section className="card pad">
      <div className="row"><I of={IconMapPin} size={20} className="accent" /><div className="grow"><b>{placeOf(x, t)}</b></div>
        {address && <a className="btn icon main" aria-label={t("work.route")} href={`geo:0,0?q=${encodeURIComponent(address)}`}><I of={IconNavigation} size={20} /></a>}</div>
      <div className="row line"><I of={IconUser} size={20} className="accent" /><div className="grow"><b>{x.applicant.name || t("work.unknownCaller")}</b><p className="t2 s13">{[t("work.applicant"), x.applicants.length > 0 && t("work.others", { count: x.applicants.length })].filter(Boolean).join(" · ")}</p></div>
        {x.applicant.number && <a className="btn icon main" aria-label={t("work.call", { name: x.applicant.name || phone(x.applicant.number) })} href={`tel:${x.applicant.number}`}><I of={IconPhone} size={20} /></a>}</div>
    </section>
  );
}

function Terms({ of, now, onLocalise }: { of: TermClock[]; now: number; onLocalise?: () => void }) {
  const { t } = useTranslation();
  const mine = of.filter((c) => (c.name === "localise" || c.name === "fix") && c.due_at);
  if (!mine.length) return null;
  return (
    <section className="card pad" aria-labelledby="job-terms">
      <h2 id="job-terms">{t("work.terms")}</h2>
      <dl>
        {mine.map((c) => {
          const left = (Date.parse(c.due_at!) - now) / 1000;
          const tone = c.state === "met" ? "done" : left < 0 || c.state === "late" ? "danger" : left < 3600 ? "soon" : "";
          return <div key={c.name} className="pair"><dt>{t(`form.${c.name}`)}</dt><dd className={tone} title={c.why}>{c.met_at ? t(c.met_at <= c.due_at! ? "work.metAt" : "work.metLate", { time: until(c.met_at, now) }) : left < 0 ? t("work.late", { span: span(-left) }) : t("work.by", { time: until(c.due_at!, now) })}</dd></div>;
        })}
      </dl>
      {onLocalise && mine.some((c) => c.name === "localise" && !c.met_at) && <button type="button" className="btn main" onClick={onLocalise}><I of={IconDropletOff} size={20} />{t("work.localise")}</button>}
    </section>
  );
}

function Photos({ of: x, kept, shown, setShown, take, may }: { of: Ticket; kept: Kept[]; shown: boolean; setShown: (on: boolean) => void; take: (files: File[]) => void; may: boolean }) {
  const { t } = useTranslation();
  const input = useRef<HTMLInputElement>(null);
  const path = `/api/v1/tickets/${encodeURIComponent(x.number)}/files`;
  return (
    <section aria-labelledby="job-photos">
      <div className="row"><h2 id="job-photos">{t("work.photos")}</h2><label className="row s13 end check"><input type="checkbox" checked={shown} onChange={(e) => setShown(e.target.checked)} />{t("work.show")}</label></div>
      <ul className="photos">
        {x.files.filter((f) => f.kind === "photo").map((f) => <li key={f.id}><a href={`${path}/${f.id}`} target="_blank" rel="noreferrer" aria-label={t("work.openPhoto", { name: f.name })}><img src={`${path}/${f.id}/thumbnail`} alt="" loading="lazy" /></a><span className="s12 t2">{f.public ? t("work.seen") : t("work.hidden")}</span></li>)}
        {kept.map((one) => one.act.kind === "photo" && <li key={one.id}><Own blob={one.act.blob} /><span className={one.refused ? "s12 danger" : "s12 soon"}>{one.refused ? t("work.refused") : t("work.waits")}</span></li>)}
        {may && <li><button type="button" className="camera" onClick={() => input.current?.click()}><I of={IconCamera} size={28} />{t("work.photo")}</button></li>}
      </ul>
      <input ref={input} type="file" accept="image/*" capture="environment" multiple hidden data-testid="camera" onChange={(e) => { take([...(e.target.files ?? [])]); e.target.value = ""; }} />
    </section>
  );
}

function Own({ blob }: { blob: Blob }) {
  const [url, setUrl] = useState("");
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url ? <img src={url} alt="" /> : null;
}

/** What the engine did not take stays here with its reason: nothing that was done disappears in silence. */
function Refusals({ number }: { number?: string }) {
  const { t } = useTranslation();
  const refused = outbox.use().filter((one) => one.refused && (!number || one.number === number));
  if (!refused.length) return null;
  const name = (one: Kept) => (one.act.kind === "move" ? t("work.what.move", { move: one.act.label }) : t(`work.what.${one.act.kind}`));
  return (
    <section className="card pad refused" role="alert">
      <h2>{t("work.refused")}</h2>
      <ul>{refused.map((one) => <li key={one.id}><p><b>{name(one)}</b> · {one.number}</p><p className="s13">{one.refused}</p><div className="row"><button type="button" className="btn" onClick={() => void again(one)}>{t("work.retry")}</button><button type="button" className="btn" onClick={() => void drop(one.id)}><I of={IconX} size={16} />{t("work.drop")}</button></div></li>)}</ul>
    </section>
  );
}

function Story({ of: x, now }: { of: Ticket; now: number }) {
  const { t } = useTranslation();
  const words = x.history.filter((e) => e.reason && !["routed", "registered"].includes(e.what));
  if (!words.length) return null;
  return (
    <section className="card pad" aria-labelledby="job-story">
      <h2 id="job-story">{t("work.story")}</h2>
      <ul className="words">{[...words].reverse().map((e) => <li key={`${e.at}${e.what}`}><p className="t2 s12"><b>{t(`ticket.what.${e.what}`, { defaultValue: e.what })}</b> · {e.author} · <time dateTime={e.at} title={exact(e.at)}>{until(e.at, now)}</time></p><p>{e.reason}</p></li>)}</ul>
    </section>
  );
}

function More({ onClose, onSend }: { onClose: () => void; onSend: (at: string, reason: string) => Promise<boolean> }) {
  const { t } = useTranslation();
  const now = useNow();
  const id = useId();
  const [at, setAt] = useState<number | null>(null);
  const [reason, setReason] = useState("");
  const [wrong, setWrong] = useState("");
  const morning = clockAt(shiftDay(dayOf(now), 1), "09:00");
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (at === null || at <= now) return setWrong(t("work.needTime"));
    if (reason.trim().length < 3) return setWrong(t("work.needReason"));
    void onSend(new Date(at).toISOString(), reason.trim()).then((ok) => ok && onClose());
  };
  const offers: [string, number][] = [...[1, 2, 4].map((n): [string, number] => [t("work.hours", { count: n }), Math.ceil((now + n * HOUR) / 900_000) * 900_000]), [t("work.tomorrow"), morning]];
  return (
    <Dialog title={t("work.moreTitle")} onClose={onClose}>
      <form className="col" style={{ gap: 12 }} onSubmit={submit}>
        <p className="t2">{t("work.moreLead")}</p>
        <div className="col" role="group" aria-labelledby={id}>
          <span id={id} className="b">{t("work.moreUntil")}</span>
          <div className="row wrap">{offers.map(([word, moment]) => <button key={word} type="button" className="btn main" aria-pressed={at === moment} onClick={() => { setAt(moment); setWrong(""); }}>{word}</button>)}</div>
          {at !== null && <p className="s13">{t("work.by", { time: dayOf(at) === dayOf(now) ? hm(at) : until(at, now) })}</p>}
        </div>
        <label className="col"><span className="b">{t("work.moreWhy")}</span><textarea className="area" rows={3} maxLength={500} value={reason} onChange={(e) => { setReason(e.target.value); setWrong(""); }} /></label>
        {wrong && <p className="danger" role="alert">{wrong}</p>}
        <button className="btn main primary">{t("work.moreSend")}</button>
      </form>
    </Dialog>
  );
}

function Note({ onClose, onSend }: { onClose: () => void; onSend: (text: string, open: boolean) => Promise<boolean> }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  return (
    <Dialog title={t("work.commentTitle")} onClose={onClose}>
      <form className="col" style={{ gap: 12 }} onSubmit={(e) => { e.preventDefault(); if (text.trim()) void onSend(text.trim(), open).then((ok) => ok && onClose()); }}>
        <label className="col"><span className="b">{t("work.commentText")}</span><textarea className="area" rows={4} maxLength={2000} value={text} onChange={(e) => setText(e.target.value)} data-autofocus /></label>
        <label className="row check"><input type="checkbox" checked={open} onChange={(e) => setOpen(e.target.checked)} />{t("work.commentPublic")}</label>
        <button className="btn main primary" disabled={!text.trim()}>{t("work.send")}</button>
      </form>
    </Dialog>
  );
}

function Done({ photos, onClose, onSend }: { photos: number; onClose: () => void; onSend: (text: string) => Promise<boolean> }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  return (
    <Dialog title={t("work.doneTitle")} onClose={onClose}>
      <form className="col" style={{ gap: 12 }} onSubmit={(e) => { e.preventDefault(); void onSend(text.trim()); }}>
        {photos === 0 && <p className="chip soon tag">{t("work.doneAsk")}</p>}
        <label className="col"><span className="b">{t("work.doneText")}</span><textarea className="area" rows={3} maxLength={500} value={text} onChange={(e) => setText(e.target.value)} data-autofocus /></label>
        <button className="btn main green">{t("work.doneSend")}</button>
      </form>
    </Dialog>
  );
}
