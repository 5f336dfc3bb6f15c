// The classifier as its administrator keeps it: the tree with its editor, versions, import, terms of organisations.

import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get, withQuery } from "@/api/client";
import type { ClassifierTree } from "@/api/types";
import { go } from "@/lib/route";
import { Failed, I, Toggles } from "@/ui/pieces";
import type { SectionProps } from "./Admin";
import { ClassifierImport } from "./ClassifierImport";
import { ClassifierTerms } from "./ClassifierTerms";
import { ClassifierTreePage } from "./ClassifierTree";
import { ClassifierVersions } from "./ClassifierVersions";

const useTree = () => useQuery({ queryKey: ["classifier", "tree"], queryFn: () => get<ClassifierTree>("/classifier/tree") });

const TABS = ["tree", "versions", "import", "terms"];

export function Classifier({ me, rest }: SectionProps) {
  const { t } = useTranslation();
  const tree = useTree();
  const admin = me.role === "administrator";
  const tabs = admin ? TABS : TABS.filter((x) => x !== "import");
  const tab = tabs.includes(rest[0] ?? "") ? rest[0]! : "tree";
  const planned = tree.data?.planned.length ?? 0;
  return (
    <>
      <div className="pagehead wrap">
        <h1>{t("classifier.title")}</h1>
        {tree.data && <span className="chip">{tree.data.version === null ? t("classifier.noVersion") : t("classifier.version", { id: tree.data.version })}</span>}
        {planned > 0 && <span className="chip soon">{t("classifier.planned", { count: planned })}</span>}
        <Toggles label={t("classifier.tabs")} value={tab} onChange={(x) => go(x === "tree" ? "/admin/classifier" : `/admin/classifier/${x}`)} options={tabs.map((x) => [x, t(`classifier.tab.${x}`)])} />
        <a className="btn end" href={withQuery("/classifier.csv")} download><I of={IconDownload} />{t("classifier.export")}</a>
      </div>
      {tab === "tree" && (tree.isError ? <div className="card grow"><Failed error={tree.error} again={() => void tree.refetch()} /></div> : <ClassifierTreePage tree={tree.data} at={rest} me={me} />)}
      {tab === "versions" && <ClassifierVersions at={Number(rest[1]) || null} admin={admin} />}
      {tab === "import" && <ClassifierImport />}
      {tab === "terms" && <ClassifierTerms tree={tree.data} at={Number(rest[1]) || null} admin={admin} />}
    </>
  );
}
