// "Tell me here", in the menu of one's name: pushes to this browser, how they stand and what to do when they cannot.

import { Menu } from "@mantine/core";
import { IconBell, IconBellOff, IconBellX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Me } from "@/api/types";
import { staffTaker } from "@/lib/push";
import { usePushes } from "@/lib/usePushes";
import { I } from "@/ui/pieces";

export function TellMe({ me }: { me: Me }) {
  const { t } = useTranslation();
  const { state, busy, problem, turn } = usePushes(staffTaker(me.id));
  if (state === null) return null;
  const cannot = state === "blocked" || state === "unable" || state === "insecure";
  const word = t(state === "on" ? "push.stop" : state === "lost" ? "push.again" : "push.tell");
  return (
    <Menu.Item closeMenuOnClick={false} aria-disabled={cannot || busy || undefined} onClick={() => { if (!cannot) turn(); }}
      leftSection={<I of={state === "on" ? IconBell : cannot || state === "lost" ? IconBellX : IconBellOff} size={16} />}>
      <span className="col" style={{ gap: 0, maxWidth: 260 }}><span>{word}</span><span className={problem || state === "lost" ? "s12 danger" : "s12 t2"} role="status">{problem || t(`push.${state}`)}</span></span>
    </Menu.Item>
  );
}
