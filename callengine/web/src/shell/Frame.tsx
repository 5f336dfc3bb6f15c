// The frame of every page: rail, bar, work, and the call docked on the right.

import { IconBriefcase, IconBuildingCommunity, IconClipboardList, IconHeadset, IconKeyboard, IconMoon, IconPhone, IconPhoneOutgoing, IconRobot, IconSettings, IconSun, type Icon } from "@tabler/icons-react";
import { useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Room } from "@/App";
import type { Me } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { follow, go, useRoute } from "@/lib/route";
import { mine, ringing } from "@/mine";
import { dialDuty, nextDuty, setState, useDuties } from "@/session";
import { I, Keys, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { phone } from "@/lib/phone";
import { Bar } from "./Bar";
import { Dock } from "./Dock";
import { Find } from "./Find";
import { KeysHelp } from "./KeysHelp";
import { Notices } from "./Notices";

const PICTURES: Record<Room, Icon> = { desk: IconHeadset, calls: IconPhone, callbacks: IconPhoneOutgoing, tickets: IconClipboardList, houses: IconBuildingCommunity, robot: IconRobot, organisation: IconBriefcase, admin: IconSettings };
// The rail is narrow: what does not fit there is cut short, and spoken whole.
const SHORT: Partial<Record<Room, string>> = { houses: "rail.houses", admin: "rail.admin" };

function useDialNext(me: Me, centre: boolean): () => void {
  const { t } = useTranslation();
  const why = useWhy();
  const duties = useDuties(centre);
  return () => {
    const duty = nextDuty(duties.data?.items ?? [], me.id);
    if (!duty) return say(t("duty.none"));
    void dialDuty(duty.id).then(
      () => say(t("duty.dialSent", { number: phone(duty.number) })),
      (error) => { say(why(error), { bad: true }); void duties.refetch(); },
    );
  };
}

export function Frame({ me, room, rooms, children }: { me: Me; room: Room; rooms: Room[]; children: ReactNode }) {
  const { t } = useTranslation();
  const why = useWhy();
  const [over, setOver] = useState<"keys" | "find" | null>(null);
  const centre = rooms.includes("desk");
  // Not the call itself: at an offer the desk around the dock is not rendered anew.
  const inCall = mine.pick((m) => room !== "desk" && m !== null);
  const rings = ringing.pick((r) => room !== "desk" && r !== null);
  const docked = centre && (room === "desk" || inCall || rings);
  const dialNext = useDialNext(me, centre);
  const { id } = useRoute();

  const toggleState = () => {
    if (me.state === "ready" && mine.get()?.phase !== "after") void setState("pause").catch((e) => say(why(e), { bad: true }));
    else void setState("ready").then(() => mine.set((m) => (m?.phase === "after" ? null : m)), (e) => say(why(e), { bad: true }));
  };
  useKeys({
    F1: () => setOver((o) => (o === "keys" ? null : "keys")),
    F6: nextRegion,
    ...(centre && {
      F3: () => go("/desk?new=1"), F8: toggleState, F9: dialNext, "Ctrl+KeyK": () => setOver("find"),
    }),
  });
  useEffect(() => {
    // A ticket's page names the tab itself.
    if (room !== "tickets" || !id) document.title = `${t(`room.${room}`)} · ${t("app")}`;
  }, [room, id, t]);

  return (
    <div className={docked ? "frame docked" : "frame"}>
      <div className="mark"><img src="/icon.svg" alt="" /></div>
      <Bar me={me} onFind={() => setOver("find")} onState={toggleState} onDialNext={dialNext} centre={centre} />
      <Rail room={room} rooms={rooms} onKeys={() => setOver("keys")} />
      <div className="pile">
        <Notices me={me} />
        <main className="work" tabIndex={-1} aria-label={t(`room.${room}`)}>{children}</main>
      </div>
      {docked && <Dock me={me} />}
      {over === "keys" && <KeysHelp onClose={() => setOver(null)} sandbox={me.sandbox} leader={me.role === "supervisor" || me.role === "administrator"} />}
      {over === "find" && <Find onClose={() => setOver(null)} />}
    </div>
  );
}

function nextRegion(): void {
  const regions = [...document.querySelectorAll<HTMLElement>("main.work, aside.dock, nav.rail, section.bar")];
  const at = regions.findIndex((r) => r.contains(document.activeElement));
  const next = regions[(at + 1) % regions.length];
  if (!next) return;
  const first = next.querySelector<HTMLElement>("input, textarea, select, button, a[href], [tabindex='0']");
  (first ?? next).focus();
}

/** Its own piece: who has no callbacks does not ask for them. */
function Owed() {
  const owed = useDuties().data?.items.length ?? 0;
  return owed > 0 ? <span className="count">{owed}</span> : null;
}

function Rail({ room, rooms, onKeys }: { room: Room; rooms: Room[]; onKeys: () => void }) {
  const { t } = useTranslation();
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  return (
    <nav className="rail" aria-label={t("rail.rooms")}>
      <ul>
        {rooms.map((r) => (
          <li key={r}>
            <a href={`/${r}`} onClick={follow(`/${r}`)} aria-current={r === room ? "page" : undefined} title={t(`room.${r}`)}>
              <I of={PICTURES[r]} size={20} />
              {t(SHORT[r] ?? `room.${r}`)}
              {r === "callbacks" && rooms.includes("desk") && <Owed />}
            </a>
          </li>
        ))}
      </ul>
      <ul>
        <li><button type="button" onClick={onKeys} aria-keyshortcuts="F1" title={t("rail.keys")}><I of={IconKeyboard} size={20} />{t("rail.keys")}<Keys of="F1" /></button></li>
        <li>
          <button type="button" onClick={() => setColorScheme(dark ? "light" : "dark")} title={dark ? t("rail.toDay") : t("rail.toNight")}>
            <I of={dark ? IconSun : IconMoon} size={20} />{dark ? t("rail.toDay") : t("rail.toNight")}
          </button>
        </li>
      </ul>
    </nav>
  );
}
