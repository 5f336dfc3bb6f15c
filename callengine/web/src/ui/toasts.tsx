// Short messages at the edge: said to screen readers, never in the way of the work.

import { IconAlertTriangle, IconCheck, IconX } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Store } from "@/lib/store";
import { I } from "./pieces";

interface Toast {
  id: number;
  text: string;
  bad: boolean;
  act?: { word: string; run: () => void };
}

const toasts = new Store<Toast[]>([]);
let last = 0;
const drop = (id: number) => toasts.set((old) => old.filter((x) => x.id !== id));

export function say(text: string, { bad = false, act }: { bad?: boolean; act?: Toast["act"] } = {}): void {
  const id = ++last;
  toasts.set((old) => [...old.filter((x) => x.text !== text), { id, text, bad, act }].slice(-3));
  setTimeout(() => drop(id), bad || act ? 9000 : 5000);
}

/** `children` stand above them and stay. */
export function Toasts({ children }: { children?: ReactNode }) {
  const list = toasts.use();
  const { t } = useTranslation();
  return (
    <div className="toasts">
      {children}
      <div className="passing" role="status" aria-live="polite">
      {list.map((x) => (
        <div key={x.id} className={x.bad ? "toast bad" : "toast"}>
          <I of={x.bad ? IconAlertTriangle : IconCheck} className={x.bad ? "danger" : "done"} />
          <span className="grow">{x.text}</span>
          {x.act && <button type="button" className="btn small" onClick={() => { x.act?.run(); drop(x.id); }}>{x.act.word}</button>}
          <button type="button" className="btn link" aria-label={t("common.dismiss")} onClick={() => drop(x.id)}><I of={IconX} size={16} /></button>
        </div>
      ))}
      </div>
    </div>
  );
}
