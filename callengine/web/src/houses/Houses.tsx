// The room of houses and people: one search, a list, a card beside it. /houses/12, /houses/people/34, /houses/duplicates.

import { IconBuildingCommunity, IconPlus, IconSearch, IconUsers } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { House, Me, Page, Person } from "@/api/types";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { go } from "@/lib/route";
import { Duplicates } from "@/people/Duplicates";
import { PersonDialog } from "@/people/PersonDialog";
import { PersonPage } from "@/people/PersonPage";
import { Btn, Empty, Faces, I, Keys, Toggles } from "@/ui/pieces";
import { HouseDialog } from "./HouseDialog";
import { HousePage } from "./HousePage";
import { MonthReadings } from "./MonthReadings";
import "./houses.css";

const LIMIT = 50;
type Tab = "houses" | "people" | "meters" | "duplicates";

export function Houses({ me, id, rest }: { me: Me; id: string; rest: string[] }) {
  const { t } = useTranslation();
  const tab: Tab = id === "people" || id === "meters" || id === "duplicates" ? id : "houses";
  const chosen = Number(tab === "people" ? rest[0] : id) || null;
  const [adding, setAdding] = useState(false);
  const leader = me.role !== "operator";
  const open = (next: Tab) => go(next === "houses" ? "/houses" : `/houses/${next}`);
  return (
    <>
      <div className="pagehead wrap">
        <h1>{t("directory.title")}</h1>
        <Toggles label={t("directory.tabs")} value={tab} onChange={(x) => open(x as Tab)} options={(["houses", "people", "meters", "duplicates"] as const).map((x) => [x, t(`directory.tab.${x}`)])} />
        {tab === "people" && <Btn className="end" icon={IconPlus} onClick={() => setAdding(true)}>{t("directory.newPerson")}</Btn>}
        {tab === "houses" && leader && <Btn className="end" icon={IconPlus} onClick={() => setAdding(true)}>{t("directory.newHouse")}</Btn>}
      </div>
      {tab === "duplicates" ? <Duplicates /> : tab === "meters" ? <MonthReadings leader={leader} /> : (
        <div className="directory">
          <List key={tab} tab={tab} chosen={chosen} />
          {chosen === null ? <section className="card"><Empty icon={tab === "houses" ? IconBuildingCommunity : IconUsers} title={t("directory.choose")}>{t("directory.chooseLead")}</Empty></section>
            : tab === "houses" ? <HousePage key={chosen} id={chosen} leader={leader} /> : <PersonPage key={chosen} id={chosen} leader={leader} />}
        </div>
      )}
      {adding && tab === "houses" && <HouseDialog onClose={() => setAdding(false)} onSaved={(house) => go(`/houses/${house.id}`)} />}
      {adding && tab === "people" && <PersonDialog onClose={() => setAdding(false)} onSaved={(person) => go(`/houses/people/${person.id}`)} />}
    </>
  );
}

interface Line { id: number; title: string; more: string; former: string }

const houseLine = (h: House, former: (address: string) => string): Line => ({ id: h.id, title: h.address, more: h.district, former: h.former.map(former).join(", ") });
const personLine = (p: Person, flat: (flat: string) => string): Line => {
  const home = p.residences[0];
  return { id: p.id, title: p.name, more: [home && [home.house.address, home.premise && flat(home.premise)].filter(Boolean).join(", "), p.numbers[0] && phone(p.numbers[0])].filter(Boolean).join(" · "), former: "" };
};

function List({ tab, chosen }: { tab: "houses" | "people"; chosen: number | null }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [q] = useDebouncedValue(text.trim(), 150);
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const asked = tab === "houses" || q.length >= 2;
  const found = useQuery({
    queryKey: ["directory", tab, q], enabled: asked, placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<Line[]> => tab === "houses"
      ? (await get<Page<House>>("/houses", { q, limit: LIMIT }, signal)).items.map((h) => houseLine(h, (address) => t("directory.former", { address })))
      : (await get<Page<Person>>("/people", { q, limit: LIMIT }, signal)).items.map((p) => personLine(p, (flat) => t("common.flat", { flat }))),
  });
  const items = asked ? (found.data ?? []) : [];
  useEffect(() => setAt(0), [q]);
  const open = (line: Line | undefined) => line && go(tab === "houses" ? `/houses/${line.id}` : `/houses/people/${line.id}`);
  const move = (by: number) => {
    const next = Math.max(0, Math.min(items.length - 1, at + by));
    setAt(next);
    body.current?.querySelectorAll("button")[next]?.scrollIntoView({ block: "nearest" });
  };
  useKeys({ ArrowDown: () => move(1), ArrowUp: () => move(-1), Enter: () => void open(items[at]), Slash: () => input.current?.focus() });
  const label = t(`directory.search.${tab}`);
  return (
    <section className="card" aria-label={t(`directory.tab.${tab}`)}>
      <header>
        <div className="field compact grow">
          <I of={IconSearch} size={16} className="t3" />
          <input ref={input} type="search" aria-label={label} placeholder={label} value={text} maxLength={200} onChange={(e) => setText(e.target.value)}
            onKeyDown={(e) => {
              if (e.key === "ArrowDown") move(1);
              else if (e.key === "ArrowUp") move(-1);
              else if (e.key === "Enter") { if (q === text.trim() && !found.isPlaceholderData) open(items[at]); }
              else return;
              e.preventDefault();
            }} />
          <span className="t3"><Keys of="/" calm /></span>
        </div>
      </header>
      <div className="body" ref={body} tabIndex={0} role="group" aria-label={t("directory.found", { count: items.length })}>
        {!asked ? <Empty icon={IconSearch} title={t(`directory.start.${tab}`)}>{t(`directory.startLead.${tab}`)}</Empty> : (
          <Faces of={found} bones={{ count: 8, height: 36 }} empty={items.length === 0 && <Empty icon={IconSearch} title={t("directory.none")}>{t(`directory.noneLead.${tab}`)}</Empty>}>
            <ul className="dirlist">
              {items.map((line, i) => (
                <li key={line.id}>
                  <button type="button" className={`${line.id === chosen ? "on" : ""} ${i === at ? "at" : ""}`} aria-current={line.id === chosen || undefined} onClick={() => { setAt(i); open(line); }}>
                    <span className="b s13">{line.title}</span>
                    {line.more && <span className="t3 s12">{line.more}</span>}
                    {line.former && <span className="t2 s12">{line.former}</span>}
                  </button>
                </li>
              ))}
            </ul>
          </Faces>
        )}
      </div>
    </section>
  );
}
