// Whether a form has something that nobody saved: whoever leads away asks first.

import { Store } from "@/lib/store";

export const unsaved = new Store(false);

/** True when nothing would be lost, or the reader says so. */
export function mayLeave(question: string): boolean {
  if (!unsaved.get() || window.confirm(question)) {
    unsaved.set(false);
    return true;
  }
  return false;
}

window.addEventListener("beforeunload", (e) => {
  if (unsaved.get()) e.preventDefault();
});
