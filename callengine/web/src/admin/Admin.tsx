// Administration: a small navigation on the left, one page of settings beside it. A page is one line in SECTIONS.

import { IconCalendarCog, IconEye, IconFileText, IconFileUpload, IconListTree, IconRouteX, IconScale, IconUsers, type Icon } from "@tabler/icons-react";
import { useEffect, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "@/api/types";
import { follow, go } from "@/lib/route";
import { I } from "@/ui/pieces";
import { Calendar } from "./Calendar";
import { Classifier } from "./Classifier";
import { Contracts } from "./Contracts";
import { Import } from "./Import";
import { Misroutes } from "./Misroutes";
import { Readings } from "./Readings";
import { Rules } from "./Rules";
import { Staff } from "./Staff";

export interface SectionProps {
  me: Me;
  /** What stands in the address after the section: /admin/classifier/HVS-01 gives ["HVS-01"]. */
  rest: string[];
  query: URLSearchParams;
}

interface Section {
  key: string; // the word is admin.section.KEY, the address /admin/KEY
  icon: Icon;
  roles: string[];
  page: (props: SectionProps) => ReactNode;
}

const LEADERS = ["administrator", "supervisor"];

const SECTIONS: Section[] = [
  { key: "classifier", icon: IconListTree, roles: LEADERS, page: (p) => <Classifier {...p} /> },
  { key: "contracts", icon: IconFileText, roles: LEADERS, page: (p) => <Contracts {...p} /> },
  { key: "misroutes", icon: IconRouteX, roles: LEADERS, page: () => <Misroutes /> },
  { key: "calendar", icon: IconCalendarCog, roles: LEADERS, page: () => <Calendar /> },
  { key: "rules", icon: IconScale, roles: LEADERS, page: () => <Rules /> },
  { key: "staff", icon: IconUsers, roles: [...LEADERS, "organisation_manager"], page: (p) => <Staff {...p} /> },
  { key: "import", icon: IconFileUpload, roles: ["administrator"], page: () => <Import /> },
  { key: "readings", icon: IconEye, roles: LEADERS, page: () => <Readings /> },
];

export const sectionsOf = (me: Me): Section[] => SECTIONS.filter((s) => s.roles.includes(me.role));

export function Admin({ me, id, rest, query }: SectionProps & { id: string }) {
  const { t } = useTranslation();
  const sections = sectionsOf(me);
  const here = sections.find((s) => s.key === id);
  const first = sections[0]?.key;
  useEffect(() => {
    if (!here && first) go(`/admin/${first}`, { replace: true });
  }, [here, first]);
  return (
    <div className="admin">
      <nav className="card adminnav" aria-label={t("admin.sections")}>
        <ul>
          {sections.map((s) => (
            <li key={s.key}>
              <a href={`/admin/${s.key}`} onClick={follow(`/admin/${s.key}`)} aria-current={s.key === id ? "page" : undefined}><I of={s.icon} size={18} />{t(`admin.section.${s.key}`)}</a>
            </li>
          ))}
        </ul>
      </nav>
      <div className="adminpage">{here?.page({ me, rest, query })}</div>
    </div>
  );
}
