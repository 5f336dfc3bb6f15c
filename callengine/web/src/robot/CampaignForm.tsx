// A new campaign: what about, to whom, when; nothing is called before the engine found every word of it sayable.

import { IconCalculator, IconFileSpreadsheet, IconPhoneOutgoing, IconPlus, IconTopologyStar3, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Failure, get, post } from "@/api/client";
import type { Campaign, CampaignMade, CampaignPreview, House, NewCampaign, Page, RobotState, SignInHints } from "@/api/types";
import { whole } from "@/houses/parts";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { go } from "@/lib/route";
import { dayOf, momentOf } from "@/lib/time";
import { unsaved, useUnsaved } from "@/lib/unsaved";
import { queries } from "@/session";
import { Btn, Segments, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { serverNow } from "@/lib/clock";
import { choiceOf, nothingChosen, SPACED, spacingOf } from "./choice";
import { Field, Pick, Several, Text } from "@/ui/Field";
import { Foreseen } from "./Foreseen";
import { Houses } from "./Houses";
import { mistakesOf, useInWords } from "./mistakes";
import { usePhrases } from "./phrases";
import { LANGUAGES, type Language } from "./shapes";
import { SurveyForm } from "./SurveyForm";
import { SurveyPicture } from "./SurveyPicture";
import { useSurveys } from "./Surveys";
import { dialogueOf, numbersIn, questionsOf, unwritten, wrongWays, type Question } from "./survey";
import { TicketsChoice } from "./TicketsChoice";

const KINDS = ["outage", "result", "survey", "meter", "rating"] as const;
const CHANNELS = ["call", "sms", "push"] as const;
const OF_TICKETS = new Set<string>(["result", "survey", "outage", "rating"]);
type Kind = (typeof KINDS)[number];
interface Meter { id: string; title: string; last: string; most: string }

const JOB = { what: "", address: "", begins: "", ends: "", work: "", result: "" };
const WHEN = { hours: "", days: "", lines: "", attempts: "", zone: "", begins_at: "", ends_at: "" };

export function CampaignForm({ survey = "" }: { survey?: string }) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const [kind, setKind] = useState<Kind>(survey ? "survey" : "outage");
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const [houses, setHouses] = useState<House[]>([]);
  const [language, setLanguage] = useState<Language>(queries.getQueryData<SignInHints>(["hints"])?.language === "en" ? "en" : "ru");
  const [job, setJob] = useState(JOB);
  const [meters, setMeters] = useState<Meter[]>([{ id: "1", title: "", last: "", most: "1000" }]);
  const [intro, setIntro] = useState<string | null>(null);
  const [questions, setQuestions] = useState<Question[]>([{ text: "", answers: [{ label: "", to: "" }, { label: "", to: "" }] }]);
  const [when, setWhen] = useState(WHEN);
  const [byTickets, setByTickets] = useState(false);
  const [chosen, setChosen] = useState(() => nothingChosen(dayOf(serverNow())));
  const [minutes, setMinutes] = useState<Record<string, string>>({});
  const [channels, setChannels] = useState<string[]>(["call"]);
  const [sms, setSms] = useState("");
  const [danger, setDanger] = useState(false);
  const [ownMeters, setOwnMeters] = useState(true);
  const [foreseen, setForeseen] = useState<{ of: string; found: CampaignPreview } | null>(null);
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [failed, setFailed] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const { numbers, strange } = useMemo(() => numbersIn(text), [text]);
  const inWords = useInWords();
  // What stood before the press: a campaign of that name that is newer was made by it.
  const before = useQuery({ queryKey: ["campaigns", "newest"], queryFn: newest, staleTime: 0 });
  // What was asked may be answered when its reader is elsewhere already: he is told, and not led away.
  const here = useRef(true);
  useEffect(() => { here.current = true; return () => void (here.current = false); }, []);
  const words = i18n.getFixedT(language);
  const spokenIntro = intro ?? words("robot.form.introDefault");
  const typed = JSON.stringify([name, text, houses.length, job, meters, intro, questions, when, byTickets, chosen, minutes, channels, sms, danger]);
  const [untouched] = useState(typed);
  useUnsaved(typed !== untouched);

  const jobOf = (): Record<string, unknown> => {
    if (kind === "outage") return { what: job.what.trim(), address: job.address.trim(), begins: momentOf(job.begins) || null, ends: momentOf(job.ends) || null };
    if (kind === "result") return { work: job.work.trim(), address: job.address.trim(), result: job.result.trim() };
    if (kind === "meter" && ownMeters) return {};
    if (kind === "meter") return { address: job.address.trim(), meters: meters.map((m) => ({ id: m.id.trim(), title: m.title.trim(), last: Number(m.last) || 0, most: Number(m.most) || 0 })) };
    return {};
  };
  const phrases = usePhrases();
  const surveys = useSurveys();
  const [picture, setPicture] = useState(false);
  const [taken, setTaken] = useState("");
  const take = (id: string) => {
    const kept = surveys.data?.items.find((one) => one.id === id);
    if (!kept) return setTaken("");
    setTaken(id);
    setLanguage(kept.language);
    setIntro(kept.intro);
    setQuestions(questionsOf(kept.questions));
    if (!name.trim()) setName(kept.name);
  };
  useEffect(() => { if (survey && surveys.data && !taken) take(survey); }, [survey, surveys.data]);
  const waits = kind === "rating";
  const picks = waits || (byTickets && OF_TICKETS.has(kind));
  const written = kind === "outage" && channels.some((one) => one !== "call");
  const ready = name.trim() !== "" && (picks || numbers.length > 0 || houses.length > 0);
  const bodyOf = (): NewCampaign => ({
    kind, name: name.trim(), numbers: waits ? [] : numbers, house_ids: waits ? [] : houses.map((h) => h.id), job: jobOf(), language, hours: when.hours.replaceAll(/\s|–/g, (c) => (c === "–" ? "-" : "")), days: when.days as NewCampaign["days"], zone: when.zone.trim(),
    lines: whole(when.lines), attempts: whole(when.attempts), begins_at: momentOf(when.begins_at) || null, ends_at: momentOf(when.ends_at) || null, spacing: spacingOf(minutes),
    ...(picks && { choice: choiceOf(chosen, waits) }),
    ...(kind === "outage" && { channels: channels as NewCampaign["channels"], danger, ...(written && { text: sms.trim() }) }),
    ...(kind === "survey" && { dialogue: dialogueOf(language, name.trim(), spokenIntro, questions, phrases(language)) }),
  });
  const shows = foreseen && foreseen.of === JSON.stringify(bodyOf()) ? foreseen.found : null;
  /** What can be seen to be missing without the engine; a survey's questions alone. */
  const lacking = () => {
    const lacks = kind === "survey" ? unwritten(questions) : [];
    setWrong({});
    const ways = kind === "survey" ? wrongWays(questions) : [];
    setFailed([...lacks.map((one) => t(one.key ? "robot.form.emptyAnswer" : "robot.form.emptyQuestion", one)), ...ways.map((one) => t(one.what === "loop" ? "robot.survey.loop" : "robot.survey.unreached", one))]);
    return lacks.length + ways.length > 0;
  };
  const count = () => {
    if (busy || !ready || lacking()) return;
    const body = bodyOf();
    setBusy(true);
    post<CampaignPreview>("/campaigns/preview", body).then((found) => setForeseen({ of: JSON.stringify(body), found }), refuse).finally(() => setBusy(false));
  };
  const start = () => {
    if (busy || !ready || lacking()) return;
    setBusy(true);
    const body = bodyOf();
    const pressed = serverNow();
    const stood = before.data;
    post<CampaignMade>("/campaigns", body).then(
      (made) => {
        if (here.current) unsaved.set(false);
        void queries.invalidateQueries({ queryKey: ["campaigns"] });
        const halted = queries.getQueryData<RobotState>(["outreach", "switch"])?.halted;
        const to = `/robot/campaigns/${made.campaign.id}`;
        say([halted ? t("robot.form.halted") : t("robot.form.made", { count: made.calls }), made.texts > 0 && t("robot.form.texts", { count: made.texts }), made.left_out.length > 0 && t("robot.form.leftOut", { count: made.left_out.length })].filter(Boolean).join(". "), here.current ? {} : { act: { word: t("robot.form.open"), run: () => go(to) } });
        if (here.current) go(to);
      },
      async (error: unknown) => {
        const made = error instanceof Failure && error.status === 0 ? await madeMeanwhile(body.name, stood, pressed) : undefined;
        if (!here.current) return say(`${t("robot.form.notBegun", { name: body.name })} ${why(error)}`, { bad: true });
        setBusy(false);
        if (!made) return refuse(error);
        unsaved.set(false);
        say(t("robot.form.wasMade"));
        go(`/robot/campaigns/${made.id}`);
      },
    );
  };
  const refuse = (error: unknown) => {
    const problem = error instanceof Failure ? error.problem as Partial<Failure["problem"]> & { problems?: { step: string; problem: string }[]; left?: { number: string; why: string }[] } : {};
    const found = mistakesOf(problem, t);
    if (problem.problems) found.dialogue = [t("robot.form.wrongDialogue"), ...problem.problems.map((p) => `${/^q\d+$/.test(p.step) ? t("robot.form.question", { n: p.step.slice(1) }) : t(`robot.script.told.${p.step}`, { defaultValue: p.step })}: ${inWords(p.problem)}`)].join("; ");
    const left = (problem.left ?? []).map((one) => `${phone(one.number)}: ${t(`robot.leftWhy.${one.why}`, { defaultValue: one.why })}`);
    setWrong(found);
    setFailed([...(Object.keys(found).length ? [...new Set(Object.values(found))] : [why(error)]), ...left]);
  };
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const first = form.current?.querySelector<HTMLElement>("[aria-invalid=true]");
    first?.focus();
    first?.scrollIntoView({ block: "center" });
  }, [wrong]);
  useKeys({ "Ctrl+Enter": start, "Ctrl+Shift+Enter": count, Escape: () => go("/robot/campaigns") });
  const setJ = (key: keyof typeof JOB) => (value: string) => setJob((old) => ({ ...old, [key]: value }));
  const setW = (key: keyof typeof WHEN) => (value: string) => setWhen((old) => ({ ...old, [key]: value }));
  return (
    <form ref={form} className="rbnew" aria-label={t("robot.form.title")} onSubmit={(e) => { e.preventDefault(); start(); }}>
      <div className="rbnewcols">
        <Part title={t("robot.form.say")}>
          <Segments name="rbkind" label={t("robot.form.kind")} value={kind} onChange={(k) => setKind(k as Kind)} options={KINDS.map((k) => [k, t(`robot.kind.${k}`)])} />
          <div className="rbduo"><Text label={t("robot.form.name")} hint={t("robot.form.nameHint")} value={name} onChange={setName} wrong={wrong.name} /><Pick label={t("robot.campaign.language")} value={language} onChange={(v) => setLanguage(v as Language)} wrong={wrong.language} options={LANGUAGES.map((l) => [l, t(`robot.language.${l}`)])} /></div>
          {kind === "outage" && <><Text label={t("robot.form.what")} hint={t("robot.form.whatHint")} value={job.what} onChange={setJ("what")} most={300} wrong={wrong["job/what"]} /><div className="rbduo"><Text label={t("robot.form.begins")} type="datetime-local" value={job.begins} onChange={setJ("begins")} wrong={wrong["job/begins"]} /><Text label={t("robot.form.ends")} type="datetime-local" value={job.ends} onChange={setJ("ends")} wrong={wrong["job/ends"]} /></div></>}
          {kind === "result" && <><Text label={t("robot.form.work")} value={job.work} onChange={setJ("work")} most={300} /><Text label={t("robot.form.result")} hint={t("robot.form.resultHint")} value={job.result} onChange={setJ("result")} most={300} /></>}
          {kind === "meter" && <label className="checkline"><input type="checkbox" checked={ownMeters} onChange={(e) => setOwnMeters(e.target.checked)} />{t("robot.form.ownMeters")}</label>}
          {kind !== "survey" && !waits && !(kind === "meter" && ownMeters) && <Text label={t("robot.form.address")} value={job.address} onChange={setJ("address")} most={300} wrong={wrong["job/address"]} />}
          {kind === "meter" && !ownMeters && <Meters of={meters} onChange={setMeters} />}
          {kind === "survey" && (surveys.data?.items.length ?? 0) > 0 && <Pick label={t("robot.survey.from")} value={taken} onChange={take} options={[["", t("robot.survey.own")], ...surveys.data!.items.map((one): [string, string] => [one.id, one.name])]} />}
          {kind === "survey" && <SurveyForm intro={spokenIntro} onIntro={setIntro} questions={questions} onChange={setQuestions} />}
          {kind === "survey" && <Btn icon={IconTopologyStar3} aria-expanded={picture} onClick={() => setPicture((p) => !p)}>{t(picture ? "robot.survey.hide" : "robot.survey.show")}</Btn>}
          {kind === "survey" && picture && <SurveyPicture language={language} name={name} intro={spokenIntro} questions={questions} />}
          {waits && <p className="t2 s13">{t("robot.form.ratingLead")}</p>}
          {wrong.job && <p className="errorline">{wrong.job}</p>}
          {kind === "outage" && (
            <>
              <Several label={t("robot.form.channels")} value={channels} onChange={setChannels} wrong={wrong.channels} hint={t("robot.form.channelsHint")} options={CHANNELS.map((c) => [c, t(`robot.channel.${c}`)])} />
              {written && <Text label={t("robot.form.sms")} hint={t("robot.form.smsHint")} value={sms} onChange={setSms} wrong={wrong.text} />}
              <label className="checkline"><input type="checkbox" checked={danger} onChange={(e) => setDanger(e.target.checked)} />{t("robot.form.danger")}</label>
              {wrong.danger && <p className="errorline">{wrong.danger}</p>}
            </>
          )}
        </Part>
        <div className="col" style={{ gap: 12 }}>
          <Part title={t("robot.form.whom")}>
            {!waits && <Numbers text={text} onText={setText} count={numbers.length} strange={strange} wrong={wrong.numbers} />}
            {!waits && <Houses label={t("robot.form.houses")} add={t("robot.form.addHouse")} hint={t("robot.form.housesHint")} of={houses} onChange={setHouses} wrong={wrong.house_ids} />}
            {!waits && OF_TICKETS.has(kind) && <label className="checkline"><input type="checkbox" checked={byTickets} onChange={(e) => setByTickets(e.target.checked)} />{t("robot.form.byTickets")}</label>}
            {picks && <TicketsChoice of={chosen} onChange={setChosen} waits={waits} wrong={wrong} />}
          </Part>
          <Part title={t("robot.form.when")}>
            <div className="rbduo">
              <Text label={t("robot.form.hours")} hint={t("robot.form.hoursHint")} value={when.hours} onChange={setW("hours")} most={11} wrong={wrong.hours} />
              <Pick label={t("robot.form.days")} value={when.days} onChange={setW("days")} wrong={wrong.days} options={[["", t("robot.form.asSet")], ...["each", "no_holidays", "workdays"].map((d): [string, string] => [d, t(`robot.campaign.dayses.${d}`)])]} />
              <Text label={t("robot.form.lines")} type="number" value={when.lines} onChange={setW("lines")} wrong={wrong.lines} />
              <Text label={t("robot.form.attempts")} type="number" value={when.attempts} onChange={setW("attempts")} wrong={wrong.attempts} />
              <Text label={t("robot.form.beginsAt")} type="datetime-local" value={when.begins_at} onChange={setW("begins_at")} wrong={wrong.begins_at} />
              <Text label={t("robot.form.endsAt")} type="datetime-local" value={when.ends_at} onChange={setW("ends_at")} wrong={wrong.ends_at} />
              <Text label={t("robot.form.zone")} hint={t("robot.form.zoneHint")} value={when.zone} onChange={setW("zone")} most={60} wrong={wrong.zone} />
            </div>
            <fieldset className="bareset">
              <legend className="s12 t2">{t("robot.form.spacing")}</legend>
              <div className="rbspacing">{SPACED.map((r) => <Text key={r} label={t(`robot.result.${r}`)} type="number" value={minutes[r] ?? ""} onChange={(v) => setMinutes((old) => ({ ...old, [r]: v }))} placeholder={shows ? String(Math.round((shows.spacing[r] ?? 0) / 60)) : t("robot.form.asSet")} wrong={wrong[`spacing/${r}`]} />)}</div>
            </fieldset>
          </Part>
        </div>
      </div>
      <div className="rbfoot">
        {failed.length > 0 && <div className="rbwrong" role="alert"><ul>{failed.map((one) => <li key={one}>{one}</li>)}</ul></div>}
        {shows && <Foreseen of={shows} />}
        <div className="row wrap">
          <Btn look="primary" size="main" icon={IconPhoneOutgoing} keys="Ctrl Enter" disabled={busy || !ready} onClick={start}>{t("robot.form.start")}</Btn>
          <Btn size="main" icon={IconCalculator} keys="Ctrl ⇧Enter" disabled={busy || !ready} onClick={count}>{t("robot.form.count")}</Btn>
          <Btn size="main" keys="Esc" onClick={() => go("/robot/campaigns")}>{t("common.cancel")}</Btn>
        </div>
      </div>
    </form>
  );
}

/** The link broke before the answer: the engine may have begun it all the same, and a second press would call everybody twice. */
async function madeMeanwhile(name: string, stood: number | undefined, since: number): Promise<Campaign | undefined> {
  const found = await get<Page<Campaign>>("/campaigns", { limit: 20 }).catch(() => undefined);
  return found?.items.find((x) => x.name === name && (stood === undefined ? Date.parse(x.created_at) >= since - 5_000 : x.id > stood));
}

const newest = async (): Promise<number> => Math.max(0, ...(await get<Page<Campaign>>("/campaigns", { limit: 20 })).items.map((x) => x.id));

function Part({ title, children }: { title: string; children: ReactNode }) {
  return <section className="card" aria-label={title}><header><h2>{title}</h2></header><div className="body rbform">{children}</div></section>;
}

function Numbers({ text, onText, count, strange, wrong }: { text: string; onText: (text: string) => void; count: number; strange: string[]; wrong?: string }) {
  const { t } = useTranslation();
  const file = useRef<HTMLInputElement>(null);
  const take = async (chosen: File | undefined) => {
    if (!chosen) return;
    const bytes = await chosen.arrayBuffer();
    // Spreadsheets here still write Windows-1251; numbers are the same in both, and names are read for the eye only.
    let read: string;
    try {
      read = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch {
      read = new TextDecoder("windows-1251").decode(bytes);
    }
    onText([text.trim(), read.trim()].filter(Boolean).join("\n"));
  };
  return (
    <Field label={t("robot.form.numbers")} hint={t("robot.form.numbersHint")} wrong={wrong}>
      {(bound) => (
        <>
          <textarea {...bound} className={wrong ? "area rbbad" : "area"} rows={5} value={text} onChange={(e) => onText(e.target.value)} />
          <span className="row wrap s13"><Btn size="small" icon={IconFileSpreadsheet} onClick={() => file.current?.click()}>{t("robot.form.csv")}</Btn><input ref={file} type="file" accept=".csv,.txt,text/csv" className="sr" tabIndex={-1} aria-label={t("robot.form.csv")} onChange={(e) => { void take(e.target.files?.[0]); e.target.value = ""; }} /><b className="t2">{t("robot.form.numbersIs", { count })}</b></span>
          {strange.length > 0 && <p className="soon s12">{t("robot.form.notNumbers", { list: strange.slice(0, 5).join("; ") + (strange.length > 5 ? ` … (${strange.length})` : "") })}</p>}
        </>
      )}
    </Field>
  );
}

function Meters({ of, onChange }: { of: Meter[]; onChange: (meters: Meter[]) => void }) {
  const { t } = useTranslation();
  const set = (n: number, change: Partial<Meter>) => onChange(of.map((m, i) => (i === n ? { ...m, ...change } : m)));
  const fields = [["title", "meterTitle"], ["id", "meterId"], ["last", "meterLast"], ["most", "meterMost"]] as const;
  return (
    <fieldset className="bareset">
      <legend className="s12 t2">{t("robot.form.meters")}</legend>
      {of.map((m, n) => (
        <div key={n} className="rbmeter">
          {fields.map(([key, word]) => <div key={key} className="field compact"><input type={key === "last" || key === "most" ? "number" : "text"} aria-label={`${n + 1}: ${t(`robot.form.${word}`)}`} placeholder={t(`robot.form.${word}`)} value={m[key]} maxLength={80} onChange={(e) => set(n, { [key]: e.target.value })} /></div>)}
          <Btn icon={IconX} aria-label={t("robot.form.dropMeter", { n: n + 1 })} disabled={of.length === 1} onClick={() => onChange(of.filter((_, i) => i !== n))} />
        </div>
      ))}
      <Btn look="link" icon={IconPlus} onClick={() => onChange([...of, { id: String(of.length + 1), title: "", last: "", most: "1000" }])}>{t("robot.form.addMeter")}</Btn>
    </fieldset>
  );
}
