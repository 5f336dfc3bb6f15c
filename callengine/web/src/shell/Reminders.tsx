// Reminders on the screen: the bell with its list, and what has just come, which stays until somebody takes it.

import { IconBell, IconBellRinging, IconCheck, IconChevronDown, IconChevronUp } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Failure, get, post } from "@/api/client";
import type { Me, Reminder, Reminders, TicketReminder } from "@/api/types";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { follow, go } from "@/lib/route";
import { Store } from "@/lib/store";
import { exact, span } from "@/lib/time";
import { folded, isDanger, keyOf, news, setSound, sound, standing, type Sound } from "@/reminders";
import { queries } from "@/session";
import { Dialog } from "@/ui/dialog";
import { Btn, Empty, Faces, I, Keys, Segments, Urgency, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import "./reminders.css";

/** An inspector reads and takes nothing. */
export const isReminded = (me: Me) => me.role !== "inspector";

const useReminders = () => useQuery({ queryKey: ["reminders"], queryFn: () => get<Reminders>("/reminders"), refetchInterval: 60_000 });

const listOpen = new Store(false);
const SEVERAL = 3;
// Their moment is that of a promise; of the others it is when it happened.
const TERMS = new Set(["accept", "localise", "fix", "check", "client", "paid", "postponed", "interim", "promised"]);

const pathOf = (me: Me, number: string) => `${me.role === "executor" ? "/work" : "/tickets"}/${number}`;

function useTake() {
  const { t } = useTranslation();
  const why = useWhy();
  return useMutation({
    mutationFn: (one: Reminder) => post(`/reminders/${one.id}/take`),
    onSuccess: (_, one) => {
      say(t("reminder.taken", { number: one.number }));
      queries.setQueryData<Reminders>(["reminders"], (old) => old && without(old, one.id));
    },
    onError: (error) => say(error instanceof Failure && error.status === 409 ? (error.problem.detail ?? why(error)) : why(error), { bad: true }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["reminders"] }),
  });
}

function without(old: Reminders, id: number): Reminders {
  const gone = old.items.find((x) => x.id === id);
  return gone ? { items: old.items.filter((x) => x.id !== id), count: old.count - 1, danger: old.danger - (isDanger(gone) ? 1 : 0) } : old;
}

// --- the bell ----------------------------------------------------------------------------------------------------

export function Bell({ me, look }: { me: Me; look: "cell" | "btn icon" }) {
  const { t } = useTranslation();
  const list = useReminders();
  const open = listOpen.use();
  const { count = 0, danger = 0 } = list.data ?? {};
  const lost = list.isError && !list.data;
  const name = lost ? t("reminder.failed") : count ? [t("reminder.bellOf", { count }), danger && t("reminder.dangers", { count: danger })].filter(Boolean).join(", ") : t("reminder.bell");
  useKeys({ "Ctrl+KeyB": () => listOpen.set(true) });
  return (
    <>
      <button type="button" className={`${look} bell`} aria-label={name} title={name} aria-haspopup="dialog" aria-keyshortcuts="Control+B" onClick={() => listOpen.set(true)}>
        <I of={count ? IconBellRinging : IconBell} size={20} className={danger || lost ? "danger" : count ? "soon" : "t3"} />
        {(count > 0 || lost) && <span className={danger || lost ? "chip fill" : "chip soon"} aria-hidden>{lost ? "!" : count > 99 ? "99+" : count}</span>}
      </button>
      {open && <List me={me} of={list} onClose={() => listOpen.set(false)} />}
    </>
  );
}

function List({ me, of, onClose }: { me: Me; of: ReturnType<typeof useReminders>; onClose: () => void }) {
  const { t } = useTranslation();
  const data = of.data;
  useKeys({ "Ctrl+KeyB": onClose }, { modal: true });
  return (
    <Dialog title={t("reminder.title")} onClose={onClose} size={640} top>
      <div className="reminders">
        <Faces of={{ ...of, isError: of.isError && !data }} bones={{ count: 3, height: 56 }} empty={data?.items.length === 0 && <Empty icon={IconCheck} title={t("reminder.none")}>{t("reminder.noneLead")}</Empty>}>
          <ul>{data?.items.map((one) => <li key={one.id}><Line me={me} of={one} onOpen={onClose} /></li>)}</ul>
          {data && data.count > data.items.length && <p className="t2 s12">{t("reminder.shown", { shown: data.items.length, count: data.count })}</p>}
        </Faces>
      </div>
      <SoundChoice />
    </Dialog>
  );
}

function SoundChoice() {
  const { t } = useTranslation();
  const wanted = sound.use();
  const options = (["none", "danger", "all"] as const).map<[string, string]>((one) => [one, t(`reminder.sounds.${one}`)]);
  return <div className="row wrap sound"><span className="t2 s13" id="reminder-sound">{t("reminder.sound")}</span><Segments labelledBy="reminder-sound" name="reminder-sound" options={options} value={wanted} onChange={(one) => setSound(one as Sound)} /></div>;
}

function Line({ me, of, onOpen, first = false }: { me: Me; of: TicketReminder & { id?: number }; onOpen?: () => void; first?: boolean }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const take = useTake();
  const path = pathOf(me, of.number);
  const about = t(`ticket.about.${of.about}`, { defaultValue: t("reminder.plain") });
  const passed = (now - Date.parse(of.due_at)) / 1000;
  const late = passed < 1 ? t("reminder.justNow") : t(TERMS.has(of.about) ? "reminder.late" : "reminder.ago", { span: span(passed) });
  const { id } = of;
  return (
    <div className="reminder" data-number={of.number}>
      <Urgency of={of.urgency} />
      <div className="grow">
        <p><a href={path} aria-label={t("reminder.openOf", { number: of.number })} onClick={(e) => { onOpen?.(); follow(path)(e); }}>{of.number}</a> <b>{about}</b> · <span className={isDanger(of) ? "danger" : "soon"} title={exact(of.due_at)}>{late}</span></p>
        <p className="t2 s12 cut">{[of.address, i18n.language === "ru" ? of.problem_ru : of.problem_en].filter(Boolean).join(" · ")}</p>
      </div>
      <span className="row acts">
        <button type="button" className="btn small" aria-keyshortcuts={first ? "F10" : undefined} onClick={() => { onOpen?.(); go(path); }}>{t("reminder.open")}{first && <Keys of="F10" calm />}</button>
        {id !== undefined && <button type="button" className="btn small primary" aria-label={t("reminder.takeOf", { number: of.number, about })} disabled={take.isPending} onClick={() => take.mutate({ ...of, id, at: of.due_at })}>{t("reminder.take")}</button>}
      </span>
    </div>
  );
}

// --- what has just come ------------------------------------------------------------------------------------------

/** Stays until it is taken or settled, and takes the focus from nobody; several stand together. */
export function Reminded({ me }: { me: Me }) {
  const { t } = useTranslation();
  const told = news.use();
  const list = useReminders();
  const left = standing(told, list.data?.items, list.dataUpdatedAt);
  const first = left[0];
  const covered = listOpen.use();
  const small = folded.use();
  useKeys({ F10: () => { if (first) go(pathOf(me, first.number)); } }, { when: first !== undefined });
  if (!first || covered) return null;
  const more = left.length - SEVERAL;
  return (
    <section className={left.some(isDanger) ? "toast reminded bad" : "toast reminded"} aria-label={t("reminder.label")}>
      {/* Said once for each that comes: the seconds below are for the eyes alone. */}
      <p className="sr" role="status">{`${first.number}: ${t(`ticket.about.${first.about}`, { defaultValue: t("reminder.plain") })}`}</p>
      <p className="row b"><I of={IconBellRinging} className={left.some(isDanger) ? "danger" : "soon"} />{t("reminder.several", { count: left.length })}
        <button type="button" className="btn link end" aria-expanded={!small} aria-label={t(small ? "reminder.unfold" : "reminder.fold")} onClick={() => folded.set(!small)}><I of={small ? IconChevronUp : IconChevronDown} size={16} /></button></p>
      {!small && <ul>{left.slice(0, SEVERAL).map((one) => <li key={keyOf(one)}><Line me={me} of={one} first={one === first} /></li>)}</ul>}
      {more > 0 && !small && <Btn size="small" onClick={() => listOpen.set(true)}>{t("reminder.rest", { count: more })}</Btn>}
    </section>
  );
}
