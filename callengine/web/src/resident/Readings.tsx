// The meters of a resident's flat on the page of his link: he types a number, it is read back to him, and goes with his second press.

import { IconCheck, IconGauge } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { Failure, get, newKey, post } from "@/api/client";
import type { ResidentMeter, ResidentMeterReading, ResidentMeters } from "@/api/types";
import { useNow } from "@/lib/clock";
import { until } from "@/lib/time";
import { queries } from "@/session";
import { I, useWhy } from "@/ui/pieces";
import { shown, since, verdictOf } from "./readings";

export function Readings({ path }: { path: string }) {
  const { t, i18n } = useTranslation();
  const key = [path, "meters"];
  const found = useQuery({ queryKey: key, queryFn: () => get<ResidentMeters>(`${path}/meters`), staleTime: 60_000 });
  // Who has no meter that we know of is asked for nothing.
  if (!found.data?.meters.length) return null;
  const x = found.data;
  const month = new Intl.DateTimeFormat(i18n.language, { month: "long", year: "numeric" }).format(new Date(`${x.period}-15T12:00:00Z`));
  const many = new Set(x.meters.map((m) => `${m.address}/${m.premise}`)).size > 1;
  return (
    <section className="card pad" aria-labelledby="readings">
      <h2 id="readings">{t("handin.title", { month })}</h2>
      {!x.open && <p className="t2 s13" role="status">{t("handin.closed", { first: x.first, last: x.last })}</p>}
      {x.meters.map((m) => <One key={m.id} of={m} open={x.open} where={many ? `${m.address}, ${t("common.flat", { flat: m.premise })}` : ""} path={path} onKept={(now) => queries.setQueryData<ResidentMeters>(key, (old) => old && { ...old, meters: old.meters.map((one) => (one.id === m.id ? { ...one, now } : one)) })} onLost={() => void queries.invalidateQueries({ queryKey: key })} />)}
    </section>
  );
}

function One({ of: m, open, where, path, onKept, onLost }: { of: ResidentMeter; open: boolean; where: string; path: string; onKept: (now: ResidentMeterReading) => void; onLost: () => void }) {
  const { t, i18n } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const id = useId();
  const [text, setText] = useState("");
  const [changing, setChanging] = useState(false);
  const [asking, setAsking] = useState(false); // it was read back: the next press hands it in
  const [again, setAgain] = useState(""); // a doubted number is typed once more
  const [wrong, setWrong] = useState("");
  const sent = useRef({ of: "", key: "" }); // the same number sent again after a broken answer is the same reading
  const yes = useRef<HTMLButtonElement>(null);
  const verdict = verdictOf(text, m);
  const send = useMutation({
    mutationFn: () => {
      const is = `${text}/${verdict}`;
      if (sent.current.of !== is) sent.current = { of: is, key: newKey() };
      return post<ResidentMeterReading>(`${path}/meters/${m.id}/readings`, { value: text.trim(), confirmed: verdict === "doubted" }, sent.current.key);
    },
    onSuccess: (kept) => { onKept(kept); reset(); },
    // Somebody wrote another one down meanwhile, or the days are over: what it may be is asked for anew.
    onError: (error) => { if (error instanceof Failure && [404, 409, 422].includes(error.status)) onLost(); },
  });
  const reset = () => { setText(""); setAgain(""); setAsking(false); setWrong(""); setChanging(false); };
  useEffect(() => { if (asking && verdict === "good") yes.current?.focus(); }, [asking]);
  const ask = (e: FormEvent) => {
    e.preventDefault();
    send.reset();
    if (!asking) {
      setWrong(verdict === "none" ? t("handin.number") : verdict === "low" ? t("handin.low", { lowest: shown(m.lowest, i18n.language) }) : verdict === "high" ? t("handin.high", { highest: shown(m.highest, i18n.language) }) : "");
      if (verdict === "good" || verdict === "doubted") setAsking(true);
      return;
    }
    if (verdict === "doubted" && again.trim().replace(",", ".") !== text.trim().replace(",", ".")) return setWrong(t("handin.differ"));
    setWrong("");
    if (!send.isPending) send.mutate();
  };
  const problem = wrong || (send.isError ? why(send.error) : "");
  const name = [t(`handin.kinds.${m.kind}`), m.place].filter(Boolean).join(", ");
  const writing = open && (!m.now || changing);
  return (
    <form className="meter" aria-labelledby={`${id}-name`} onSubmit={ask}>
      <p className="row"><I of={IconGauge} size={18} className="t3" /><b id={`${id}-name`} className="grow">{name}</b><span className="t3 s12">{m.serial && `№ ${m.serial}`}</span></p>
      {where && <p className="t2 s12">{where}</p>}
      <p className="t2 s13">{m.before ? t("handin.before", { value: shown(m.before.value, i18n.language), time: until(m.before.at, now) }) : t("handin.first")}</p>
      {m.now && <p className="done s13 row" role="status"><I of={IconCheck} size={16} />{t("handin.kept", { value: shown(m.now.value, i18n.language), time: until(m.now.at, now) })}</p>}
      {m.now?.flag === "jump" && <p className="t2 s12">{t("handin.looked")}</p>}
      {m.now && open && !changing && <button type="button" className="btn" onClick={() => setChanging(true)}>{t("handin.change")}</button>}
      {writing && !asking && (
        <div className="row give">
          <input id={id} autoFocus={changing || text !== ""} inputMode="decimal" autoComplete="off" maxLength={12} aria-label={t("handin.value", { name })} aria-invalid={wrong !== ""} aria-describedby={problem ? `${id}-why` : undefined} value={text} onChange={(e) => { setText(e.target.value); setWrong(""); }} />
          <button className="btn main" disabled={!text.trim()}>{t("handin.next")}</button>
          {changing && <button type="button" className="btn" onClick={reset}>{t("common.cancel")}</button>}
        </div>
      )}
      {writing && asking && (
        <div className="back" role="group" aria-label={t("handin.back")}>
          <p role="status"><b>{t("handin.read", { value: shown(text, i18n.language) })}</b>{m.before && <span className="t2"> {t("handin.since", { value: shown(since(text, m), i18n.language) })}</span>}</p>
          {verdict === "doubted" && <label className="col"><span className="s13">{t("handin.doubted")}</span><input inputMode="decimal" autoComplete="off" autoFocus maxLength={12} value={again} onChange={(e) => { setAgain(e.target.value); setWrong(""); }} /></label>}
          <div className="row">
            <button ref={yes} className="btn main primary" disabled={send.isPending || (verdict === "doubted" && !again.trim())}>{t("handin.send")}</button>
            <button type="button" className="btn main" onClick={() => { setAsking(false); setAgain(""); setWrong(""); send.reset(); }}>{t("handin.fix")}</button>
          </div>
        </div>
      )}
      {problem && <p id={`${id}-why`} className="danger s13" role="alert">{problem}</p>}
    </form>
  );
}
