// What is owed now, by the time left: dialled, and by a supervisor chosen by mouse or keys, given away, closed, taken back.

import { IconCircleCheck, IconX } from "@tabler/icons-react";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { DutiesDone, Duty, Me, StaffMember } from "@/api/types";
import { useNow } from "@/lib/clock";
import { field, useKeys } from "@/lib/keys";
import { phone, shortName } from "@/lib/phone";
import { nextDuty, useDuties } from "@/session";
import { ReasonDialog } from "@/ui/dialog";
import { Btn, Empty, Faces, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { AssignDialog } from "./AssignDialog";
import type { Opened } from "./Callbacks";
import { DutyCard } from "./DutyCard";
import { assignAll, closeAll, doneIds, leftOf, reopenAll, type Left } from "./several";

const SCREENFUL = 60; // cards drawn at once: each of them counts down every second

interface Told {
  title: string;
  rows: Left[];
}

export function OpenNow({ me, onOpen }: { me: Me; onOpen: (opened: Opened) => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const duties = useDuties();
  const list = useRef<HTMLUListElement>(null);
  const [at, setAt] = useState<number | null>(null);
  const [marked, setMarked] = useState<ReadonlySet<number>>(new Set());
  const [closing, setClosing] = useState<Duty[] | null>(null);
  const [giving, setGiving] = useState<Duty[] | null>(null);
  const [told, setTold] = useState<Told | null>(null);
  const [most, setMost] = useState(SCREENFUL);
  const items = duties.data?.items ?? [];
  const leader = me.role === "supervisor" || me.role === "administrator";
  const first = nextDuty(items, me.id);
  const index = items.findIndex((d) => d.id === at);
  const drawn = items.slice(0, Math.max(most, index + 1));
  const chosen = items.filter((d) => marked.has(d.id));
  /** What a key or a button is meant for: what is chosen, else the row that the keys stand on, else the first. */
  const meant = chosen.length ? chosen : index >= 0 ? [items[index]!] : items.slice(0, 1);

  const stand = (id: number) => {
    setAt(id);
    requestAnimationFrame(() => list.current?.querySelector(`[data-duty="${id}"]`)?.scrollIntoView({ block: "nearest" }));
  };
  const move = (by: number, extend = false) => {
    const next = items[index < 0 ? 0 : Math.max(0, Math.min(items.length - 1, index + by))];
    if (!next) return;
    if (extend) setMarked((old) => new Set([...old, ...(index < 0 ? [] : [items[index]!.id]), next.id]));
    stand(next.id);
  };
  const mark = (duty: Duty, range = false) => {
    const to = items.findIndex((d) => d.id === duty.id);
    if (range && index >= 0) setMarked((old) => new Set([...old, ...items.slice(Math.min(index, to), Math.max(index, to) + 1).map((d) => d.id)]));
    else setMarked((old) => (old.has(duty.id) ? new Set([...old].filter((id) => id !== duty.id)) : new Set([...old, duty.id])));
    setAt(duty.id);
  };
  const all = () => setMarked(new Set(items.map((d) => d.id)));
  const none = () => setMarked(new Set());
  const open = (d: Duty) => onOpen({ title: phone(d.number), callIds: d.call_ids, dutyId: d.id });

  /** What was left alone stays chosen and is told by number and reason. */
  const tell = (done: DutiesDone, title: string) => {
    const rows = leftOf(done, items, (key, values) => t(key, values));
    setMarked(new Set(done.refused.map((r) => r.id)));
    setTold(rows.length ? { title, rows } : null);
  };
  const failed = (error: unknown) => {
    say(why(error), { bad: true });
    throw error;
  };
  const undo = (ids: number[]) =>
    void reopenAll(ids).then((done) => {
      const back = doneIds(done);
      if (back.length) say(t("bulk.back", { count: back.length }));
      tell(done, t("bulk.notBack"));
    }, (error) => say(why(error), { bad: true }));
  const close = (wanted: Duty[], reason: string) =>
    closeAll(wanted.map((d) => d.id), reason).then((done) => {
      const ids = doneIds(done);
      if (ids.length) say(wanted.length === 1 ? t("duty.closed") : t("bulk.closed", { part: ids.length, count: wanted.length }), { act: { word: t("form.undo"), run: () => undo(ids) } });
      tell(done, t("bulk.notClosed"));
    }, failed);
  const give = (wanted: Duty[], to: StaffMember) =>
    assignAll(wanted.map((d) => d.id), to.id).then((done) => {
      const ids = doneIds(done);
      if (ids.length) say(t("bulk.given", { count: ids.length, name: shortName(to.name) }));
      tell(done, t("bulk.notGiven"));
    }, failed);
  const toggle = () => { const d = items[index] ?? items[0]; if (d) mark(d); };
  useKeys({
    ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: () => (index < 0 ? false : open(items[index]!)),
    ...(leader && items.length > 0 && {
      "Shift+ArrowDown": () => move(1, true), "Shift+ArrowUp": () => move(-1, true), Space: toggle,
      "Ctrl+KeyA": (e: KeyboardEvent) => (field(e.target) ? false : all()),
      KeyA: () => setGiving(meant), KeyX: () => setClosing(meant),
      Escape: () => { if (!marked.size && !told) return false; none(); setTold(null); },
    }),
  });
  return (
    <section className="card" aria-labelledby="open-title">
      <header>
        {leader && items.length > 0 && <label className="mark" title={t("bulk.all")}><input type="checkbox" aria-label={t("bulk.all")} checked={chosen.length === items.length} ref={(box) => { if (box) box.indeterminate = chosen.length > 0 && chosen.length < items.length; }} onChange={() => (chosen.length === items.length ? none() : all())} /></label>}
        <h2 id="open-title">{t("board.open")} <span className="t3">{duties.data ? `${items.length}${duties.data.next ? "+" : ""}` : ""}</span></h2><span className="end t3 s12 cut">{t("board.byLeft")}</span>
      </header>
      {leader && chosen.length > 0 && (
        <div className="marked-bar" role="toolbar" aria-label={t("bulk.chosen", { count: chosen.length })}>
          <b className="s13">{t("bulk.chosen", { count: chosen.length })}</b>
          <span className="end row" style={{ gap: 6 }}>
            <Btn size="small" keys="A" onClick={() => setGiving(chosen)}>{t("bulk.assign")}</Btn>
            <Btn size="small" keys="X" onClick={() => setClosing(chosen)}>{t("duty.close")}</Btn>
          </span>
        </div>
      )}
      {told && (
        <div className="told" role="alert">
          <span className="row"><b className="s13 danger">{told.title}</b><button type="button" className="btn link end" style={{ padding: 0, minWidth: 24 }} aria-label={t("common.dismiss")} onClick={() => setTold(null)}><I of={IconX} size={16} /></button></span>
          <ul className="s12 col" style={{ gap: 2 }}>{told.rows.map((r) => <li key={r.id}><b>{r.number}</b> — {r.why}</li>)}</ul>
        </div>
      )}
      <div className="body" tabIndex={0} role="group" aria-labelledby="open-title">
        <Faces of={duties} bones={{ count: 4, height: 84 }} empty={items.length === 0 && <Empty icon={IconCircleCheck} title={t("board.noOpen")}>{t("board.noOpenLead")}</Empty>}>
          <ul ref={list}>{drawn.map((d) => (
            <DutyCard key={d.id} duty={d} now={now} me={me} first={d === first} current={d.id === at} onOpen={open}
              lead={leader ? { marked: marked.has(d.id), onMark: mark, onClose: (x) => setClosing([x]), onAssign: (x) => setGiving([x]) } : undefined} />
          ))}</ul>
          {items.length > drawn.length && <div className="row" style={{ padding: 10 }}><Btn size="small" onClick={() => setMost(drawn.length + SCREENFUL)}>{t("board.more", { count: Math.min(SCREENFUL, items.length - drawn.length) })}</Btn><span className="t2 s12">{t("board.below", { count: items.length - drawn.length })}</span></div>}
        </Faces>
      </div>
      {closing && <ReasonDialog title={closing.length === 1 ? t("duty.closeTitle", { number: phone(closing[0]!.number) }) : t("bulk.closeTitle", { count: closing.length })} lead={t("duty.closeLead")} act={t("duty.close")} onClose={() => setClosing(null)} onSend={(reason) => close(closing, reason)} />}
      {giving && <AssignDialog duties={giving} all={items} onClose={() => setGiving(null)} onSend={(to) => give(giving, to)} />}
    </section>
  );
}
