// A resident's card: numbers, addresses, tags with their author and term, open tickets, what was merged into it.

import { IconArrowsJoin, IconArrowsSplit, IconEdit, IconNote, IconPlus, IconTag, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { get, post, remove } from "@/api/client";
import type { PersonCard, TagNote } from "@/api/types";
import { Meters } from "@/houses/Meters";
import { Part, TicketLine } from "@/houses/parts";
import { phone } from "@/lib/phone";
import { follow, go } from "@/lib/route";
import { dateOnly } from "@/lib/time";
import { queries } from "@/session";
import { Bones, Btn, Failed, I, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { MergeDialog } from "./MergeDialog";
import { useUndoMerge } from "./merging";
import { PersonDialog } from "./PersonDialog";
import { useWayName } from "./WayFields";

export function PersonPage({ id, leader }: { id: number; leader: boolean }) {
  const { t } = useTranslation();
  const name = useWayName();
  const [over, setOver] = useState<"edit" | "merge" | null>(null);
  const found = useQuery({ queryKey: ["directory", "person", id], queryFn: () => get<PersonCard>(`/people/${id}`) });
  const kept = found.data && found.data.id !== id ? found.data : null;
  useEffect(() => {
    if (!kept) return;
    say(t("directory.person.led"));
    go(`/houses/people/${kept.id}`, { replace: true });
  }, [kept, t]);
  if (found.isPending || kept) return <section className="card"><Bones count={5} height={60} /></section>;
  if (found.isError) return <section className="card"><Failed error={found.error} again={() => void found.refetch()} /></section>;
  const p = found.data;
  return (
    <div className="dircard" tabIndex={0} role="group" aria-label={p.name}>
      <section className="card dirhead">
        <div className="row wrap">
          <h2 className="grow">{p.name}</h2>
          <Btn icon={IconArrowsJoin} onClick={() => setOver("merge")}>{t("directory.person.merge")}</Btn>
          <Btn icon={IconEdit} onClick={() => setOver("edit")}>{t("directory.edit")}</Btn>
        </div>
      </section>
      <div className="dirgrid">
        <Part title={t("directory.person.numbers")}>
          {p.numbers.length === 0 && <p className="dirquiet">{t("directory.person.noNumbers")}</p>}
          {p.numbers.map((n) => <div key={n} className="dirline"><a className="grow" href={`/calls?q=${encodeURIComponent(n)}`} onClick={follow(`/calls?q=${encodeURIComponent(n)}`)}>{phone(n)}</a></div>)}
          <div className="dirline"><span className="grow t2">{t("way.title")}</span><span>{[name(p.notify ?? ""), p.email].filter(Boolean).join(" · ")}</span></div>
        </Part>
        <Part title={t("directory.person.homes")}>
          {p.residences.length === 0 && <p className="dirquiet">{t("directory.person.noHomes")}</p>}
          {p.residences.map((r) => (
            <div key={`${r.house.id} ${r.premise}`} className="dirline">
              <a className="grow" href={`/houses/${r.house.id}`} onClick={follow(`/houses/${r.house.id}`)}>{[r.house.address, r.premise && t("common.flat", { flat: r.premise })].filter(Boolean).join(", ")}</a>
              <span className="t2">{[r.relation, r.organisation].filter(Boolean).join(" · ")}</span>
            </div>
          ))}
        </Part>
        <Tags of={p} again={() => void found.refetch()} />
        <Part title={t("directory.person.open")}>{p.open_tickets.length ? p.open_tickets.map((x) => <TicketLine key={x.number} of={x} />) : <p className="dirquiet">{t("directory.person.noOpen")}</p>}</Part>
      </div>
      {p.residences.filter((r) => r.premise).map((r) => <Meters key={`${r.house.id} ${r.premise}`} houseId={r.house.id} premise={r.premise} title={t("directory.meters.titleAt", { home: `${r.house.address}, ${t("common.flat", { flat: r.premise })}` })} leader={leader} />)}
      {p.merges.length > 0 && <Mergings of={p} />}
      {over === "edit" && <PersonDialog person={p} onClose={() => setOver(null)} onSaved={() => void found.refetch()} />}
      {over === "merge" && <MergeDialog kept={p} onClose={() => setOver(null)} />}
    </div>
  );
}

function Mergings({ of: p }: { of: PersonCard }) {
  const { t } = useTranslation();
  const undo = useUndoMerge();
  return (
    <Part title={t("directory.person.mergedWith")}>
      {p.merges.map((m) => (
        <div key={m.id} className="dirline">
          <span className="grow">{t("directory.person.mergedIs", { name: m.merged_name, numbers: m.numbers, homes: m.residences, notes: m.notes, tickets: m.tickets })}</span>
          <span className="t3 s12">{t("directory.person.by", { author: m.author, date: dateOnly(m.at) })}</span>
          <Btn size="small" icon={IconArrowsSplit} onClick={() => void undo(m.id)}>{t("directory.person.undoMerge")}</Btn>
        </div>
      ))}
    </Part>
  );
}

const TERMS = ["", "7", "30", "365"];

function Tags({ of: p, again }: { of: PersonCard; again: () => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [text, setText] = useState("");
  const [kind, setKind] = useState("tag");
  const [term, setTerm] = useState("");
  const [busy, setBusy] = useState(false);
  const failed = (error: unknown) => say(why(error), { bad: true });
  const add = (e: FormEvent) => {
    e.preventDefault();
    if (!text.trim() || busy) return;
    setBusy(true);
    const ends = term ? new Date(Date.now() + Number(term) * 86_400_000).toISOString() : null;
    post<TagNote>(`/people/${p.id}/notes`, { text: text.trim(), kind, expires_at: ends })
      .then(() => { setText(""); say(t("directory.person.tagSaved")); again(); }, failed)
      .finally(() => setBusy(false));
  };
  const drop = (note: TagNote) => {
    const back = () => void post(`/people/${p.id}/notes/${note.id}/restore`).then(again, failed);
    void remove(`/people/${p.id}/notes/${note.id}`).then(() => { say(t("directory.person.tagGone", { text: note.text }), { act: { word: t("directory.undo"), run: back } }); again(); void queries.invalidateQueries({ queryKey: ["directory", "residents"] }); }, failed);
  };
  return (
    <Part title={t("directory.person.tags")}>
      {p.notes.length === 0 && <p className="dirquiet">{t("directory.person.noTags")}</p>}
      {p.notes.map((n) => (
        <div key={n.id} className="dirline">
          <I of={n.kind === "tag" ? IconTag : IconNote} size={16} className={n.kind === "tag" ? "soon" : "t3"} />
          <span className={n.kind === "tag" ? "grow b" : "grow"}>{n.text}</span>
          <span className="t3 s12">{t("directory.person.by", { author: n.author, date: dateOnly(n.created_at) })} · {n.expires_at ? t("directory.person.until", { date: dateOnly(n.expires_at) }) : t("directory.person.forever")}</span>
          <Btn look="link" icon={IconX} aria-label={t("directory.remove", { what: n.text })} onClick={() => drop(n)} />
        </div>
      ))}
      <form className="row wrap" style={{ padding: "10px 16px" }} onSubmit={add}>
        <div className="field compact"><select aria-label={t("directory.person.kind")} value={kind} onChange={(e) => setKind(e.target.value)}><option value="tag">{t("directory.person.tag")}</option><option value="note">{t("directory.person.note")}</option></select></div>
        <div className="field compact grow" style={{ minWidth: 220 }}><input aria-label={t("directory.person.tagText")} placeholder={t("directory.person.tagText")} value={text} maxLength={200} onChange={(e) => setText(e.target.value)} /></div>
        <div className="field compact"><select aria-label={t("directory.person.term")} value={term} onChange={(e) => setTerm(e.target.value)}>{TERMS.map((x) => <option key={x} value={x}>{t(`directory.person.terms.${x}`, { defaultValue: t("directory.person.forever") })}</option>)}</select></div>
        <button type="submit" className="btn small" disabled={busy || !text.trim()}><I of={IconPlus} size={16} />{t("directory.add")}</button>
      </form>
    </Part>
  );
}
