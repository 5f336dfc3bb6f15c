// To whom a callback is given: those on shift, who is free first; the operator sees it the moment it is given.

import { IconHeadset } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Call, Duty, Page, StaffMember } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { Dialog } from "@/ui/dialog";
import { Empty, Faces, Keys } from "@/ui/pieces";

const ORDER = ["ready", "after_call", "pause"];

export function AssignDialog({ duties, all, onClose, onSend }: { duties: Duty[]; all: Duty[]; onClose: () => void; onSend: (to: StaffMember) => Promise<unknown> }) {
  const { t } = useTranslation();
  const [at, setAt] = useState(0);
  const [busy, setBusy] = useState(false);
  const staff = useQuery({ queryKey: ["staff", "on-shift"], queryFn: () => get<Page<StaffMember>>("/staff"), staleTime: 0, refetchInterval: 5000 });
  const live = useQuery({ queryKey: ["live-calls"], queryFn: () => get<Page<Call>>("/calls/live"), staleTime: 0, refetchInterval: 5000 });
  const talking = new Set((live.data?.items ?? []).filter((c) => ["talking", "held", "dialling"].includes(c.state)).map((c) => c.operator));
  const holds = (id: number) => all.filter((d) => d.claimed_by === id).length;
  const rank = (m: StaffMember) => (m.extension && talking.has(m.extension) ? 10 : 0) + ORDER.indexOf(m.state) * 20 + holds(m.id);
  const people = (staff.data?.items ?? []).filter((m) => m.active && m.extension && m.state !== "offline").sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
  const give = (to: StaffMember | undefined) => {
    if (!to || busy) return;
    setBusy(true);
    void onSend(to).then(onClose, () => setBusy(false));
  };
  useKeys({
    ArrowDown: () => setAt((n) => Math.min(n + 1, people.length - 1)), ArrowUp: () => setAt((n) => Math.max(n - 1, 0)), Enter: () => give(people[at]),
    ...Object.fromEntries(people.slice(0, 9).map((m, i) => [`Digit${i + 1}`, () => give(m)])),
  }, { modal: true });
  const title = duties.length === 1 ? t("bulk.assignOne", { number: phone(duties[0]!.number) }) : t("bulk.assignMany", { count: duties.length });
  return (
    <Dialog title={title} onClose={onClose} size={520}>
      <p className="t2 s13" style={{ marginBottom: 10 }}>{t("bulk.assignLead")}</p>
      <Faces of={staff} bones={{ count: 4, height: 40 }} empty={people.length === 0 && <Empty icon={IconHeadset} title={t("bulk.nobody")}>{t("bulk.nobodyLead")}</Empty>}>
        <ul role="listbox" tabIndex={0} data-autofocus aria-label={title} aria-activedescendant={`to-${people[at]?.id}`} className="suggest" style={{ maxHeight: 420 }}>
          {people.map((m, i) => (
            <li key={m.id} id={`to-${m.id}`} role="option" aria-selected={i === at} onMouseEnter={() => setAt(i)} onClick={() => give(m)} style={{ minHeight: 40 }}>
              <span className="grow cut"><span className="b">{m.name}</span> <span className="t3">{m.extension}</span></span>
              {holds(m.id) > 0 && <span className="t3 s12">{t("bulk.holds", { count: holds(m.id) })}</span>}
              <span className={`chip ${talking.has(m.extension!) ? "accent" : m.state === "ready" ? "done" : "soon"}`}>{talking.has(m.extension!) ? t("state.talking") : t(`state.${m.state}`)}</span>
              {i < 9 && <Keys of={String(i + 1)} calm />}
            </li>
          ))}
        </ul>
      </Faces>
    </Dialog>
  );
}
