// What a change makes of entries and groups, field by field: before and after, question by question.

import { IconArrowRight, IconCircleMinus, IconCirclePlus, IconFolderMinus, IconPencil, IconRestore, type Icon } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { ClassifierChange, CellChange } from "@/api/types";
import { Btn, I } from "@/ui/pieces";

const LOOK: Record<ClassifierChange["what"], [Icon, string]> = {
  added: [IconCirclePlus, "done"], changed: [IconPencil, "accent"], retired: [IconCircleMinus, "soon"], restored: [IconRestore, "done"], removed: [IconFolderMinus, "soon"],
};
const FIRST = 60;

export function DiffSum({ changes }: { changes: ClassifierChange[] }) {
  const { t } = useTranslation();
  return (
    <span className="row wrap" style={{ gap: 6 }}>
      {(Object.keys(LOOK) as ClassifierChange["what"][]).map((what) => {
        const count = changes.filter((c) => c.what === what).length;
        const [shape, tone] = LOOK[what];
        return count > 0 && <span key={what} className={`chip ${tone}`}><I of={shape} size={14} />{t(`classifier.sum.${what}`, { count })}</span>;
      })}
    </span>
  );
}

export function Diff({ changes }: { changes: ClassifierChange[] }) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const shown = all ? changes : changes.slice(0, FIRST);
  return (
    <>
      <ul>{shown.map((c) => <Change key={`${c.kind} ${c.code}`} of={c} open={changes.length <= 20 && c.what === "changed"} />)}</ul>
      {shown.length < changes.length && <div className="row" style={{ padding: "8px 16px" }}><Btn size="small" onClick={() => setAll(true)}>{t("classifier.showAll")} <span className="t3">{changes.length}</span></Btn></div>}
    </>
  );
}

function Change({ of, open }: { of: ClassifierChange; open: boolean }) {
  const { t, i18n } = useTranslation();
  const [shape, tone] = LOOK[of.what];
  return (
    <li className="diffitem">
      <details open={open}>
        <summary>
          <span className={`chip ${tone}`}><I of={shape} size={14} />{t(`classifier.change.${of.what}`)}</span>
          <b>{of.code}</b>
          <span className="cut grow">{of.kind === "group" && <span className="t3">{t("classifier.group")}: </span>}{i18n.language === "ru" ? of.name_ru : of.name_en || of.name_ru}</span>
          {of.open_tickets > 0 && <span className="chip soon">{t("classifier.touches", { count: of.open_tickets })}</span>}
          <span className="t3 s12">{of.what === "changed" ? of.fields.map((f) => t(`classifier.field.${f.field}`)).slice(0, 3).join(", ") + (of.fields.length > 3 ? ", …" : "") : ""}</span>
        </summary>
        <table className="table difftable">
          <colgroup><col style={{ width: 170 }} /><col /><col style={{ width: 32 }} /><col /></colgroup>
          <thead className="sr"><tr><th scope="col">{t("classifier.fieldName")}</th><th scope="col">{t("classifier.before")}</th><th scope="col" className="arrow"><span className="sr">→</span></th><th scope="col">{t("classifier.after")}</th></tr></thead>
          <tbody>{of.fields.map((f) => <Field key={f.field} of={f} />)}</tbody>
        </table>
      </details>
    </li>
  );
}

function Field({ of }: { of: CellChange }) {
  const { t } = useTranslation();
  const many = of.field.startsWith("questions") || of.field === "organisation_kinds_next";
  const [before, after] = many ? lines(of.before, of.after) : [of.before, of.after].map((text) => (text ? [{ text, same: false }] : []));
  return (
    <tr>
      <th scope="row" className="t2">{t(`classifier.field.${of.field}`)}</th>
      <Side of={before!} tone="was" /><td className="arrow t3"><I of={IconArrowRight} size={14} /></td><Side of={after!} tone="is" />
    </tr>
  );
}

interface Line {
  text: string;
  same: boolean;
}

/** The questions of both sides, those that stand in both calmer than the others. */
function lines(before: string, after: string): [Line[], Line[]] {
  const [left, right] = [before, after].map((x) => x.split("|").filter(Boolean));
  return [left!.map((text) => ({ text, same: right!.includes(text) })), right!.map((text) => ({ text, same: left!.includes(text) }))];
}

function Side({ of, tone }: { of: Line[]; tone: "was" | "is" }) {
  const { t } = useTranslation();
  if (!of.length) return <td className="t3">{t("classifier.nothingThere")}</td>;
  return <td>{of.map((line, i) => (line.same ? <p key={i} className="t3">{line.text}</p> : tone === "was" ? <p key={i}><del>{line.text}</del></p> : <p key={i}><ins>{line.text}</ins></p>))}</td>;
}
