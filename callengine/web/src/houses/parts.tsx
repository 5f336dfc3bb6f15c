// What the pages of the directory share: a labelled field, a card with a title, a line of a ticket, where a mistake is.

import { useId, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/client";
import type { OpenTicket } from "@/api/types";
import { useNow } from "@/lib/clock";
import { follow } from "@/lib/route";
import { until } from "@/lib/time";
import { Urgency } from "@/ui/pieces";

export function Labelled({ label, hint, className = "", children }: { label: string; hint?: string; className?: string; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className={`labelled ${className}`}>
      <label htmlFor={id}>{label}</label>
      {children(id)}
      {hint && <span className="hint">{hint}</span>}
    </div>
  );
}

interface TextProps { label: string; value: string; onChange: (text: string) => void; hint?: string; className?: string; type?: string; most?: number; disabled?: boolean; focus?: boolean; auto?: string }

export function TextField({ label, value, onChange, hint, className, type = "text", most = 200, disabled, focus, auto = "off" }: TextProps) {
  return (
    <Labelled label={label} hint={hint} className={className}>
      {(id) => <div className="field"><input id={id} type={type} value={value} maxLength={most} disabled={disabled} autoComplete={auto} data-autofocus={focus || undefined} onChange={(e) => onChange(e.target.value)} /></div>}
    </Labelled>
  );
}

export function Part({ title, end, children }: { title: string; end?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <header className="wrap"><h2 id={id}>{title}</h2>{end && <span className="end row">{end}</span>}</header>
      <div className="body">{children}</div>
    </section>
  );
}

export function TicketLine({ of }: { of: OpenTicket }) {
  const { t, i18n } = useTranslation();
  const now = useNow();
  return (
    <div className="dirline">
      <Urgency of={of.urgency} />
      <a href={`/tickets/${of.number}`} onClick={follow(`/tickets/${of.number}`)}>{of.number}</a>
      <span className="grow">{i18n.language === "ru" ? of.problem_ru : of.problem_en || of.problem_ru}{of.premise && <span className="t3">, {t("common.flat", { flat: of.premise })}</span>}</span>
      <span className="t2 s12">{t(`statusShort.${of.status}`, { defaultValue: of.status })}</span>
      {of.fix_by && <span className={of.overdue ? "danger b s12" : "t3 s12"}>{of.overdue && `${t("tickets.overdue")}, `}{until(of.fix_by, now)}</span>}
    </div>
  );
}

/** The pointer of the first mistake: "/numbers/1" says where to look. */
export function pointerOf(error: unknown): string {
  const first = error instanceof Failure ? error.problem.errors?.[0] : undefined;
  return typeof first?.pointer === "string" ? first.pointer.replace(/^#/, "") : "";
}

export const parts = (text: string): string[] => text.split(",").map((one) => one.trim()).filter(Boolean);
export const whole = (text: string): number | null => (text.trim() ? Number(text) : null);
