// Words at moments of a recording: flags over the wave, a list below it; a supervisor writes them where the sound stands.

import { IconFlag, IconPlus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { get, post, remove } from "@/api/client";
import type { Me, Page, RecordingMark } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { shortName } from "@/lib/phone";
import { clock, exact } from "@/lib/time";
import { queries } from "@/session";
import { Btn, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

export const useMarks = (id: number, when = true) => useQuery({ enabled: when, queryKey: ["recording", id, "marks"], queryFn: () => get<Page<RecordingMark>>(`/recordings/${id}/marks`) });

export function Flags({ marks, seconds, onGo }: { marks: RecordingMark[]; seconds: number; onGo: (at: number) => void }) {
  if (!seconds) return null;
  return (
    <>
      {marks.map((m) => (
        <button key={m.id} type="button" className="flag" tabIndex={-1} aria-hidden title={`${clock(m.at_seconds)} ${m.text}`} style={{ left: `${Math.min(100, (m.at_seconds / seconds) * 100)}%` }} onClick={() => onGo(m.at_seconds)}><I of={IconFlag} size={12} /></button>
      ))}
    </>
  );
}

interface Props {
  id: number;
  marks: RecordingMark[];
  at: number;
  me?: Me;
  keys: boolean;
  onGo: (at: number) => void;
}

export function Marks({ id, marks, at, me, keys, onGo }: Props) {
  const { t } = useTranslation();
  const why = useWhy();
  const leader = me?.role === "supervisor" || me?.role === "administrator";
  const [writing, setWriting] = useState<number | null>(null);
  const begin = () => setWriting(at);
  useKeys({ KeyM: begin }, { when: keys && leader && writing === null });
  const fresh = () => queries.invalidateQueries({ queryKey: ["recording", id, "marks"] });
  const drop = (mark: RecordingMark) =>
    void remove(`/recordings/${id}/marks/${mark.id}`).then(() => {
      void fresh();
      say(t("marks.removed"), { act: { word: t("form.undo"), run: () => void post(`/recordings/${id}/marks/${mark.id}/restore`).then(fresh, (e: unknown) => say(why(e), { bad: true })) } });
    }, (e: unknown) => say(why(e), { bad: true }));
  if (!leader && marks.length === 0) return null;
  return (
    <div className="marks" role="group" aria-label={t("marks.title")}>
      {marks.length > 0 && (
        <ul>
          {marks.map((m) => (
            <li key={m.id} className="row s12">
              <button type="button" className="btn link" style={{ padding: 0, minWidth: 40, justifyContent: "flex-start" }} aria-label={t("marks.go", { time: clock(m.at_seconds), text: m.text })} onClick={() => onGo(m.at_seconds)}>{clock(m.at_seconds)}</button>
              <span style={{ overflowWrap: "anywhere" }}>{m.text}</span>
              <span className="end t3" style={{ whiteSpace: "nowrap" }} title={exact(m.created_at)}>{shortName(m.author)}</span>
              {leader && <button type="button" className="btn link" style={{ padding: 0, minWidth: 24 }} aria-label={t("marks.remove", { text: m.text })} title={t("marks.take")} onClick={() => drop(m)}><I of={IconX} size={14} /></button>}
            </li>
          ))}
        </ul>
      )}
      {leader && (writing === null ? <div><Btn size="small" icon={IconPlus} keys={keys ? "M" : undefined} onClick={begin}>{t("marks.add", { time: clock(at) })}</Btn></div> : <Writing id={id} at={writing} onDone={() => { setWriting(null); void fresh(); }} onLeave={() => setWriting(null)} />)}
    </div>
  );
}

function Writing({ id, at, onDone, onLeave }: { id: number; at: number; onDone: () => void; onLeave: () => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const save = (e: FormEvent) => {
    e.preventDefault();
    if (!text.trim() || busy) return;
    setBusy(true);
    void post<RecordingMark>(`/recordings/${id}/marks`, { at_seconds: Math.round(at * 10) / 10, text: text.trim() }).then(onDone, (error: unknown) => { setBusy(false); say(why(error), { bad: true }); });
  };
  return (
    <form className="row" onSubmit={save}>
      <b className="s12">{clock(at)}</b>
      <div className="field compact grow"><input ref={input} aria-label={t("marks.text", { time: clock(at) })} placeholder={t("marks.placeholder")} maxLength={500} value={text} onChange={(e) => setText(e.target.value)} onKeyDown={(e) => { if (e.key === "Escape") { e.stopPropagation(); onLeave(); } }} /></div>
      <Btn type="submit" size="small" look="primary" disabled={!text.trim() || busy} keys="Enter">{t("common.save")}</Btn>
      <Btn size="small" keys="Esc" onClick={onLeave}>{t("common.cancel")}</Btn>
    </form>
  );
}
