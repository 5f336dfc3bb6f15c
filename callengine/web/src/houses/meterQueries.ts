// One meter with all its readings; and what is asked for anew when one is written.

import { useQuery } from "@tanstack/react-query";
import { get } from "@/api/client";
import type { MeterCard } from "@/api/types";
import { queries } from "@/session";

export const useMeter = (id: number) => useQuery({ queryKey: ["meter", id], queryFn: () => get<MeterCard>(`/meters/${id}`) });

export const again = () => Promise.all(["meters", "meter", "meter-readings"].map((name) => queries.invalidateQueries({ queryKey: [name] })));
