// The same matter at the same house, or without one the nearest by words: an open ticket is joined, an ended one may be what this one repeats.

import { IconRepeat, IconUsersPlus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { ClassifierProblem, House, OpenTicket, Page, TicketRow } from "@/api/types";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { follow } from "@/lib/route";
import { mine } from "@/mine";
import { At, Btn, I, useWhy } from "@/ui/pieces";

const ENDED = ["closed", "cancelled"];

interface SimilarProps {
  entry: ClassifierProblem;
  /** null: it has no house, and `place` says where it is. */
  house: House | null;
  place: string;
  parent: string;
  onParent: (number: string) => void;
  onJoin: (number: string) => void;
}

const SHOWN = 5;

/** Those that share words with the place first; the engine's order else. */
function nearest(rows: TicketRow[], place: string): TicketRow[] {
  const words = (text: string) => text.toLowerCase().replaceAll("ё", "е").split(/[^\p{L}\p{N}]+/u).filter((word) => word.length > 2);
  const said = new Set(words(place));
  const shared = (row: TicketRow) => words(row.place).filter((word) => said.has(word)).length;
  return [...rows].sort((a, b) => shared(b) - shared(a)).slice(0, SHOWN);
}

export function Similar({ entry, house, place, parent, onParent, onJoin }: SimilarProps) {
  const { t } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const own = mine.use();
  const same = useQuery({ queryKey: ["tickets", "same", house?.id ?? 0, entry.code], queryFn: () => get<Page<TicketRow>>("/tickets", { ...(house ? { house_id: house.id, limit: 5 } : { houseless: true, status: "open", limit: 50 }), classifier: entry.code, sort: "newest" }), staleTime: 15_000 });
  const around = useQuery({ queryKey: ["tickets", "house", house?.id], enabled: house !== null, queryFn: () => get<Page<OpenTicket>>(`/houses/${house!.id}/tickets`), staleTime: 15_000 });
  const items = nearest((same.data?.items ?? []).filter((x) => (x.house?.id ?? 0) === (house?.id ?? 0) && x.classifier.code === entry.code), house ? "" : place);
  const open = items.filter((x) => !ENDED.includes(x.status));
  const known = new Set(items.map((x) => x.number));
  const others = (around.data?.items ?? []).filter((x) => !known.has(x.number)).length;
  const first = open[0]?.number;
  // In a talk these keys belong to the call's own panel.
  useKeys({ "Shift+F3": () => onJoin(first!) }, { when: Boolean(first) && own === null });
  if (same.isError) return <p className="danger s12" role="alert">{t("ticketForm.similarFailed")}: {why(same.error)} <Btn look="link" size="small" onClick={() => void same.refetch()}>{t("list.repeat")}</Btn></p>;
  return (
    <>
      {parent && !known.has(parent) && <p className="row s12"><I of={IconRepeat} size={14} />{t("ticketForm.isRepeat", { number: parent })}<Btn look="link" size="small" icon={IconX} onClick={() => onParent("")}>{t("ticketForm.notRepeat")}</Btn></p>}
      {items.length > 0 && (
        <section className={open.length ? "similar open" : "similar"} aria-labelledby="similar-title">
          <h4 id="similar-title" className="b s12">{open.length ? t("ticketForm.similarOpen", { count: open.length }) : t("ticketForm.similar")}</h4>
          <ul>
            {[...open, ...items.filter((x) => ENDED.includes(x.status))].map((x) => (
              <li key={x.number}>
                <span className="grow cut s13"><a href={`/tickets/${x.number}`} onClick={follow(`/tickets/${x.number}`)}>{x.number}</a> <span className="t2 s12">{[x.place || (x.premise && t("common.flat", { flat: x.premise })), t(`statusShort.${x.status}`, { defaultValue: x.status }), x.applicant_count > 1 && t("ticketForm.applicants", { count: x.applicant_count })].filter(Boolean).join(" · ")} · <At at={x.created_at} now={now} /></span></span>
                {!ENDED.includes(x.status) && <Btn size="small" icon={IconUsersPlus} keys={x.number === first && own === null ? "⇧F3" : undefined} onClick={() => onJoin(x.number)}>{t("ticketForm.join")}<span className="sr"> {x.number}</span></Btn>}
                <Btn size="small" className={parent === x.number ? "unknown on" : "unknown"} icon={IconRepeat} aria-pressed={parent === x.number} onClick={() => onParent(parent === x.number ? "" : x.number)}>{t("ticketForm.repeat")}<span className="sr"> {x.number}</span></Btn>
              </li>
            ))}
          </ul>
        </section>
      )}
      {house && others > 0 && <p className="s12"><a href={`/tickets?house_id=${house.id}&status=open`} onClick={follow(`/tickets?house_id=${house.id}&status=open`)}>{t("ticketForm.otherOpen", { count: others })}</a></p>}
    </>
  );
}
