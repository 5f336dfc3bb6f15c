// Fields of the classifier's forms: a term in words, a clock, a moment to come, a line and a paragraph.

import { useId, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { minutesOf, termText, type Units } from "./terms";

export function useUnits(): Units {
  const { t } = useTranslation();
  return { min: t("classifier.unit1.min"), h: t("classifier.unit1.h"), d: t("classifier.unit1.d"), wd: t("classifier.unit1.wd") };
}

export function Labelled({ label, children, hint, wide = false }: { label: string; children: (id: string) => ReactNode; hint?: string; wide?: boolean }) {
  const id = useId();
  return <div className={wide ? "lab wide" : "lab"}><label htmlFor={id}>{label}</label>{children(id)}{hint && <p className="t3 s12">{hint}</p>}</div>;
}

export function Line({ label, value, onChange, hint, wide, ...rest }: { label: string; value: string; onChange: (value: string) => void; hint?: string; wide?: boolean; required?: boolean; disabled?: boolean; inputMode?: "tel" | "numeric"; autoFocus?: boolean }) {
  return <Labelled label={label} hint={hint} wide={wide}>{(id) => <div className="field compact"><input id={id} value={value} maxLength={300} onChange={(e) => onChange(e.target.value)} {...rest} /></div>}</Labelled>;
}

export function Paragraph({ label, value, onChange, rows = 2, disabled }: { label: string; value: string; onChange: (value: string) => void; rows?: number; disabled?: boolean }) {
  return <Labelled label={label} wide>{(id) => <textarea id={id} className="area s13" rows={rows} maxLength={4000} value={value} disabled={disabled} onChange={(e) => onChange(e.target.value)} />}</Labelled>;
}

export function Choose({ label, value, onChange, options, wide, disabled }: { label: string; value: string; onChange: (value: string) => void; options: [string, string][]; wide?: boolean; disabled?: boolean }) {
  return <Labelled label={label} wide={wide}>{(id) => <div className="field compact"><select id={id} value={value} disabled={disabled} onChange={(e) => onChange(e.target.value)}>{options.map(([key, word]) => <option key={key} value={key}>{word}</option>)}</select></div>}</Labelled>;
}

/** Minutes, written as people write them; what is not understood says so and is not taken. */
export function Term({ label, value, clock, onChange, empty }: { label: string; value: number | null; clock: string; onChange: (minutes: number | null) => void; empty?: string }) {
  const { t } = useTranslation();
  const units = useUnits();
  const [text, setText] = useState<string | null>(null);
  const wrong = Number.isNaN(value);
  const shown = text ?? (wrong ? "" : termText(value, clock, units));
  return (
    <Labelled label={label}>
      {(id) => (
        <>
          <div className={wrong ? "field compact bad" : "field compact"}>
            <input id={id} value={shown} placeholder={empty ?? t("classifier.noTerm")} aria-invalid={wrong || undefined} aria-describedby={wrong ? `${id}-why` : undefined} maxLength={40}
              onChange={(e) => { setText(e.target.value); onChange(minutesOf(e.target.value)); }} onBlur={() => { if (!wrong) setText(null); }} />
          </div>
          {wrong && <p id={`${id}-why`} className="danger s12" role="alert">{t("classifier.badTerm")}</p>}
        </>
      )}
    </Labelled>
  );
}

const WINDOW = /^(\d\d:\d\d)-(\d\d:\d\d)$/;

export function ClockField({ value, onChange, empty }: { value: string; onChange: (clock: string) => void; empty?: string }) {
  const { t } = useTranslation();
  const match = WINDOW.exec(value);
  const kind = match ? "window" : value;
  const options: [string, string][] = [...(empty === undefined ? [] : [["", empty] as [string, string]]), ...["24x7", "work", "workdays", "window"].map((k): [string, string] => [k, t(`classifier.clocks.${k}`)])];
  return (
    <div className="row wrap" style={{ alignItems: "flex-end" }}>
      <Choose label={t("classifier.clock")} value={kind} onChange={(k) => onChange(k === "window" ? "08:00-23:00" : k)} options={options} />
      {match && (
        <>
          <Labelled label={t("classifier.windowFrom")}>{(id) => <div className="field compact"><input id={id} type="time" value={match[1]} onChange={(e) => e.target.value && onChange(`${e.target.value}-${match[2]}`)} /></div>}</Labelled>
          <Labelled label={t("classifier.windowTo")}>{(id) => <div className="field compact"><input id={id} type="time" value={match[2] === "24:00" ? "00:00" : match[2]} onChange={(e) => e.target.value && onChange(`${match[1]}-${e.target.value === "00:00" ? "24:00" : e.target.value}`)} /></div>}</Labelled>
        </>
      )}
    </div>
  );
}

/** A day and time by the organisation's clocks, for momentOf of lib/time; empty is now. */
export function MomentField({ label, empty, value, onChange }: { label: string; empty: string; value: string; onChange: (value: string) => void }) {
  const id = useId();
  return <div className="row s13"><label htmlFor={id} className="t2">{label}</label><div className="field compact"><input id={id} type="datetime-local" value={value} onChange={(e) => onChange(e.target.value)} /></div>{!value && <span className="t3 s12">{empty}</span>}</div>;
}

export function Check({ label, checked, onChange }: { label: string; checked: boolean; onChange: (checked: boolean) => void }) {
  return <label className="check"><input type="checkbox" checked={checked} onChange={(e) => onChange(e.target.checked)} />{label}</label>;
}
