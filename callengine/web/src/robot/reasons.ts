// Why a notice waits, failed or was not sent, in the reader's words: by the engine's codes, never by its English. Pure but for the words.

import { useTranslation } from "react-i18next";
import type { NoticeReason } from "@/api/types";
import type { Say } from "./mistakes";

/** Each code in words, what it came of after it; what another said stands as he said it, and so does a code of a newer engine. */
export function reasonsInWords(reasons: NoticeReason[], t: Say): string {
  const parts = reasons.map(({ code, values }) => {
    if (!code) return values.said ?? "";
    const words: Record<string, string> = { ...values, said: values.said ? ` (${values.said})` : "" };
    if (values.service) words.service = t(`reason.service.${values.service}`);
    if (values.channel) words.channel = t(`robot.notice.channels.${values.channel}`, { defaultValue: values.channel });
    if (values.result) words.result = t(`robot.result.${values.result}`, { defaultValue: values.result });
    if (values.move) words.move = t(`ticket.what.${values.move}`, { defaultValue: values.move });
    return t(`reason.code.${code}`, { ...words, defaultValue: code });
  });
  const text = parts.filter(Boolean).join(": ");
  return text && text[0]!.toUpperCase() + text.slice(1);
}

export function useReasons(): (of: { reasons: NoticeReason[] }) => string {
  const { t } = useTranslation();
  return (of) => reasonsInWords(of.reasons, t as Say);
}
