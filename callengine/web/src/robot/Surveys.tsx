// The service's own surveys: the list, and one of them being written: its questions, the picture of them, a walk, its versions.

import { IconArrowLeft, IconHistory, IconListCheck, IconPhoneOutgoing, IconPlus, IconTrash } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { call, Failure, get, post, put } from "@/api/client";
import type { Page, SignInHints, SurveyKept, SurveyVersion } from "@/api/types";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { follow, go } from "@/lib/route";
import { unsaved, useUnsaved } from "@/lib/unsaved";
import { queries } from "@/session";
import { Pick, Text } from "@/ui/Field";
import { At, Bones, Btn, Empty, Failed, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { Held, useRows } from "./parts";
import { LANGUAGES, type Language } from "./shapes";
import { SurveyForm } from "./SurveyForm";
import { SurveyPicture } from "./SurveyPicture";
import { keptOf, questionsOf, unwritten, wrongWays, type Question } from "./survey";

export const useSurveys = () => useQuery({ queryKey: ["surveys"], queryFn: () => get<Page<SurveyKept>>("/surveys") });

export function Surveys({ id, leads }: { id: string; leads: boolean }) {
  if (id === "new" && leads) return <Editor key="new" of={null} leads />;
  return id && id !== "new" ? <One key={id} id={id} leads={leads} /> : <List leads={leads} />;
}

function List({ leads }: { leads: boolean }) {
  const { t } = useTranslation();
  const now = useNow();
  const found = useSurveys();
  const items = found.data?.items ?? [];
  const { at, body, row } = useRows(items.map((_, i) => i), (i) => go(`/robot/surveys/${items[i]!.id}`));
  useKeys({ KeyN: () => (leads ? go("/robot/surveys/new") : false) });
  return (
    <section className="card rbfill" aria-label={t("robot.tab.surveys")}>
      <div className="body rbplain" ref={body} tabIndex={0} role="group" aria-label={t("robot.tab.surveys")}>
        <Held of={found} bones={{ count: 5, height: 36 }} empty={items.length === 0 && <Empty icon={IconListCheck} title={t("robot.survey.none")}>{t("robot.survey.noneLead")}</Empty>}>
          <table className="table">
            <thead><tr>{(["name", "questions", "language", "version", "changed"] as const).map((c) => <th key={c} scope="col" className={c === "questions" ? "num" : ""}>{t(`robot.survey.${c}`)}</th>)}</tr></thead>
            <tbody>{items.map((x, i) => (
              <tr key={x.id} {...row(i)} className={`pick ${i === at ? "now" : ""}`}>
                <td><a className="cut rbname" href={`/robot/surveys/${x.id}`} onClick={(e) => { e.stopPropagation(); follow(`/robot/surveys/${x.id}`)(e); }}>{x.name}</a></td>
                <td className="num">{x.questions.length}</td><td>{t(`robot.language.${x.language}`)}</td><td>{x.version}</td><td className="t2"><At at={x.at} now={now} />, {x.who}</td>
              </tr>
            ))}</tbody>
          </table>
        </Held>
      </div>
    </section>
  );
}

function One({ id, leads }: { id: string; leads: boolean }) {
  const found = useQuery({ queryKey: ["surveys", id], queryFn: () => get<SurveyKept>(`/surveys/${id}`), staleTime: Infinity, refetchOnMount: "always" }); // opened anew: as it is now; while it is being written: left alone
  if (found.isPending) return <section className="card"><Bones count={6} height={60} /></section>;
  if (!found.data) return <section className="card"><Failed error={found.error} again={() => void found.refetch()} /></section>;
  return <Editor key={found.data.version} of={found.data} leads={leads} />;
}

const NEW: Question[] = [{ text: "", answers: [{ label: "", to: "" }, { label: "", to: "" }] }];

function Editor({ of: x, leads }: { of: SurveyKept | null; leads: boolean }) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const [name, setName] = useState(x?.name ?? "");
  const [language, setLanguage] = useState<Language>(x?.language ?? (queries.getQueryData<SignInHints>(["hints"])?.language === "en" ? "en" : "ru"));
  const [intro, setIntro] = useState(x?.intro ?? i18n.getFixedT(language)("robot.form.introDefault"));
  const [questions, setQuestions] = useState<Question[]>(() => (x ? questionsOf(x.questions) : NEW));
  const [failed, setFailed] = useState<string[]>([]);
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState(false);
  const typed = JSON.stringify([name, language, intro, questions]);
  const [untouched] = useState(typed);
  const changed = typed !== untouched;
  useUnsaved(changed);
  const ways = wrongWays(questions);
  const lacking = () => [
    ...(name.trim() ? [] : [t("robot.survey.noName")]),
    ...unwritten(questions).map((one) => t(one.key ? "robot.form.emptyAnswer" : "robot.form.emptyQuestion", one)),
    ...ways.map((one) => t(one.what === "loop" ? "robot.survey.loop" : "robot.survey.unreached", one)),
  ];
  const save = () => {
    if (busy || !leads || (x && !changed)) return;
    const lacks = lacking();
    setFailed(lacks);
    if (lacks.length) return;
    setBusy(true);
    const body = { name: name.trim(), language, intro: intro.trim(), questions: keptOf(questions) };
    (x ? put<SurveyKept>(`/surveys/${x.id}`, { ...body, after: x.version }) : post<SurveyKept>("/surveys", body)).then(
      (kept) => {
        unsaved.set(false);
        queries.setQueryData(["surveys", kept.id], kept);
        void queries.invalidateQueries({ queryKey: ["surveys"], exact: true });
        void queries.invalidateQueries({ queryKey: ["surveys", kept.id, "versions"] });
        say(t("robot.survey.saved", { version: kept.version }));
        go(`/robot/surveys/${kept.id}`);
      },
      (error: unknown) => setFailed([error instanceof Failure && error.status === 409 ? t("robot.survey.late") : why(error)]),
    ).finally(() => setBusy(false));
  };
  const putAway = () => {
    if (!x || busy) return;
    setBusy(true);
    call("DELETE", `/surveys/${x.id}`).then(() => { unsaved.set(false); void queries.invalidateQueries({ queryKey: ["surveys"] }); say(t("robot.survey.gone", { name: x.name })); go("/robot/surveys"); }, (e) => setFailed([why(e)])).finally(() => setBusy(false));
  };
  const take = (old: SurveyKept) => { setName(old.name); setLanguage(old.language); setIntro(old.intro); setQuestions(questionsOf(old.questions)); };
  useKeys({ "Ctrl+Enter": save, Escape: () => (asking ? setAsking(false) : go("/robot/surveys")) });
  return (
    <form className="rbsurveypage" aria-label={t("robot.survey.title")} onSubmit={(e) => { e.preventDefault(); save(); }}>
      <section className="card">
        <header><Btn icon={IconArrowLeft} keys="Esc" onClick={() => go("/robot/surveys")}>{t("robot.survey.back")}</Btn><h2 className="cut">{x ? t("robot.survey.versionIs", { name: x.name, version: x.version }) : t("robot.survey.new")}</h2></header>
        <div className="body rbform">
          <div className="rbduo"><Text label={t("robot.form.name")} value={name} onChange={setName} /><Pick label={t("robot.campaign.language")} value={language} onChange={(v) => setLanguage(v as Language)} options={LANGUAGES.map((l) => [l, t(`robot.language.${l}`)])} /></div>
          <SurveyForm intro={intro} onIntro={setIntro} questions={questions} onChange={setQuestions} disabled={!leads} />
          {failed.length > 0 && <div className="rbwrong" role="alert"><ul>{failed.map((one) => <li key={one}>{one}</li>)}</ul></div>}
          {leads && (
            <div className="row wrap">
              <Btn look="primary" size="main" keys="Ctrl Enter" disabled={busy || (x !== null && !changed)} onClick={save}>{t("directory.save")}</Btn>
              {x && !changed && <Btn size="main" icon={IconPhoneOutgoing} onClick={() => go(`/robot/campaigns/new?survey=${x.id}`)}>{t("robot.survey.call")}</Btn>}
              {x && (asking ? <><Btn look="red" size="main" disabled={busy} onClick={putAway}>{t("robot.survey.putAwayDo")}</Btn><Btn size="main" onClick={() => setAsking(false)}>{t("common.cancel")}</Btn></> : <Btn size="main" icon={IconTrash} onClick={() => setAsking(true)}>{t("robot.survey.putAway")}</Btn>)}
            </div>
          )}
          {leads && <p className="t3 s12">{t("robot.survey.keys")}</p>}
          {x && <Versions of={x} onTake={take} leads={leads} />}
        </div>
      </section>
      <SurveyPicture language={language} name={name} intro={intro} questions={questions} />
    </form>
  );
}

function Versions({ of: x, onTake, leads }: { of: SurveyKept; onTake: (old: SurveyKept) => void; leads: boolean }) {
  const { t } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const found = useQuery({ queryKey: ["surveys", x.id, "versions"], queryFn: () => get<Page<SurveyVersion>>(`/surveys/${x.id}/versions`) });
  const items = found.data?.items ?? [];
  if (items.length < 2) return <p className="t3 s12">{t("robot.survey.copy")}</p>;
  return (
    <div className="col" style={{ gap: 4 }}>
      <h3 className="b s13">{t("robot.survey.versions")}</h3>
      <ul className="rbways">{items.map((v) => (
        <li key={v.version}><b>{v.version}</b><span className="grow cut">{v.gone ? t("robot.survey.wasAway") : v.name} <span className="t3"><At at={v.at} now={now} />, {v.who}</span></span>
          {!v.gone && v.version !== x.version && leads && <Btn look="link" size="small" icon={IconHistory} onClick={() => void get<SurveyKept>(`/surveys/${x.id}`, { version: v.version }).then(onTake, (e) => say(why(e), { bad: true }))}>{t("robot.survey.take")}</Btn>}
        </li>
      ))}</ul>
      <p className="t3 s12">{t("robot.survey.copy")}</p>
    </div>
  );
}

export const AddSurvey = () => {
  const { t } = useTranslation();
  return <Btn className="end" look="primary" icon={IconPlus} keys="N" onClick={() => go("/robot/surveys/new")}>{t("robot.survey.new")}</Btn>;
};
