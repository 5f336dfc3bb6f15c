// How somebody is told of his tickets: one choice, and an address where letters were chosen.

import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { NotifyWay, WaysThere } from "@/api/types";

export type Way = NonNullable<NotifyWay["notify"]>;
const ALL: Way[] = ["", "sms", "push", "call", "email", "none"];

/** Without an at sign and a dot behind it the engine refuses it; the rest is the engine's to say. */
export const looksLikeEmail = (text: string) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text.trim());

const useWays = () => useQuery({ queryKey: ["ways"], queryFn: () => get<WaysThere>("/notify/ways"), staleTime: 300_000 });

export function useWayName(): (way: string) => string {
  const { t } = useTranslation();
  return (way) => t(`way.of.${way || "asEver"}`, { defaultValue: way });
}

interface Props { way: Way; email: string; onChange: (some: { way?: Way; email?: string }) => void; card?: { notify?: Way; email?: string } | null; compact?: boolean }

/** `card`: the person's own choice, which stands where nothing is chosen here. */
export function WayFields({ way, email, onChange, card, compact = false }: Props) {
  const { t } = useTranslation();
  const name = useWayName();
  const ways = useWays();
  const there = ways.data?.ways;
  // What the service has not got is offered only where it is chosen already.
  const offered = ALL.filter((one) => one === "" || one === "none" || one === way || !there || there.includes(one));
  const word = (one: Way) => (one === "" && card?.notify ? t("way.byCard", { way: name(card.notify) }) : one && one !== "none" && there && !there.includes(one) ? t("way.notHere", { way: name(one) }) : name(one));
  // An address half written would stand in the way of saving where nobody sees it.
  const choose = (next: Way) => onChange({ way: next, ...(next !== "email" && email.trim() && !looksLikeEmail(email) && { email: "" }) });
  const field = compact ? "field compact" : "field";
  const lead = way === "none" ? t("way.noneLead") : way === "push" ? t("way.pushLead") : "";
  return (
    <div className="row wrap" style={{ gap: 8 }}>
      <label className={field}><span className="t3 s12" style={{ whiteSpace: "nowrap" }}>{t("way.title")}</span><select aria-label={t("way.label")} value={way} onChange={(e) => choose(e.target.value as Way)}>{offered.map((one) => <option key={one} value={one}>{word(one)}</option>)}</select></label>
      {way === "email" && <div className={field} style={{ flex: "1 1 180px" }}><input type="email" aria-label={t("way.email")} placeholder={card?.email || t("way.email")} aria-invalid={Boolean(email.trim() || !card?.email) && !looksLikeEmail(email)} maxLength={254} value={email} onChange={(e) => onChange({ email: e.target.value })} /></div>}
      {lead && <span className="t3 s12">{lead}</span>}
    </div>
  );
}

/** Whether what is chosen can be sent. */
export const wayReady = (way: Way, email: string, card?: { email?: string } | null) => (email.trim() ? looksLikeEmail(email) : way !== "email" || Boolean(card?.email));
