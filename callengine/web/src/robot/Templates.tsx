// The words of notices: which on the left, both languages beside each other, each with what a person will read.

import { IconArrowBackUp, IconFileText } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure, get, post, put } from "@/api/client";
import type { NoticeTemplate, NoticeTemplateBody, Page, TemplatePreview } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { go } from "@/lib/route";
import { exact } from "@/lib/time";
import { useUnsaved } from "@/lib/unsaved";
import { queries } from "@/session";
import { Btn, Empty, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { CHANNELS } from "./Outbox";
import { Held } from "./parts";

const nameOf = (x: NoticeTemplate) => `${x.kind}/${x.channel}`;

export function Templates({ at: kind, channel, leads }: { at: string; channel: string; leads: boolean }) {
  const { t, i18n } = useTranslation();
  const found = useQuery({ queryKey: ["templates", i18n.language], queryFn: () => get<Page<NoticeTemplate>>("/notices/templates"), staleTime: 60_000, placeholderData: keepPreviousData });
  const all = found.data?.items ?? [];
  const names = [...new Set(all.map(nameOf))];
  const at = names.includes(`${kind}/${channel}`) ? `${kind}/${channel}` : (names[0] ?? "");
  const own = new Set(all.filter((x) => x.own).map(nameOf));
  const chosen = all.filter((x) => nameOf(x) === at);
  const open = (name: string | undefined) => { if (name) go(`/robot/templates/${name}`, { replace: true }); };
  useKeys({ ArrowDown: () => open(names[names.indexOf(at) + 1]), ArrowUp: () => open(names[names.indexOf(at) - 1]) });
  const kinds = [...new Set(all.map((x) => x.kind))];
  return (
    <div className="rbtemplates">
      <section className="card" aria-label={t("robot.tab.templates")}>
        <div className="body rbplain" tabIndex={0} role="group" aria-label={t("robot.tab.templates")}>
          <Held of={found} bones={{ count: 10, height: 30 }} empty={all.length === 0 && <Empty icon={IconFileText} title={t("robot.template.none")} />}>
            {kinds.map((k) => (
              <div key={k}>
                <h2 className="rbgroup">{t(`robot.notice.kinds.${k}`)}</h2>
                <ul>
                  {names.filter((n) => n.startsWith(`${k}/`)).map((n) => {
                    const way = n.split("/")[1] as NoticeTemplate["channel"];
                    return <li key={n}><button type="button" className={n === at ? "rbpick on" : "rbpick"} aria-current={n === at || undefined} onClick={() => open(n)}><I of={CHANNELS[way]} size={16} /><span className="grow">{t(`robot.notice.channels.${way}`)}</span>{own.has(n) && <span className="chip accent">{t("robot.template.own")}</span>}</button></li>;
                  })}
                </ul>
              </div>
            ))}
          </Held>
        </div>
      </section>
      <Sides key={at} of={chosen} leads={leads} />
    </div>
  );
}

/** What is typed on either side is not left without a question. */
function Sides({ of, leads }: { of: NoticeTemplate[]; leads: boolean }) {
  const [dirty, setDirty] = useState<Record<string, boolean>>({});
  useUnsaved(Object.values(dirty).some(Boolean));
  return (
    <div className="rbsides">
      {(["ru", "en"] as const).map((language) => of.filter((x) => x.language === language).map((x) => <Side key={language} of={x} leads={leads} onDirty={(on) => setDirty((old) => ({ ...old, [language]: on }))} />))}
    </div>
  );
}

function Side({ of: x, leads, onDirty }: { of: NoticeTemplate; leads: boolean; onDirty: (on: boolean) => void }) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const [words, setWords] = useState({ subject: x.subject, text: x.text });
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string[]>([]);
  const area = useRef<HTMLTextAreaElement>(null);
  const [asked] = useDebouncedValue(words, 250);
  const dirty = words.subject !== x.subject || words.text !== x.text;
  const stood = useRef({ subject: x.subject, text: x.text });
  useEffect(() => {
    // Somebody else's words take the place of what stood, and never of what is being typed here.
    const before = stood.current;
    stood.current = { subject: x.subject, text: x.text };
    setWords((now) => (now.subject === before.subject && now.text === before.text ? { subject: x.subject, text: x.text } : now));
  }, [x.subject, x.text]);
  useEffect(() => onDirty(dirty), [dirty]);
  // An SMS and a call have none.
  const subjectless = x.channel === "sms" || x.channel === "call";
  const what = { kind: x.kind, channel: x.channel, language: x.language };
  const preview = useQuery({ queryKey: ["template-preview", i18n.language, what, asked], queryFn: () => post<TemplatePreview>("/notices/templates/preview", { ...what, ...asked }), placeholderData: keepPreviousData });
  const send = (body: { subject: string; text: string }, done: string, undo?: { subject: string; text: string }) => {
    if (busy) return Promise.resolve();
    setBusy(true);
    setRefused([]);
    return put<NoticeTemplate>("/notices/templates", { ...what, ...body } satisfies NoticeTemplateBody).then(
      (kept) => {
        // What is typed while the answer is on its way stays; an empty text asked for the shipped one.
        setWords((now) => (now.subject === words.subject && now.text === words.text ? { subject: kept.subject, text: kept.text } : now));
        queries.setQueriesData<Page<NoticeTemplate>>({ queryKey: ["templates"] }, (old) => old && { ...old, items: old.items.map((one) => (nameOf(one) === nameOf(kept) && one.language === kept.language ? { ...one, ...kept, fields: one.fields } : one)) });
        void queries.invalidateQueries({ queryKey: ["templates"] });
        say(t(done), undo && { act: { word: t("robot.undo"), run: () => void send(undo, "robot.template.saved") } });
      },
      (e: unknown) => setRefused(e instanceof Failure && e.problem.errors?.length ? e.problem.errors.map((one) => String(one.detail ?? "")) : [why(e)]),
    ).finally(() => setBusy(false));
  };
  const insert = (name: string) => {
    const from = area.current?.selectionStart ?? words.text.length;
    const to = area.current?.selectionEnd ?? from;
    setWords((old) => ({ ...old, text: `${old.text.slice(0, from)}{${name}}${old.text.slice(to)}` }));
    area.current?.focus();
  };
  const p = preview.data;
  const problems = p?.problems.map((one) => one.detail) ?? [];
  const id = `template-${x.language}`;
  return (
    <section className="card" aria-labelledby={`${id}-title`}>
      <header><h2 id={`${id}-title`}>{t(`robot.language.${x.language}`)}</h2>{x.own && x.changed_at && <span className="t3 s12 cut" title={exact(x.changed_at)}>{t("robot.template.changed", { name: x.changed_by })}</span>}{dirty && <span className="chip soon end">{t("robot.dirty")}</span>}</header>
      <div className="body rbform" tabIndex={0} role="group" aria-labelledby={`${id}-title`}>
        {!subjectless && <div className="labelled"><label htmlFor={`${id}-subject`}>{t("robot.template.subject")}</label><div className="field"><input id={`${id}-subject`} value={words.subject} disabled={!leads} maxLength={1000} lang={x.language} onChange={(e) => setWords((old) => ({ ...old, subject: e.target.value }))} /></div></div>}
        <div className="labelled"><label htmlFor={`${id}-text`}>{t("robot.template.text")}</label><textarea ref={area} id={`${id}-text`} className="area" rows={x.channel === "email" ? 10 : 4} lang={x.language} value={words.text} disabled={!leads} maxLength={10_000} onChange={(e) => setWords((old) => ({ ...old, text: e.target.value }))} /></div>
        {leads && <div className="rbfields" role="group" aria-label={t("robot.template.fields")}>{x.fields.map((f) => <button key={f.name} type="button" className="chip rbfield" title={`${f.means}: ${f.sample}`} onClick={() => insert(f.name)}>{`{${f.name}}`}<span className="t3"> {f.means}{f.required && ", "}</span>{f.required && <b>{t("robot.template.required")}</b>}</button>)}</div>}
        {(refused.length > 0 || problems.length > 0) && <div className="rbwrong" role="alert"><ul>{(refused.length ? refused : problems).map((one) => <li key={one}>{one}</li>)}</ul></div>}
        <div className="rbpreview" aria-live="polite">
          <p className="t3 s12">{t("robot.template.preview")}{p && p.parts > 0 && <span> · {t("robot.template.parts", { count: p.parts })}, {t("robot.template.units", { count: p.units })}</span>}</p>
          {preview.isError ? <p className="errorline">{why(preview.error)}</p> : <div className={`rbbubble ${x.channel}`} lang={x.language}>{!subjectless && p?.subject && <p className="b">{p.subject}</p>}<p className="rbtext">{p?.text ?? "…"}</p></div>}
        </div>
        {leads && (
          <div className="row wrap">
            <Btn look="primary" disabled={busy || !dirty} onClick={() => void send(words, "robot.template.saved", { subject: x.own ? x.subject : "", text: x.own ? x.text : "" })}>{t("directory.save")}</Btn>
            {dirty && <Btn onClick={() => { setRefused([]); setWords({ subject: x.subject, text: x.text }); }}>{t("robot.discard")}</Btn>}
            {x.own && <Btn icon={IconArrowBackUp} disabled={busy} onClick={() => void send({ subject: "", text: "" }, "robot.template.back", { subject: x.subject, text: x.text })}>{t("robot.template.shipped")}</Btn>}
          </div>
        )}
      </div>
    </section>
  );
}
