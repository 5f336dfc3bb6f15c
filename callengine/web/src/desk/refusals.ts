// Where on the form a refusal of the engine belongs: its JSON pointer -> the part that it speaks of. Pure.

import type { Problem } from "@/api/types";

export type FormPart = "what" | "where" | "ask" | "words" | "who" | "answers" | "whole";

const PARTS: Record<string, FormPart> = {
  classifier: "what", parent: "what", house_id: "where", premise: "where", place: "where", district: "where", answers: "ask", conditions: "ask", damage_at: "ask", text: "words", applicant: "who", call_id: "who", organisation_id: "answers",
};

/** Each part with what is said against it; a refusal without a pointer is of the whole form. */
export function refusals(problem: Partial<Problem>): Partial<Record<FormPart, string>> {
  const found: Partial<Record<FormPart, string>> = {};
  for (const one of problem.errors ?? []) {
    const pointer = typeof one.pointer === "string" ? one.pointer : "";
    const part = PARTS[pointer.replace(/^#?\//, "").split("/")[0] ?? ""] ?? "whole";
    const detail = typeof one.detail === "string" ? one.detail : "";
    if (detail) found[part] = found[part] ? `${found[part]}; ${detail}` : detail;
  }
  return found;
}
