// A labelled field with its own mistake under it: the reader's eye and his screen reader find it there.

import { useId, type ReactNode } from "react";

interface Bound { id: string; "aria-invalid": true | undefined; "aria-describedby": string | undefined }

export function Field({ label, hint, wrong, className = "", children }: { label: string; hint?: string; wrong?: string; className?: string; children: (bound: Bound) => ReactNode }) {
  const id = useId();
  const said = [hint && `${id}h`, wrong && `${id}w`].filter(Boolean).join(" ");
  return (
    <div className={`labelled ${className}`}>
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-invalid": wrong ? true : undefined, "aria-describedby": said || undefined })}
      {hint && <span id={`${id}h`} className="hint">{hint}</span>}
      {wrong && <span id={`${id}w`} className="errorline">{wrong}</span>}
    </div>
  );
}

interface TextProps { label: string; value: string; onChange: (text: string) => void; hint?: string; wrong?: string; type?: string; most?: number; placeholder?: string; className?: string; focus?: boolean }

export function Text({ label, value, onChange, hint, wrong, type = "text", most = 200, placeholder, className, focus }: TextProps) {
  return (
    <Field label={label} hint={hint} wrong={wrong} className={className}>
      {(bound) => <div className={wrong ? "field bad" : "field"}><input {...bound} type={type} value={value} maxLength={most} placeholder={placeholder} autoComplete="off" data-autofocus={focus || undefined} onChange={(e) => onChange(e.target.value)} /></div>}
    </Field>
  );
}

export function Pick({ label, value, onChange, options, hint, wrong }: { label: string; value: string; onChange: (value: string) => void; options: [string, string][]; hint?: string; wrong?: string }) {
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(bound) => <div className={wrong ? "field bad" : "field"}><select {...bound} value={value} onChange={(e) => onChange(e.target.value)}>{options.map(([key, word]) => <option key={key} value={key}>{word}</option>)}</select></div>}
    </Field>
  );
}

/** Any of a few. */
export function Several({ label, value, onChange, options, hint, wrong }: { label: string; value: readonly string[]; onChange: (value: string[]) => void; options: [string, string][]; hint?: string; wrong?: string }) {
  const id = useId();
  return (
    <fieldset className="bareset rbseveral" aria-describedby={[hint && `${id}h`, wrong && `${id}w`].filter(Boolean).join(" ") || undefined}>
      <legend className="s12 t2">{label}</legend>
      <div className="row wrap">{options.map(([key, word]) => <label key={key} className="checkline"><input type="checkbox" aria-invalid={wrong ? true : undefined} checked={value.includes(key)} onChange={(e) => onChange(options.map(([k]) => k).filter((k) => (k === key ? e.target.checked : value.includes(k))))} />{word}</label>)}</div>
      {hint && <span id={`${id}h`} className="t3 s12">{hint}</span>}
      {wrong && <span id={`${id}w`} className="errorline">{wrong}</span>}
    </fieldset>
  );
}
