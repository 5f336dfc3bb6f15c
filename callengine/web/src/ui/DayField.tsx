// A day: written in the reader's language, chosen in the browser's own calendar.

import { IconCalendar } from "@tabler/icons-react";
import { useRef, type ReactNode } from "react";
import { I } from "./pieces";

export function DayField({ label, text, value, max, on = false, onChange, children }: { label: string; text: string; value: string; max: string; on?: boolean; onChange: (day: string) => void; children?: ReactNode }) {
  const input = useRef<HTMLInputElement>(null);
  const show = () => {
    try {
      input.current?.showPicker();
    } catch {
      // A browser without a picker still takes typed dates.
    }
  };
  return (
    <div className={on ? "field compact on" : "field compact"}>
      <label className="row dayfield" style={{ gap: 8 }}>
        <I of={IconCalendar} size={16} />
        <span className="s13" style={{ whiteSpace: "nowrap" }} aria-hidden>{text}</span>
        <input ref={input} type="date" aria-label={`${label}: ${text}`} value={value} max={max} onClick={show} onChange={(e) => onChange(e.target.value)} />
      </label>
      {children}
    </div>
  );
}
