// The switch of pushes as a page has it: how it stands, one press, and why it did not turn.

import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure } from "@/api/client";
import { useWhy } from "@/ui/pieces";
import { endPushes, pushes, takePushes, type Pushes, type Taker } from "./push";

export function usePushes(of: Taker) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const [state, set] = useState<Pushes | null>(null);
  useEffect(() => {
    let here = true;
    const look = () => void pushes(of, i18n.language).then((now) => { if (here) set(now); }, () => { if (here) set("unable"); });
    look();
    // Leave is given and taken in the browser's settings, beside this page.
    let stands: PermissionStatus | undefined;
    void navigator.permissions?.query({ name: "notifications" }).then((found) => { stands = found; if (here) found.onchange = look; }).catch(() => undefined);
    return () => { here = false; if (stands) stands.onchange = null; };
  }, [of.kept, i18n.language]);
  const turn = useMutation({
    mutationFn: async () => (state === "on" ? (await endPushes(of), "off" as const) : takePushes(of, i18n.language)),
    onSuccess: set,
  });
  const problem = !turn.isError ? "" : turn.error instanceof Failure ? why(turn.error) : t("push.refused");
  return { state, busy: turn.isPending, problem, turn: () => { if (!turn.isPending) turn.mutate(); } };
}
