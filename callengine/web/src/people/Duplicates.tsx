// Cards that may be one person's: looked at side by side, merged by one press, taken apart by another.

import { IconArrowsJoin, IconUsers } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { DuplicatesView, Page } from "@/api/types";
import { phone } from "@/lib/phone";
import { follow } from "@/lib/route";
import { Btn, Empty, Faces } from "@/ui/pieces";
import { Brief } from "./MergeDialog";
import { useMerge } from "./merging";

export function Duplicates() {
  const { t } = useTranslation();
  const found = useQuery({ queryKey: ["directory", "duplicates"], queryFn: () => get<Page<DuplicatesView>>("/people/duplicates", { limit: 50 }) });
  const groups = found.data?.items ?? [];
  return (
    <section className="card grow" aria-labelledby="duplicates-title">
      <header><h2 id="duplicates-title">{t("directory.duplicates.title")}</h2></header>
      <div className="body" tabIndex={0} role="group" aria-labelledby="duplicates-title">
        <Faces of={found} bones={{ count: 5, height: 72 }} empty={groups.length === 0 && <Empty icon={IconUsers} title={t("directory.duplicates.none")}>{t("directory.duplicates.noneLead")}</Empty>}>
          <ul>{groups.map((g) => <Group key={`${g.why} ${g.what} ${g.people.map((p) => p.id).join(" ")}`} of={g} />)}</ul>
        </Faces>
      </div>
    </section>
  );
}

function Group({ of: g }: { of: DuplicatesView }) {
  const { t } = useTranslation();
  const merge = useMerge();
  const [kept, setKept] = useState(g.people[0]?.id ?? 0);
  const [taken, setTaken] = useState<number[]>(g.why === "name" ? g.people.map((p) => p.id) : []);
  const [busy, setBusy] = useState(false);
  const others = g.people.filter((p) => p.id !== kept && taken.includes(p.id));
  const title = t(`directory.duplicates.why.${g.why}`, { what: g.why === "number" ? phone(g.what) : g.what });
  const run = async () => {
    setBusy(true);
    for (const other of others) {
      if (!(await merge(kept, other))) break;
    }
    setBusy(false);
  };
  return (
    <li className="dirline" style={{ alignItems: "flex-start" }}>
      <fieldset className="col grow" style={{ border: 0, margin: 0, padding: 0, gap: 6 }}>
        <legend className="b s13" style={{ marginBottom: 4 }}>{title}</legend>
        {g.why === "number" && <p className="t2 s12">{t("directory.duplicates.family")}</p>}
        {g.people.map((p) => (
          <div key={p.id} className="row">
            <input type="checkbox" className="take" aria-label={t("directory.duplicates.take", { name: p.name })} disabled={kept === p.id} checked={kept === p.id || taken.includes(p.id)} onChange={(e) => setTaken((old) => (e.target.checked ? [...old, p.id] : old.filter((x) => x !== p.id)))} />
            <label className="checkline grow"><input type="radio" name={`${g.why} ${g.what}`} checked={kept === p.id} onChange={() => setKept(p.id)} /><Brief of={p} />{kept === p.id && <span className="chip accent">{t("directory.duplicates.keep")}</span>}</label>
            <a className="s12" href={`/houses/people/${p.id}`} onClick={follow(`/houses/people/${p.id}`)} aria-label={`${t("directory.duplicates.open")}: ${p.name}`}>{t("directory.duplicates.open")}</a>
          </div>
        ))}
      </fieldset>
      <Btn icon={IconArrowsJoin} disabled={busy || others.length === 0} aria-label={`${t("directory.duplicates.merge")}: ${title}`} onClick={() => void run()}>{t("directory.duplicates.merge")}</Btn>
    </li>
  );
}
