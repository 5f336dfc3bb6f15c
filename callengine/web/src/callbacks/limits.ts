// The two limits of a report, as its rule names them.

import type { Compliance } from "@/api/types";
import { span } from "@/lib/time";

interface Limits {
  pack: string;
  legal: string;
  own: string;
}

const RULE = /^([^:]+): (\d+) s from arrival; operator: (\d+) s/;

export function limitsOf(report: Compliance | undefined): Limits {
  const read = RULE.exec(report?.rule ?? "");
  return { pack: read?.[1] ?? report?.rule ?? "", legal: span(Number(read?.[2] ?? 600)), own: span(Number(read?.[3] ?? 300)) };
}
