// One ticket: its way through the statuses, its story, one's own moves, the terms with their why, and who takes part.

import { IconArrowLeft, IconLink, IconPrinter } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Me, Ticket } from "@/api/types";
import { placeOf } from "@/lib/address";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { follow, go } from "@/lib/route";
import { until } from "@/lib/time";
import { Bones, Btn, Failed, Urgency } from "@/ui/pieces";
import { Composer, DropHere, useFiles } from "./Composer";
import { DESK } from "./buttons";
import { ActDialog, LinkDialog } from "./Papers";
import { Facts, FINAL, TermChip, Terms, Who } from "./SideCards";
import { Story } from "./Story";
import { Way } from "./Way";
import { YourMove } from "./YourMove";
import "./ticket.css";

export function TicketPage({ me, number }: { me: Me; number: string }) {
  const { t } = useTranslation();
  const ticket = useQuery({ queryKey: ["ticket", number], queryFn: () => get<Ticket>(`/tickets/${encodeURIComponent(number)}`) });
  const back = () => (history.length > 1 ? history.back() : go("/"));
  useKeys({
    // From a field Escape leads out of the field first.
    Escape: () => {
      const field = document.activeElement;
      if (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement) field.blur();
      else back();
    },
  });
  useEffect(() => {
    document.title = `${number} · ${t("app")}`;
  }, [number, t]);
  if (ticket.isPending) return <Bones count={5} height={72} />;
  // What was read before stays on the screen while the line is down.
  if (!ticket.data) return <div className="card" style={{ flex: 1 }}><Failed error={ticket.error} again={() => void ticket.refetch()} /></div>;
  return <Page key={number} me={me} of={ticket.data} back={back} />;
}

function Page({ me, of: x, back }: { me: Me; of: Ticket; back: () => void }) {
  const writes = me.role !== "inspector";
  const [to, setTo] = useState<"staff" | "resident">("staff");
  const files = useFiles(x.number, to, writes);
  return (
    <div className="ticketpage" {...files.drop}>
      <Head me={me} of={x} back={back} />
      <Way of={x} />
      <div className="ticketgrid">
        <Story me={me} of={x}>
          {writes && <Composer me={me} of={x} to={to} setTo={setTo} take={files.take} />}
        </Story>
        <div className="side">
          {writes && <YourMove me={me} of={x} />}
          <Terms of={x} />
          <Who me={me} of={x} />
          <Facts of={x} />
        </div>
      </div>
      {files.over && <DropHere to={to} />}
    </div>
  );
}

function Head({ me, of: x, back }: { me: Me; of: Ticket; back: () => void }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  const [open, setOpen] = useState<"act" | "link" | null>(null);
  const place = placeOf(x, t);
  const said = [x.applicant.name, x.applicant.number && phone(x.applicant.number)].filter(Boolean).join(", ");
  return (
    <div className="pagehead tickethead">
      <Btn icon={IconArrowLeft} aria-label={t("tickets.back")} title={t("tickets.back")} onClick={back} />
      <div className="grow">
        <div className="row wrap" style={{ gap: "0 12px" }}><span className="t2 b s15">{x.number}</span><h1>{i18n.language === "ru" ? x.classifier.problem_ru : x.classifier.problem_en || x.classifier.problem_ru}</h1><Urgency of={x.urgency} word /></div>
        <p className="t2 s13 about">
          {[place, x.house?.renamed_to && t("ticket.renamed", { address: x.house.renamed_to }), x.classifier.code, said ? t("tickets.said", { name: said }) : t("ticket.unnamed")].filter(Boolean).join(" · ")}
          {x.repeat_of && <> · <a href={`/tickets/${x.repeat_of}`} onClick={follow(`/tickets/${x.repeat_of}`)}>{t("ticket.repeatOf", { number: x.repeat_of })}</a></>}
          {x.paid && <> · {t("ticket.paid")}</>}{x.declined_count > 0 && <> · {t("ticket.declined", { count: x.declined_count })}</>}{x.reopened_count > 0 && <> · {t("ticket.reopened", { count: x.reopened_count })}</>}
        </p>
      </div>
      <div className="row wrap headend">
        {x.postponed && !FINAL.has(x.status) && <span className="chip big soon" title={x.postponed.reason}>{t("ticket.postponedTo", { time: until(x.postponed.until, now) })}</span>}
        {x.interim && !x.interim.done_at && !FINAL.has(x.status) && <span className={`chip big ${Date.parse(x.interim.until) < now ? "danger" : "accent"}`} title={x.interim.text}>{t(Date.parse(x.interim.until) < now ? "ticket.promisedLate" : "ticket.promised", { time: until(x.interim.until, now) })}</span>}
        <TermChip of={x} />
        {me.role !== "inspector" && <Btn icon={IconPrinter} onClick={() => setOpen("act")}>{t("ticket.act")}</Btn>}
        {DESK.has(me.role) && <Btn icon={IconLink} onClick={() => setOpen("link")}>{t("ticket.link")}</Btn>}
      </div>
      {open === "act" && <ActDialog of={x} onClose={() => setOpen(null)} />}
      {open === "link" && <LinkDialog me={me} of={x} onClose={() => setOpen(null)} />}
    </div>
  );
}
