// The small pieces that every room uses: keys, buttons, the three faces of a list, times, urgency.

import {
  IconAlertTriangleFilled, IconCircle, IconClockBolt, IconInfoCircle, IconRefresh, IconUrgent, IconCalendarEvent, type Icon,
} from "@tabler/icons-react";
import type { ButtonHTMLAttributes, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/client";
import { exact, when } from "@/lib/time";

const STROKE = 1.75;

export function I({ of: Shape, size = 18, ...rest }: { of: Icon; size?: number; className?: string }) {
  return <Shape size={size} stroke={STROKE} aria-hidden {...rest} />;
}

/** Keys as printed: `Ctrl Enter` is two caps. */
export function Keys({ of, calm = false }: { of: string; calm?: boolean }) {
  return (
    <span className="keys" aria-hidden>
      {of.split(" ").map((k) => <kbd key={k} className={calm ? "key calm" : "key"}>{k}</kbd>)}
    </span>
  );
}

interface BtnProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: "plain" | "primary" | "green" | "red" | "link";
  size?: "small" | "normal" | "main";
  icon?: Icon;
  keys?: string;
}

export function Btn({ look = "plain", size = "normal", icon, keys, children, className = "", ...rest }: BtnProps) {
  const only = children === undefined ? " icon" : "";
  return (
    <button type="button" className={`btn ${look} ${size}${only} ${className}`} aria-keyshortcuts={keys?.replace("⇧", "Shift+").replaceAll(" ", "+")} {...rest}>
      {icon && <I of={icon} size={size === "small" ? 16 : 18} />}
      {children}
      {keys && <Keys of={keys} />}
    </button>
  );
}

/** Why something failed, in the reader's words where we have them. */
export function useWhy(): (error: unknown) => string {
  const { t } = useTranslation();
  return (error) => {
    if (!(error instanceof Failure)) return t("error.unknown");
    const known = t(`error.${error.code}`, { defaultValue: "" });
    const detail = error.problem.detail ?? "";
    // Our own sentence stands for the code; what the engine adds about this very case is kept.
    return [known, detail && detail !== known ? detail : ""].filter(Boolean).join(". ") || t("error.unknown");
  };
}

export function Failed({ error, again }: { error: unknown; again: () => void }) {
  const { t } = useTranslation();
  const why = useWhy();
  return (
    <div className="face-of-list" role="alert">
      <I of={IconAlertTriangleFilled} size={28} className="danger" />
      <span className="b">{t("list.failed")}</span>
      <p>{why(error)}</p>
      <Btn icon={IconRefresh} onClick={again}>{t("list.repeat")}</Btn>
    </div>
  );
}

export function Empty({ icon, title, children }: { icon: Icon; title: string; children?: ReactNode }) {
  return (
    <div className="face-of-list">
      <I of={icon} size={30} className="done" />
      <span className="b">{title}</span>
      {typeof children === "string" ? <p>{children}</p> : children}
    </div>
  );
}

export function Bones({ count = 5, height = 44 }: { count?: number; height?: number }) {
  const { t } = useTranslation();
  return (
    <div className="bones" role="status" aria-label={t("list.loading")}>
      {Array.from({ length: count }, (_, i) => <div key={i} className="bone" style={{ height }} />)}
    </div>
  );
}

interface Listed {
  isPending: boolean;
  isError: boolean;
  error: unknown;
  refetch: () => unknown;
}

/** Loading keeps the heights, failed says why and repeats, empty says what will come. */
export function Faces({ of, empty, bones, children }: { of: Listed; empty: ReactNode | false; bones?: { count: number; height: number }; children: ReactNode }) {
  if (of.isPending) return <Bones {...bones} />;
  if (of.isError) return <Failed error={of.error} again={() => void of.refetch()} />;
  return <>{empty || children}</>;
}

export function At({ at, now, className }: { at: string; now: number; className?: string }) {
  return <time dateTime={at} title={exact(at)} className={className}>{when(at, now)}</time>;
}

const URGENCY: Record<string, [Icon, string]> = {
  life: [IconUrgent, "danger"], emergency: [IconAlertTriangleFilled, "danger"], urgent: [IconClockBolt, "soon"],
  normal: [IconCircle, "t3"], planned: [IconCalendarEvent, "t3"], info: [IconInfoCircle, "t3"],
};

export function Urgency({ of, word = false }: { of: string; word?: boolean }) {
  const { t } = useTranslation();
  const [shape, tone] = URGENCY[of] ?? [IconCircle, "t3"];
  const name = t(`urgency.${of}`, { defaultValue: of });
  if (of === "life" && word) return <span className="chip fill"><I of={shape} size={15} />{name}</span>;
  if (word) return <span className={`row s12 b ${tone}`} style={{ gap: 4 }}><I of={shape} size={15} />{name}</span>;
  return <span className={tone} role="img" aria-label={name} title={name} style={{ display: "inline-flex" }}><I of={shape} size={16} /></span>;
}

/** One of a few, as radio buttons; `onEnter` lets a form go on to its next question. */
export function Segments({ label, labelledBy, options, value, onChange, onEnter, name }: {
  label?: string; labelledBy?: string; options: [string, string][]; value: string; onChange: (value: string) => void; onEnter?: () => void; name: string;
}) {
  return (
    <div className="segments" role="radiogroup" aria-label={label} aria-labelledby={labelledBy}>
      {options.map(([key, word]) => (
        <label key={key}>
          <input type="radio" name={name} value={key} checked={value === key} onChange={() => onChange(key)}
            onKeyDown={(e) => {
              if (e.key !== "Enter" || e.ctrlKey || !onEnter) return;
              e.preventDefault();
              onEnter();
            }} />
          {word}
        </label>
      ))}
    </div>
  );
}

/** The same look as buttons, so that the arrows stay with the list. */
export function Toggles({ label, options, value, onChange }: { label: string; options: [string, string][]; value: string; onChange: (value: string) => void }) {
  return (
    <div className="segments" role="group" aria-label={label}>
      {options.map(([key, word]) => (
        <button key={key} type="button" aria-pressed={value === key} onClick={() => onChange(key)}>{word}</button>
      ))}
    </div>
  );
}
