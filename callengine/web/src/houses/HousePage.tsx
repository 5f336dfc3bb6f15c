// One house: what is open there, who serves it, its doors; its people are shown when asked for, and the log knows.

import { IconAlertTriangleFilled, IconCalendarEvent, IconEdit, IconListDetails, IconUsers } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { HouseCard, Page, Person, PremiseView } from "@/api/types";
import { useNow } from "@/lib/clock";
import { phone } from "@/lib/phone";
import { follow, go } from "@/lib/route";
import { dateOnly, until } from "@/lib/time";
import { Bones, Btn, Failed, I } from "@/ui/pieces";
import { HouseDialog } from "./HouseDialog";
import { Meters } from "./Meters";
import { Part, TicketLine } from "./parts";

const AT_ONCE = 200;

export function HousePage({ id, leader }: { id: number; leader: boolean }) {
  const { t } = useTranslation();
  const [editing, setEditing] = useState(false);
  const found = useQuery({ queryKey: ["directory", "house", id], queryFn: () => get<HouseCard>(`/houses/${id}`) });
  if (found.isPending) return <section className="card"><Bones count={6} height={60} /></section>;
  if (found.isError) return <section className="card"><Failed error={found.error} again={() => void found.refetch()} /></section>;
  const h = found.data;
  const all = `/tickets?house_id=${h.id}&status=all`;
  return (
    <div className="dircard" tabIndex={0} role="group" aria-label={h.address}>
      <section className="card dirhead">
        <div className="row wrap">
          <h2 className="grow">{h.address}</h2>
          <Btn icon={IconListDetails} onClick={() => go(all)}>{t("directory.house.allTickets")}</Btn>
          {leader && <Btn icon={IconEdit} onClick={() => setEditing(true)}>{t("directory.edit")}</Btn>}
        </div>
        {h.former_names.length > 0 && <p className="t2 s13">{h.former_names.map((n) => t("directory.former", { address: t("directory.formerUntil", { address: n.address, date: dateOnly(n.until) }) })).join("; ")}</p>}
        <div className="row wrap">
          {h.district && <span className="chip">{h.district}</span>}
          {h.floors !== null && <span className="chip">{t("directory.house.floorsIs", { count: h.floors })}</span>}
          {h.entrances !== null && <span className="chip">{t("directory.house.entrancesIs", { count: h.entrances })}</span>}
          <span className="chip">{t("directory.house.knownPeople", { count: h.people })}</span>
          {h.features.map((f) => <span key={f} className="chip">{f}</span>)}
        </div>
      </section>
      <div className="dirgrid">
        <Part title={t("directory.house.open")}>{h.open_tickets.length ? h.open_tickets.map((x) => <TicketLine key={x.number} of={x} />) : <p className="dirquiet">{t("directory.house.noOpen")}</p>}</Part>
        <Incidents of={h} />
        <Services of={h} />
        <Doors of={h.premises} />
      </div>
      <Residents house={h} />
      <Meters houseId={h.id} title={t("directory.meters.title")} leader={leader} />
      {editing && <HouseDialog house={h} onClose={() => setEditing(false)} onSaved={() => void found.refetch()} />}
    </div>
  );
}

function Incidents({ of: h }: { of: HouseCard }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  return (
    <Part title={t("directory.house.incidents")}>
      {h.incidents.length === 0 && <p className="dirquiet">{t("directory.house.noIncidents")}</p>}
      {h.incidents.map((x) => (
        <div key={x.id} className="dirline">
          <I of={x.kind === "accident" ? IconAlertTriangleFilled : IconCalendarEvent} size={17} className={x.kind === "accident" ? "danger" : "t3"} />
          <span className="grow"><span className="b">{(i18n.language !== "ru" && x.title_en) || x.title}</span>{x.cause && <span className="t2"> · {x.cause}</span>}</span>
          <span className="t3 s12">{t(`directory.house.${x.kind}`)}{x.promised_at && `, ${t("directory.house.promised", { time: until(x.promised_at, now) })}`}</span>
        </div>
      ))}
    </Part>
  );
}

function Services({ of: h }: { of: HouseCard }) {
  const { t } = useTranslation();
  return (
    <Part title={t("directory.house.services")}>
      {h.services.length === 0 && <p className="dirquiet"><b>{t("directory.house.noServices")}.</b> {t("directory.house.noServicesLead")}</p>}
      {h.services.map((x) => (
        <div key={x.contract} className="dirline">
          <span className="grow"><span className="b">{x.organisation.name}</span>{x.organisation.phone && <span className="t2"> · {phone(x.organisation.phone)}</span>}</span>
          <span className="t3 s12">{[t(`contracts.kinds.${x.kind}`, { defaultValue: x.kind }), t("directory.house.contract", { code: x.contract }), x.branch && t("directory.house.branch", { branch: x.branch }), x.everywhere && t("directory.house.everywhere"), x.valid_until && t("directory.house.until", { date: dateOnly(x.valid_until) })].filter(Boolean).join(", ")}</span>
        </div>
      ))}
    </Part>
  );
}

function Doors({ of: premises }: { of: PremiseView[] }) {
  const { t } = useTranslation();
  const entrances = [...new Set(premises.map((p) => p.entrance))];
  return (
    <Part title={t("directory.house.premises")} end={premises.length > 0 && <span className="t3 s12">{t("directory.house.premisesIs", { count: premises.length })}</span>}>
      {premises.length === 0 && <p className="dirquiet"><b>{t("directory.house.noPremises")}.</b> {t("directory.house.noPremisesLead")}</p>}
      {entrances.map((n) => (
        <div key={n ?? 0}>
          <h3 className="dirsub">{n === null ? t("directory.house.noEntrance") : t("directory.house.entrance", { n })}</h3>
          <ul className="doors">
            {premises.filter((p) => p.entrance === n).map((p) => (
              <li key={p.id} className={p.people ? "chip accent" : "chip"} title={[t(`directory.house.kind.${p.kind}`), p.floor !== null && t("directory.house.floor", { n: p.floor }), p.people && t("directory.house.knownPeople", { count: p.people })].filter(Boolean).join(", ")}>
                {p.number}{p.kind !== "flat" && ` · ${t(`directory.house.kind.${p.kind}`)}`}
              </li>
            ))}
          </ul>
        </div>
      ))}
    </Part>
  );
}

function Residents({ house }: { house: HouseCard }) {
  const { t } = useTranslation();
  const [asked, setAsked] = useState(false);
  const found = useInfiniteQuery({
    queryKey: ["directory", "residents", house.id], enabled: asked,
    queryFn: ({ pageParam }) => get<Page<Person>>(`/houses/${house.id}/residents`, { limit: AT_ONCE, cursor: pageParam }),
    initialPageParam: "", getNextPageParam: (p) => p.next ?? undefined,
  });
  const home = (p: Person) => p.residences.find((r) => r.house.id === house.id);
  return (
    <Part title={t("directory.house.residents")} end={<span className="t3 s12">{t("directory.house.logged")}</span>}>
      {house.people === 0 ? <p className="dirquiet"><b>{t("directory.house.noResidents")}.</b> {t("directory.house.noResidentsLead")}</p>
        : !asked ? <div className="dirquiet"><Btn icon={IconUsers} onClick={() => setAsked(true)}>{t("directory.house.show")}</Btn></div>
          : found.isPending ? <Bones count={5} height={28} />
            : found.isError ? <Failed error={found.error} again={() => void found.refetch()} />
              : found.data.pages.flatMap((page) => page.items).map((p) => (
                <div key={p.id} className="dirline">
                  <span className="b" style={{ minWidth: 64 }}>{home(p)?.premise ? t("common.flat", { flat: home(p)?.premise }) : t("directory.house.withoutFlat")}</span>
                  <a className="grow" href={`/houses/people/${p.id}`} onClick={follow(`/houses/people/${p.id}`)}>{p.name}</a>
                  {p.notes.filter((n) => n.kind === "tag").map((n) => <span key={n.id} className="chip soon">{n.text}</span>)}
                  <span className="t2">{home(p)?.relation}</span>
                  <span className="t2">{p.numbers.map(phone).join(", ")}</span>
                </div>
              ))}
      {found.hasNextPage && <div className="row" style={{ padding: 12 }}><Btn disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t("list.more")}</Btn></div>}
    </Part>
  );
}
