// A resident's "tell me here": the news of this ticket come to this browser until he says no or the link ends.

import { IconBell, IconBellOff, IconBellX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { residentTaker } from "@/lib/push";
import { usePushes } from "@/lib/usePushes";
import { I } from "@/ui/pieces";

export function TellMe({ token }: { token: string }) {
  const { t } = useTranslation();
  const { state, busy, problem, turn } = usePushes(residentTaker(token));
  // What this browser can never do is nothing to offer.
  if (state === null || state === "unable") return null;
  const on = state === "on";
  return (
    <section className="card pad" aria-labelledby="tellme">
      <h2 id="tellme">{t("push.title")}</h2>
      <p className={state === "lost" ? "danger s13" : "t2 s13"} role="status">{t(`push.${state}`)}</p>
      {problem && <p className="danger s13" role="alert">{problem}</p>}
      {state === "blocked" || state === "insecure" ? null : <button type="button" className="btn main" aria-pressed={on} disabled={busy} onClick={turn}><I of={on ? IconBell : state === "lost" ? IconBellX : IconBellOff} size={20} />{t(on ? "push.stop" : state === "lost" ? "push.again" : "push.tell")}</button>}
    </section>
  );
}
