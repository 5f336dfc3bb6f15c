// The classifier as an administrator keeps it: the tree, an entry with its script, versions, import, overrides.

import { useTranslation } from "react-i18next";
import type { SectionProps } from "./Admin";

export function Classifier(_: SectionProps) {
  const { t } = useTranslation();
  return <div className="pagehead"><h1>{t("admin.section.classifier")}</h1></div>;
}
