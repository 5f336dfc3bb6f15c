// Two cards become one, and two again: the same words and the same way back wherever it is done.

import { useTranslation } from "react-i18next";
import { post } from "@/api/client";
import type { MergeView } from "@/api/types";
import { queries } from "@/session";
import { useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";

const again = () => void queries.invalidateQueries({ queryKey: ["directory"] });

export function useUndoMerge(): (id: number) => Promise<void> {
  const { t } = useTranslation();
  const why = useWhy();
  return (id) => post<MergeView>(`/merges/${id}/undo`).then(() => { say(t("directory.person.undone")); again(); }, (error) => { say(why(error), { bad: true }); again(); });
}

/** Merges `other` into `kept`; the message that says so brings it back. Answers whether it was done. */
export function useMerge(): (kept: number, other: { id: number; name: string }) => Promise<boolean> {
  const { t } = useTranslation();
  const why = useWhy();
  const undo = useUndoMerge();
  return (kept, other) => post<MergeView>(`/people/${kept}/merge`, { other: other.id }).then(
    (made) => { say(t("directory.person.merged", { name: other.name }), { act: { word: t("directory.person.undoMerge"), run: () => void undo(made.id) } }); again(); return true; },
    (error) => { say(why(error), { bad: true }); again(); return false; },
  );
}
