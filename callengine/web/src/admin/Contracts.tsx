// Contracts: who answers for which tickets at which houses. A list on the left, one contract to write on the right.

import { IconAlertTriangle, IconArrowBackUp, IconFileText, IconPlus, IconSearch, IconTrash, IconX } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Failure, get, post, put, remove } from "@/api/client";
import type { Contract, ContractBody, ContractRow, House, Organisation, Page } from "@/api/types";
import { Suggest } from "@/desk/Suggest";
import { useKeys } from "@/lib/keys";
import { go } from "@/lib/route";
import { dateOnly, dayOf, exact, midnight, shiftDay } from "@/lib/time";
import { unsaved, useUnsaved } from "@/lib/unsaved";
import { queries } from "@/session";
import { Bones, Btn, Empty, Faces, Failed, I, Segments, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import type { SectionProps } from "./Admin";
import { KINDS } from "./kinds";
import "./contracts.css";

type Which = "live" | "all" | "removed";

export function Contracts({ rest }: SectionProps) {
  const { t } = useTranslation();
  const [q, setQ] = useState("");
  const [asked] = useDebouncedValue(q.trim(), 200);
  const [kind, setKind] = useState("");
  const [which, setWhich] = useState<Which>("live");
  const [now] = useState(() => new Date().toISOString());
  const filter = { q: asked, kind, valid_at: which === "live" ? now : undefined, removed: which === "removed" || undefined };
  const list = useInfiniteQuery({
    queryKey: ["contracts", filter],
    queryFn: ({ pageParam }) => get<Page<ContractRow>>("/contracts", { ...filter, limit: 100, cursor: pageParam }),
    initialPageParam: "",
    getNextPageParam: (p) => p.next ?? undefined,
  });
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const at = rest[0] === "new" ? "new" : Number(rest[0]) || null;
  const open = (to: number | "new") => go(`/admin/contracts/${to}`, { replace: true });
  const step = (by: number) => {
    const next = items[Math.max(0, items.findIndex((x) => x.id === at) + by)];
    if (next) open(next.id);
  };
  useKeys({ KeyN: () => open("new"), ArrowDown: () => step(1), ArrowUp: () => step(-1) });
  return (
    <>
      <div className="pagehead wrap">
        <h1>{t("contracts.title")}</h1>
        <span className="end"><Btn look="primary" icon={IconPlus} keys="N" onClick={() => open("new")}>{t("contracts.add")}</Btn></span>
      </div>
      <div className="filters">
        <div className="field compact wide">
          <I of={IconSearch} size={16} className="t3" />
          <input type="search" aria-label={t("contracts.search")} placeholder={t("contracts.search")} value={q} onChange={(e) => setQ(e.target.value)} />
        </div>
        <div className={kind ? "field compact on" : "field compact"}>
          <select aria-label={t("contracts.kind")} value={kind} onChange={(e) => setKind(e.target.value)}>
            <option value="">{t("contracts.anyKind")}</option>
            {KINDS.map((k) => <option key={k} value={k}>{t(`contracts.kinds.${k}`)}</option>)}
          </select>
        </div>
        <Segments label={t("contracts.which")} name="which" value={which} onChange={(x) => setWhich(x as Which)} options={[["live", t("contracts.live")], ["all", t("contracts.all")], ["removed", t("contracts.removed")]]} />
      </div>
      <div className="contractgrid">
        <section className="card" aria-label={t("contracts.table")}>
          <div className="body" style={{ borderTop: 0 }} tabIndex={0} role="group" aria-label={t("contracts.table")}>
            <Faces of={list} bones={{ count: 8, height: 30 }} empty={items.length === 0 && <Nothing which={which} filtered={asked !== "" || kind !== ""} />}>
              <table className="table">
                <thead><tr><th>{t("contracts.code")}</th><th>{t("contracts.organisation")}</th><th>{t("contracts.branch")}</th><th className="num">{t("contracts.houses")}</th><th className="narrow-off">{t("contracts.term")}</th><th className="num">{t("contracts.priority")}</th><th>{t("contracts.hours")}</th></tr></thead>
                <tbody>{items.map((x) => <Row key={x.id} of={x} on={x.id === at} open={() => open(x.id)} />)}</tbody>
              </table>
              {list.hasNextPage && <div className="row" style={{ padding: 12 }}><Btn onClick={() => void list.fetchNextPage()} disabled={list.isFetchingNextPage}>{t("list.more")}</Btn></div>}
            </Faces>
          </div>
        </section>
        {at === null ? <section className="card"><Empty icon={IconFileText} title={t("contracts.choose")}>{t("contracts.chooseLead")}</Empty></section> : <One key={at} id={at} />}
      </div>
    </>
  );
}

function Nothing({ which, filtered }: { which: Which; filtered: boolean }) {
  const { t } = useTranslation();
  if (filtered) return <Empty icon={IconSearch} title={t("contracts.emptyFound")}>{t("contracts.emptyFoundLead")}</Empty>;
  if (which === "removed") return <Empty icon={IconTrash} title={t("contracts.emptyRemoved")} />;
  return <Empty icon={IconFileText} title={t("contracts.empty")}>{t("contracts.emptyLead")}</Empty>;
}

const lastDay = (until: string) => shiftDay(dayOf(until), dayOf(until) === dayOf(new Date(until).getTime() - 1) ? 0 : -1);

function Row({ of: x, on, open }: { of: ContractRow; on: boolean; open: () => void }) {
  const { t } = useTranslation();
  const term = [x.valid_from && t("contracts.since", { day: dateOnly(x.valid_from) }), x.valid_until && t("contracts.until", { day: dateOnly(midnight(lastDay(x.valid_until))) })].filter(Boolean).join(" ");
  return (
    <tr className={on ? "pick on" : "pick"} onClick={open}>
      <td><button type="button" className="bare" aria-current={on || undefined} onClick={(e) => { e.stopPropagation(); open(); }}>{x.code}</button></td>
      <td><span className="col" style={{ gap: 0 }}><span>{x.organisation.name}</span><span className="t3 s12">{t(`contracts.kinds.${x.kind}`, { defaultValue: x.kind })}</span></span></td>
      <td style={{ whiteSpace: "nowrap" }}>{x.branch || <span className="t3">{t("contracts.whole")}</span>}</td>
      <td className="num">{x.everywhere ? t("contracts.everywhere") : x.house_count}</td>
      <td className="narrow-off">{term || <span className="t3">{t("contracts.openEnd")}</span>}</td>
      <td className="num">{x.priority}</td>
      <td>{hoursOf(x.duty_hours, t)}</td>
    </tr>
  );
}

function hoursOf(hours: string, t: (key: string) => string): string {
  if (hours === "" || hours === "24x7") return t("contracts.always");
  return hours === "work" ? t("contracts.work") : hours;
}

function One({ id }: { id: number | "new" }) {
  const { t } = useTranslation();
  const found = useQuery({ queryKey: ["contract", id], queryFn: () => get<Contract>(`/contracts/${id}`), enabled: id !== "new", staleTime: Infinity });
  if (id === "new") return <Editor of={null} />;
  if (found.isPending) return <section className="card"><Bones count={7} height={36} /></section>;
  if (found.isError) return <section className="card" aria-label={t("contracts.title")}><Failed error={found.error} again={() => void found.refetch()} /></section>;
  return <Editor of={found.data} />;
}

interface Draft {
  code: string;
  organisation: string;
  kind: string;
  branch: string;
  everywhere: boolean;
  houses: House[];
  from: string;
  to: string;
  priority: string;
  duty: "always" | "work" | "window";
  opens: string;
  closes: string;
  note: string;
}

function draftOf(c: Contract | null): Draft {
  const hours = c?.duty_hours ?? "";
  const window = /^\d\d:\d\d-\d\d:\d\d$/.test(hours);
  return {
    code: c?.code ?? "", organisation: c ? String(c.organisation.id) : "", kind: c?.kind ?? "", branch: c?.branch ?? "", everywhere: c?.everywhere ?? false, houses: c?.houses ?? [],
    from: c?.valid_from ? dayOf(c.valid_from) : "", to: c?.valid_until ? lastDay(c.valid_until) : "", priority: String(c?.priority ?? 100),
    duty: window ? "window" : hours === "work" ? "work" : "always", opens: window ? hours.slice(0, 5) : "08:00", closes: window ? hours.slice(6) : "20:00", note: c?.note ?? "",
  };
}

const moment = (day: string, by = 0) => (day ? new Date(midnight(shiftDay(day, by))).toISOString() : null);

function bodyOf(d: Draft): ContractBody {
  return {
    code: d.code.trim(), organisation_id: Number(d.organisation), kind: d.kind, branch: d.branch.trim().toUpperCase(), everywhere: d.everywhere, house_ids: d.everywhere ? [] : d.houses.map((h) => h.id),
    valid_from: moment(d.from), valid_until: moment(d.to, 1), priority: Number(d.priority) || 0, duty_hours: d.duty === "always" ? "" : d.duty === "work" ? "work" : `${d.opens}-${d.closes}`, note: d.note,
  };
}

function Editor({ of }: { of: Contract | null }) {
  const { t } = useTranslation();
  const why = useWhy();
  // What is typed stands over what is known: another reading of the contract wipes nothing.
  const known = draftOf(of);
  const [typed, setTyped] = useState<Partial<Draft>>({});
  const d: Draft = { ...known, ...typed };
  useUnsaved(JSON.stringify(d) !== JSON.stringify(known));
  const [wrong, setWrong] = useState<Record<string, string>>({});
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const firms = useQuery({ queryKey: ["organisations"], queryFn: () => get<Page<Organisation>>("/organisations"), staleTime: 60_000 });
  const set = (some: Partial<Draft>) => { setTyped((old) => ({ ...old, ...some })); setWrong({}); };
  useEffect(() => { if (!of) first.current?.focus(); }, [of]);
  const check = (): Record<string, string> => ({
    ...(d.code.trim() ? {} : { code: t("contracts.needCode") }),
    ...(d.organisation ? {} : { organisation_id: t("contracts.needOrganisation") }),
    ...(d.everywhere || d.houses.length ? {} : { house_ids: t("contracts.needHouses") }),
  });
  const save = () => {
    const missing = check();
    setWrong(missing);
    if (busy || Object.keys(missing).length) return;
    setBusy(true);
    const sent = of ? put<Contract>(`/contracts/${of.id}`, bodyOf(d)) : post<Contract>("/contracts", bodyOf(d));
    sent.then(
      (made) => {
        say(t("contracts.saved", { code: made.code }));
        queries.setQueryData(["contract", made.id], made);
        setTyped({});
        unsaved.set(false);
        void queries.invalidateQueries({ queryKey: ["contracts"] });
        go(`/admin/contracts/${made.id}`, { replace: true });
      },
      (error: unknown) => {
        const at = error instanceof Failure ? String((error.problem.errors?.[0] as { pointer?: string } | undefined)?.pointer ?? "").replace(/^#?\//, "") : "";
        setWrong({ [at || "all"]: why(error) });
      },
    ).finally(() => setBusy(false));
  };
  useKeys({ "Ctrl+Enter": save });
  const choose = (id: string) => {
    const firm = firms.data?.items.find((x) => String(x.id) === id);
    set({ organisation: id, ...(firm && !d.kind ? { kind: firm.kind } : {}) });
  };
  const problem = (key: string) => wrong[key] && <span className="problem" role="alert">{wrong[key]}</span>;
  return (
    <section className="card" aria-labelledby="contract-title">
      <header className="wrap">
        <h2 id="contract-title">{of ? t("contracts.oneTitle", { code: of.code }) : t("contracts.newTitle")}</h2>
        {of && <span className="t3 s12">{of.changed_at ? t("contracts.by", { author: of.author, at: exact(of.changed_at) }) : t("contracts.imported")}</span>}
      </header>
      <div className="body">
        <form className="paper" onSubmit={(e) => { e.preventDefault(); save(); }}>
          {of?.removed_at && <p className="chip danger" style={{ whiteSpace: "normal" }}>{t("contracts.removedAt", { at: exact(of.removed_at) })}</p>}
          {of && of.warnings.length > 0 && <Warnings of={of.warnings} />}
          <label><span className="b">{t("contracts.code")}</span><span className="field"><input ref={first} value={d.code} maxLength={120} placeholder={t("contracts.codeHint")} onChange={(e) => set({ code: e.target.value })} /></span>{problem("code")}</label>
          <label><span className="b">{t("contracts.organisation")}</span>
            <span className="field"><select aria-label={t("contracts.organisation")} value={d.organisation} onChange={(e) => choose(e.target.value)}>
              <option value="">{t("contracts.chooseOrganisation")}</option>
              {firms.data?.items.map((x) => <option key={x.id} value={x.id} disabled={!x.active}>{x.active ? x.name : t("contracts.closed", { name: x.name })}</option>)}
            </select></span>{firms.isError && <span className="problem">{why(firms.error)}</span>}{problem("organisation_id")}</label>
          <label><span className="b">{t("contracts.serves")}</span><span className="field"><select aria-label={t("contracts.serves")} value={d.kind} onChange={(e) => set({ kind: e.target.value })}><option value="" disabled />{KINDS.map((k) => <option key={k} value={k}>{t(`contracts.kinds.${k}`)}</option>)}</select></span>{problem("kind")}</label>
          <div className="two">
            <label className="papered"><span className="b">{t("contracts.branch")}</span><span className="field"><input value={d.branch} maxLength={120} onChange={(e) => set({ branch: e.target.value })} aria-describedby="branch-hint" /></span><span id="branch-hint" className="t3 s12">{t("contracts.branchHint")}</span>{problem("branch")}</label>
            <label className="papered"><span className="b">{t("contracts.priority")}</span><span className="field"><input inputMode="numeric" value={d.priority} onChange={(e) => set({ priority: e.target.value.replace(/\D/g, "").slice(0, 6) })} aria-describedby="priority-hint" /></span><span id="priority-hint" className="t3 s12">{t("contracts.priorityHint")}</span>{problem("priority")}</label>
          </div>
          <div className="papered">
            <span className="b" id="area">{t("contracts.area")}</span>
            <Segments labelledBy="area" name="area" value={d.everywhere ? "all" : "list"} onChange={(x) => set({ everywhere: x === "all" })} options={[["list", t("contracts.areaHouses")], ["all", t("contracts.areaAll")]]} />
            {!d.everywhere && <Houses of={d.houses} set={(houses) => set({ houses })} />}
            {problem("house_ids")}
          </div>
          <div className="two">
            <label className="papered"><span className="b">{t("contracts.from")}</span><span className="field"><input type="date" value={d.from} onChange={(e) => set({ from: e.target.value })} /></span>{problem("valid_from")}</label>
            <label className="papered"><span className="b">{t("contracts.to")}</span><span className="field"><input type="date" value={d.to} min={d.from} onChange={(e) => set({ to: e.target.value })} /></span>{problem("valid_until")}</label>
          </div>
          <div className="papered">
            <span className="b" id="duty">{t("contracts.dutyHours")}</span>
            <Segments labelledBy="duty" name="duty" value={d.duty} onChange={(x) => set({ duty: x as Draft["duty"] })} options={[["always", t("contracts.dutyAlways")], ["work", t("contracts.dutyWork")], ["window", t("contracts.dutyWindow")]]} />
            {d.duty === "window" && (
              <div className="two">
                <label className="papered"><span className="s12 t2">{t("contracts.opens")}</span><span className="field"><input type="time" required value={d.opens} onChange={(e) => set({ opens: e.target.value })} /></span></label>
                <label className="papered"><span className="s12 t2">{t("contracts.closes")}</span><span className="field"><input type="time" required value={d.closes} onChange={(e) => set({ closes: e.target.value })} /></span></label>
              </div>
            )}
            {problem("duty_hours")}
          </div>
          <label><span className="b">{t("contracts.note")}</span><textarea className="area" rows={2} maxLength={2000} value={d.note} onChange={(e) => set({ note: e.target.value })} /></label>
          {problem("all")}
          <div className="row wrap">
            <Btn type="submit" look="primary" size="main" keys="Ctrl Enter" disabled={busy}>{t("contracts.save")}</Btn>
            {of && !of.removed_at && <Btn size="main" icon={IconTrash} disabled={busy} onClick={() => takeAway(of, t, why)}>{t("contracts.remove")}</Btn>}
            {of?.removed_at && <Btn size="main" icon={IconArrowBackUp} disabled={busy} onClick={() => bringBack(of.id, t, why)}>{t("contracts.restore")}</Btn>}
          </div>
        </form>
      </div>
    </section>
  );
}

type T = (key: string, about?: Record<string, unknown>) => string;

function refresh(id: number): void {
  void queries.invalidateQueries({ queryKey: ["contracts"] });
  void queries.invalidateQueries({ queryKey: ["contract", id] });
  void queries.invalidateQueries({ queryKey: ["declines"] });
}

/** Takes a contract away at once; the way back stands in the message. */
export function takeAway(it: { id: number; code: string }, t: T, why: (error: unknown) => string): void {
  remove(`/contracts/${it.id}`).then(
    () => { refresh(it.id); say(t("contracts.gone", { code: it.code }), { act: { word: t("contracts.undo"), run: () => bringBack(it.id, t, why) } }); },
    (error: unknown) => say(why(error), { bad: true }),
  );
}

function bringBack(id: number, t: T, why: (error: unknown) => string): void {
  post<Contract>(`/contracts/${id}/restore`).then(
    (it) => { refresh(id); say(t("contracts.back", { code: it.code })); },
    (error: unknown) => say(why(error), { bad: true }),
  );
}

export function Warnings({ of }: { of: string[] }) {
  const { t } = useTranslation();
  return (
    <div className="warnbox" role="note" aria-label={t("contracts.warnings")}>
      <div className="warned"><I of={IconAlertTriangle} /><ul>{of.map((words) => <li key={words}>{words}</li>)}</ul></div>
    </div>
  );
}

const SHOWN = 200;

function Houses({ of, set }: { of: House[]; set: (houses: House[]) => void }) {
  const { t } = useTranslation();
  const [q, setQ] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const has = new Set(of.map((h) => h.id));
  return (
    <>
      <Suggest<House> label={t("contracts.addHouse")} placeholder={t("contracts.addHouseHint")} value={q} onChange={setQ} path="/houses" none={t("contracts.noHouse")} keyOf={(h) => h.id} input={input}
        disabled={(h) => has.has(h.id)} render={(h) => <span className="row"><span className="cut grow">{h.address}</span><span className="t3 s12">{h.district}</span></span>}
        onPick={(h) => { set([...of, h]); setQ(""); input.current?.focus(); }} />
      {of.length > 0 && (
        <>
          <span className="t2 s12">{t("contracts.houseCount", { count: of.length })}</span>
          <ul className="housechips">
            {of.slice(0, SHOWN).map((h) => (
              <li key={h.id}><span className="grow cut">{h.address}</span><button type="button" className="btn link" aria-label={t("contracts.drop", { address: h.address })} onClick={() => set(of.filter((x) => x.id !== h.id))}><I of={IconX} size={15} /></button></li>
            ))}
            {of.length > SHOWN && <li className="t2">{t("contracts.more", { count: of.length - SHOWN })}</li>}
          </ul>
        </>
      )}
    </>
  );
}
