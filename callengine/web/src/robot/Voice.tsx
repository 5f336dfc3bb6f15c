// For administrators: how many phrases of the robot have no recording yet, as a plain line.

import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { get } from "@/api/client";
import type { Health } from "@/api/types";
import { useWhy } from "@/ui/pieces";

export function Voice() {
  const { t } = useTranslation();
  const why = useWhy();
  const found = useQuery({ queryKey: ["health"], queryFn: () => get<Health>("/health"), refetchInterval: 60_000 });
  if (found.isError && !found.data) return <p className="danger s12">{t("robot.voice.unknown", { why: why(found.error) })}</p>;
  const voice = found.data?.speech;
  if (!voice) return null;
  const lacks = voice.missing === null || voice.missing > 0;
  return <p className={lacks ? "soon s12" : "t2 s12"}>{voice.missing === null ? t("robot.voice.notLooked") : voice.missing ? t("robot.voice.missing", { count: voice.missing, of: voice.prompts }) : t("robot.voice.whole", { count: voice.prompts })}{voice.problem && ` ${voice.problem}`}</p>;
}
