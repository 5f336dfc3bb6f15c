// Where one writes into the story: for the staff or for the resident, with files picked, dropped or pasted.

import { IconPaperclip, IconX } from "@tabler/icons-react";
import { useEffect, useId, useRef, useState, type DragEvent, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { newKey, post } from "@/api/client";
import type { Me, Ticket, TicketComment } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { queries } from "@/session";
import { Btn, I, Segments, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { again, forget, send, uploads } from "./uploads";

type To = "staff" | "resident";
const place = (number: string) => `callengine.words.${number}`;

/** Wraps the story, since a photo may be dropped anywhere on it. */
export function useFiles(number: string, to: To, may: boolean): { over: boolean; take: (files: FileList | readonly File[] | null) => void; drop: Record<string, (e: DragEvent) => void> } {
  const { t } = useTranslation();
  const [over, setOver] = useState(false);
  const take = (files: FileList | readonly File[] | null) => {
    if (may && files?.length) send(number, [...files], { public: to === "resident" }, (name) => say(t("ticket.attached", { name })));
  };
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    if (!may) return;
    const paste = (e: ClipboardEvent) => {
      if (!e.clipboardData?.files.length || document.querySelector("[role=dialog]")) return;
      e.preventDefault();
      latest.current(e.clipboardData.files);
    };
    addEventListener("paste", paste);
    return () => removeEventListener("paste", paste);
  }, [may]);
  const carries = (e: DragEvent) => may && e.dataTransfer.types.includes("Files");
  return {
    over, take,
    drop: {
      onDragOver: (e) => { if (carries(e)) { e.preventDefault(); setOver(true); } },
      onDragLeave: (e) => { if (!e.currentTarget.contains(e.relatedTarget as Node | null)) setOver(false); },
      onDrop: (e) => { if (!carries(e)) return; e.preventDefault(); setOver(false); take(e.dataTransfer.files); },
    },
  };
}

export function Composer({ of: x, to, setTo, take }: { me: Me; of: Ticket; to: To; setTo: (to: To) => void; take: (files: FileList | null) => void }): ReactNode {
  const { t } = useTranslation();
  const why = useWhy();
  const id = useId();
  const [text, setText] = useState(() => sessionStorage.getItem(place(x.number)) ?? "");
  const [busy, setBusy] = useState(false);
  const key = useRef({ wish: "", key: "" });
  const picker = useRef<HTMLInputElement>(null);
  const mine = uploads.use().filter((one) => one.number === x.number);
  const write = (words: string) => {
    setText(words);
    if (words) sessionStorage.setItem(place(x.number), words);
    else sessionStorage.removeItem(place(x.number));
  };
  const put = async () => {
    const body: TicketComment = { text: text.trim(), public: to === "resident" };
    if (!body.text || busy) return;
    const wish = JSON.stringify(body);
    if (key.current.wish !== wish) key.current = { wish, key: newKey() };
    setBusy(true);
    try {
      await post(`/tickets/${encodeURIComponent(x.number)}/comments`, body, key.current.key);
      key.current = { wish: "", key: "" };
      write("");
      await queries.invalidateQueries({ queryKey: ["ticket", x.number] });
      say(t("ticket.sent"));
    } catch (error) {
      say(why(error), { bad: true });
    } finally {
      setBusy(false);
    }
  };
  useKeys({ "Ctrl+Enter": () => (text.trim() ? void put() : false) });
  return (
    <div className="composer">
      {mine.length > 0 && (
        <ul className="col" style={{ gap: 4 }}>
          {mine.map((one) => (
            <li key={one.id} className="row s13" role="status">
              {one.failed ? (
                <><span className="danger grow">{t("ticket.waiting", { name: one.name, why: why(one.failed) })}</span><Btn size="small" onClick={() => void again(one, (name) => say(t("ticket.attached", { name })))}>{t("ticket.again")}</Btn><Btn size="small" icon={IconX} aria-label={t("ticket.forget")} title={t("ticket.forget")} onClick={() => forget(one.id)} /></>
              ) : (
                <><span className="cut" style={{ maxWidth: "50%" }}>{t("ticket.sending", { name: one.name })}</span><progress className="grow" max={1} value={one.share} aria-label={t("ticket.sending", { name: one.name })} /><span className="t2 s12 num" style={{ width: 40 }}>{Math.round(one.share * 100)} %</span></>
              )}
            </li>
          ))}
        </ul>
      )}
      <div className="row wrap writing">
        <Segments label={t("ticket.write")} name={`${id}-to`} options={[["staff", t("ticket.toStaff")], ["resident", t("ticket.toResident")]]} value={to} onChange={(one) => setTo(one as To)} />
        <textarea className={`area grow ${to}`} rows={1} maxLength={10_000} aria-label={t("ticket.write")} placeholder={t(to === "staff" ? "ticket.staffHint" : "ticket.residentHint")} value={text} onChange={(e) => write(e.target.value)} />
        <Btn icon={IconPaperclip} size="main" onClick={() => picker.current?.click()}>{t("ticket.file")}</Btn>
        <input ref={picker} type="file" multiple hidden data-testid="file" onChange={(e) => { take(e.target.files); e.target.value = ""; }} />
        <Btn size="main" keys="Ctrl Enter" disabled={busy || !text.trim()} onClick={() => void put()}>{t("ticket.send")}</Btn>
      </div>
    </div>
  );
}

export function DropHere({ to }: { to: To }) {
  const { t } = useTranslation();
  return <div className="drophere" aria-hidden><I of={IconPaperclip} size={28} />{t("ticket.drop", { who: t(to === "staff" ? "ticket.forStaff" : "ticket.forResident") })}</div>;
}
