// Whether a form has something that nobody saved: whoever leads away asks first (lib/route.ts does, once for all).

import { useEffect } from "react";
import { Store } from "@/lib/store";
import { t } from "@/words";

export const unsaved = new Store(false);

/** While the form stands, what is typed into it is not left without a question. */
export function useUnsaved(dirty: boolean): void {
  useEffect(() => {
    unsaved.set(dirty);
    return () => unsaved.set(false);
  }, [dirty]);
}

/** True when nothing would be lost, or the reader says so. */
export function mayLeave(): boolean {
  if (!unsaved.get() || window.confirm(t("common.leave"))) {
    unsaved.set(false);
    return true;
  }
  return false;
}

window.addEventListener("beforeunload", (e) => {
  if (unsaved.get()) e.preventDefault();
});
