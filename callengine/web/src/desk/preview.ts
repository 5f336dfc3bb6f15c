// What the engine says of the form so far: who would answer, by when, what to say. Asked anew as the operator writes.

import { useDebouncedValue } from "@mantine/hooks";
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { call } from "@/api/client";
import type { RoutingAsk, RoutingPreview, ScriptQuestion } from "@/api/types";
import { ownScript, told, type Told } from "@/lib/questions";
import type { Draft } from "./draft";

const TYPING_MS = 250;
/** The terms count from now: they move on while the operator talks. */
const ANEW_MS = 30_000;

export type PreviewQuery = UseQueryResult<RoutingPreview>;

/** Only an answer to what the form says now is shown; while it is fetched, the last one of the same matter at the same house. */
export function usePreview(draft: Draft, counted: Told): PreviewQuery {
  const { i18n } = useTranslation();
  const { entry, house } = draft;
  const district = draft.elsewhere ? draft.district : "";
  const details = useMemo(() => JSON.stringify({ ...counted, paid: draft.paid, organisation_id: draft.organisationId }), [counted, draft.paid, draft.organisationId]);
  const [asked] = useDebouncedValue(details, TYPING_MS);
  const place = [entry?.code, house?.id ?? (draft.elsewhere ? `- ${district}` : ""), i18n.language] as const;
  return useQuery({
    // Another matter or house is asked about at once, without what was said of the one before.
    queryKey: ["preview", ...place, asked], enabled: Boolean(entry && (house || draft.elsewhere)), staleTime: ANEW_MS, refetchInterval: ANEW_MS, retry: false,
    placeholderData: (old, query) => (query && place.every((part, i) => query.queryKey[i + 1] === part) ? old : undefined),
    queryFn: ({ signal }) => {
      const body: RoutingAsk = { classifier: entry!.code, house_id: house?.id ?? null, district, ...(JSON.parse(asked) as Omit<RoutingAsk, "classifier" | "house_id" | "district">) };
      return call<RoutingPreview>("POST", "/routing/preview", { body, signal });
    },
  });
}

/** The words for yes and no that the engine reads, in the reader's language. */
function useAnswerWords(): { yes: string; no: string; unknown: string } {
  const { t, i18n } = useTranslation();
  const ru = i18n.language === "ru";
  return useMemo(() => ({ yes: t("form.yes"), no: t("form.no"), unknown: ru ? t("form.unknown") : "unknown" }), [t, ru]);
}

/** The questions to ask, with what the rules want to know once the house is chosen; and the good answers as they are sent. */
export function useScript(draft: Draft, known: RoutingPreview | undefined): { script: ScriptQuestion[]; counted: Told } {
  const { i18n } = useTranslation();
  const words = useAnswerWords();
  const { entry, answers } = draft;
  const script = useMemo(() => known?.script ?? (entry ? ownScript(entry, i18n.language) : []), [known?.script, entry, i18n.language]);
  const counted = useMemo(() => told(script, answers, words), [script, answers, words]);
  return { script, counted };
}
