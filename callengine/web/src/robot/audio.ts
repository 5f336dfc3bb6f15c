// The robot's voice on the page: one text at a time, made by the engine as it will sound on the telephone.

import { useEffect, useRef, useState } from "react";
import { Failure, withQuery } from "@/api/client";
import type { Problem } from "@/api/types";
import { useWhy } from "@/ui/pieces";
import type { Language } from "./shapes";

interface Asked { kind: string; step: string; language: Language; text?: string }

export function useVoice() {
  const why = useWhy();
  const audio = useRef<HTMLAudioElement | null>(null);
  const asked = useRef(0);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");
  const hush = () => {
    audio.current?.pause();
    if (audio.current?.src) URL.revokeObjectURL(audio.current.src);
    audio.current = null;
  };
  useEffect(() => () => { asked.current++; hush(); }, []);
  const play = async (what: Asked) => {
    const turn = ++asked.current;
    hush();
    setBusy(true);
    setProblem("");
    try {
      const sound = await fetchSound(what);
      if (turn !== asked.current) return;
      audio.current = new Audio(URL.createObjectURL(sound));
      await audio.current.play();
    } catch (error) {
      // Whoever goes on before the sound has begun wants the next one.
      if (turn === asked.current && !(error instanceof DOMException && error.name === "AbortError")) setProblem(why(error));
    } finally {
      if (turn === asked.current) setBusy(false);
    }
  };
  return { play, busy, problem };
}

async function fetchSound({ kind, step, language, text }: Asked): Promise<Blob> {
  const answer = await fetch(withQuery(`/scripts/${kind}/preview`), {
    method: "POST", credentials: "same-origin", body: JSON.stringify({ step, language, ...(text !== undefined && { text }) }),
    headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang || "ru" },
  }).catch(() => { throw new Failure(0, { code: "no-link" }); });
  if (!answer.ok) throw new Failure(answer.status, (await answer.json().catch(() => ({}))) as Partial<Problem>);
  return answer.blob();
}
