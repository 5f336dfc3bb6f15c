// A caller of a matter that is open already: his call joins that ticket, and no second one is written.

import { IconUsersPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { post, remove } from "@/api/client";
import type { CallerCard, JoinTicket, Page, TicketJoined } from "@/api/types";
import { useKeys } from "@/lib/keys";
import type { Mine } from "@/mine";
import { queries } from "@/session";
import { Dialog } from "@/ui/dialog";
import { Btn, Keys, Urgency, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

export interface Matter {
  number: string;
  title: { ru: string; en: string };
  urgency: string;
  premise: string;
  accident: boolean;
}

const PRESSING = ["life", "emergency", "urgent"];

/** The open tickets that this call may be about: the house's accident first, then by urgency. */
function mattersOf(card: CallerCard | null): Matter[] {
  if (!card) return [];
  const accidents = card.incidents.filter((i) => i.kind === "accident" && i.ticket_number).map((i): Matter => ({ number: i.ticket_number!, title: { ru: i.title, en: i.title_en || i.title }, urgency: "emergency", premise: "", accident: true }));
  const known = new Set(accidents.map((m) => m.number));
  const rank = (m: Matter) => (PRESSING.indexOf(m.urgency) + PRESSING.length + 1) % (PRESSING.length + 1);
  const others = card.open_tickets.filter((x) => !known.has(x.number)).map((x): Matter => ({ number: x.number, title: { ru: x.problem_ru, en: x.problem_en }, urgency: x.urgency, premise: x.premise, accident: false }));
  return [...accidents, ...others.sort((a, b) => rank(a) - rank(b))];
}

export function JoinCall({ own }: { own: Mine }) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const [choosing, setChoosing] = useState(false);
  const talked = own.phase === "talking" || own.phase === "hold" || (own.phase === "after" && own.call.answered_at !== null);
  const matters = talked ? mattersOf(own.card).filter((m) => !own.call.ticket_numbers.includes(m.number)) : [];
  const title = (m: Matter) => (i18n.language === "ru" ? m.title.ru : m.title.en);
  const fresh = () => {
    void queries.invalidateQueries({ queryKey: ["tickets"] });
    void queries.invalidateQueries({ queryKey: ["ticket"] });
    void queries.invalidateQueries({ queryKey: ["applicants"] });
  };
  const undo = (number: string, id: number) => void remove(`/tickets/${number}/applicants/${id}`).then(() => { fresh(); say(t("join.undone", { number })); }, (e: unknown) => say(why(e), { bad: true }));
  const join = (number: string, text = "") => {
    const person = own.card?.candidates.find((p) => p.id === own.person);
    const body: JoinTicket = { applicant: { number: own.call.number, name: person?.name ?? "", person_id: person?.id ?? null }, premise: person?.residences[0]?.premise ?? "", text, call_id: own.call.id };
    return post<Page<TicketJoined>>(`/tickets/${number}/applicants`, body).then(
      ({ items: [made] }) => {
        fresh();
        if (made) say(t("join.done", { number }), { act: { word: t("form.undo"), run: () => undo(number, made.id) } });
        else say(t("join.already", { number }));
      },
      (e: unknown) => { say(why(e), { bad: true }); throw e; },
    );
  };
  const [first] = matters;
  // One accident at the house: one press. It is undone, not asked about.
  const act = () => (matters.length === 1 ? void join(first!.number).catch(() => undefined) : setChoosing(true));
  useKeys({ "Shift+F3": act }, { when: matters.length > 0 });
  if (!first) return null;
  return (
    <div className="joinbar">
      <span className="t2 s12 cut">{t(first.accident ? "join.accident" : "join.open", { number: first.number })}</span>
      <Btn size="small" icon={IconUsersPlus} keys="⇧F3" className="end" onClick={act}>{t("join.join")}</Btn>
      {choosing && <Choose matters={matters} title={title} onClose={() => setChoosing(false)} onJoin={join} />}
    </div>
  );
}

function Choose({ matters, title, onClose, onJoin }: { matters: Matter[]; title: (m: Matter) => string; onClose: () => void; onJoin: (number: string, text: string) => Promise<unknown> }) {
  const { t } = useTranslation();
  const [at, setAt] = useState(0);
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const join = (m: Matter | undefined) => {
    if (!m || busy) return;
    setBusy(true);
    void onJoin(m.number, text.trim()).then(onClose, () => setBusy(false));
  };
  useKeys({
    ArrowDown: () => setAt((n) => Math.min(n + 1, matters.length - 1)), ArrowUp: () => setAt((n) => Math.max(n - 1, 0)), Enter: () => join(matters[at]), "Ctrl+Enter": () => join(matters[at]),
    ...Object.fromEntries(matters.slice(0, 9).map((m, i) => [`Digit${i + 1}`, () => join(m)])),
  }, { modal: true });
  return (
    <Dialog title={t("join.title")} onClose={onClose} size={560}>
      <p className="t2 s13" style={{ marginBottom: 10 }}>{t("join.lead")}</p>
      <ul role="listbox" tabIndex={0} data-autofocus aria-label={t("join.title")} aria-activedescendant={`matter-${at}`} className="suggest" style={{ maxHeight: 320 }}>
        {matters.map((m, i) => (
          <li key={m.number} id={`matter-${i}`} role="option" aria-selected={i === at} onMouseEnter={() => setAt(i)} onClick={() => join(m)} style={{ minHeight: 40 }}>
            <Urgency of={m.urgency} />
            <span className="grow cut"><b>{m.number}</b> {title(m)}{m.premise && <span className="t3"> · {t("common.flat", { flat: m.premise })}</span>}</span>
            {m.accident && <span className="chip danger">{t("urgency.emergency")}</span>}
            {i < 9 && <Keys of={String(i + 1)} calm />}
          </li>
        ))}
      </ul>
      <label className="col" style={{ marginTop: 12 }}><span className="b s13">{t("join.words")}</span><textarea className="area" rows={2} maxLength={1000} value={text} onChange={(e) => setText(e.target.value)} placeholder={t("join.wordsPlaceholder")} /></label>
      <div className="row" style={{ marginTop: 12 }}><Btn look="primary" size="main" icon={IconUsersPlus} keys="Ctrl Enter" disabled={busy} onClick={() => join(matters[at])}>{t("join.join")}</Btn><Btn size="main" keys="Esc" onClick={onClose}>{t("common.cancel")}</Btn></div>
    </Dialog>
  );
}
