// Who wants no calls: written down at once, taken off at once, and both are undone with one press.

import { IconBellOff, IconPhoneOff, IconPlus, IconSearch, IconX } from "@tabler/icons-react";
import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { get, post, remove } from "@/api/client";
import type { OptOut, Page } from "@/api/types";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { phone } from "@/lib/phone";
import { queries } from "@/session";
import { At, Btn, Empty, I, Keys, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { Held } from "./parts";

const CALLS = ["", "rating", "result", "job", "outage", "survey", "meter"];
const CHANNELS = ["call", "sms", "push", "email"];

export function OptOuts({ leads }: { leads: boolean }) {
  const { t } = useTranslation();
  const why = useWhy();
  const now = useNow();
  const [text, setText] = useState("");
  const [q] = useDebouncedValue(text.trim(), 250);
  const [form, setForm] = useState({ number: "", kind: "", note: "" });
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const first = useRef<HTMLInputElement>(null);
  const found = useInfiniteQuery({
    queryKey: ["optouts", q], queryFn: ({ pageParam, signal }) => get<Page<OptOut>>("/opt-outs", { number: q, limit: 50, cursor: pageParam }, signal),
    initialPageParam: "", getNextPageParam: (p) => p.next ?? undefined, placeholderData: keepPreviousData,
  });
  const items = found.data?.pages.flatMap((p) => p.items) ?? [];
  const kindOf = (kind: string) => (kind === "" ? t("robot.optout.all") : CHANNELS.includes(kind) ? t(`robot.notice.channels.${kind}`) : t(`robot.kind.${kind}`));
  const again = () => void queries.invalidateQueries({ queryKey: ["optouts"] });
  const put = (body: { number: string; kind: string; note: string }) => post<OptOut>("/opt-outs", body);
  const drop = (x: OptOut, undo: boolean) => remove(`/opt-outs/${x.id}`).then(() => {
    again();
    say(t("robot.optout.gone", { number: phone(x.number) }), undo ? { act: { word: t("robot.undo"), run: () => void put({ number: x.number, kind: x.kind, note: x.note }).then(again, failed) } } : {});
  }, failed);
  const failed = (e: unknown) => say(why(e), { bad: true });
  const add = () => {
    if (busy || !form.number.trim()) return;
    setBusy(true);
    setWrong("");
    put({ ...form, number: form.number.trim(), note: form.note.trim() }).then(
      (x) => {
        setForm({ number: "", kind: form.kind, note: "" });
        again();
        first.current?.focus();
        say(t("robot.optout.added", { number: phone(x.number) }), leads ? { act: { word: t("robot.undo"), run: () => void drop(x, false) } } : {});
      },
      (e) => setWrong(why(e)),
    ).finally(() => setBusy(false));
  };
  useKeys({ Slash: () => search.current?.focus(), KeyN: () => first.current?.focus() });
  return (
    <>
      <form className="card rbadd" aria-label={t("robot.optout.add")} onSubmit={(e) => { e.preventDefault(); add(); }}>
        <label className="labelled">{t("robot.optout.number")}<span className="field"><input ref={first} type="tel" autoComplete="off" value={form.number} maxLength={40} aria-invalid={wrong !== ""} aria-describedby={wrong ? "rboptwrong" : undefined} onChange={(e) => setForm({ ...form, number: e.target.value })} /></span></label>
        <label className="labelled">{t("robot.optout.kind")}<span className="field"><select value={form.kind} onChange={(e) => setForm({ ...form, kind: e.target.value })}>
          <option value="">{kindOf("")}</option>
          <optgroup label={t("robot.optout.calls")}>{CALLS.slice(1).map((k) => <option key={k} value={k}>{kindOf(k)}</option>)}</optgroup>
          <optgroup label={t("robot.optout.channels")}>{CHANNELS.map((k) => <option key={k} value={k}>{kindOf(k)}</option>)}</optgroup>
        </select></span></label>
        <label className="labelled grow">{t("robot.optout.note")}<span className="field"><input value={form.note} maxLength={500} autoComplete="off" onChange={(e) => setForm({ ...form, note: e.target.value })} /></span></label>
        <button type="submit" className="btn primary rbdo" disabled={busy || !form.number.trim()}><I of={IconPlus} />{t("robot.optout.do")}</button>
        {wrong && <p id="rboptwrong" className="errorline" role="alert">{wrong}</p>}
      </form>
      <div className="filters"><div className="field compact search" style={{ width: 230 }}><I of={IconSearch} size={16} className="t3" /><input ref={search} type="search" aria-label={t("robot.optout.find")} placeholder={t("robot.optout.find")} value={text} maxLength={40} onChange={(e) => setText(e.target.value)} /><span className="t3"><Keys of="/" calm /></span></div><span className="t2 s13">{t("robot.optout.lead")}</span></div>
      <section className="card rbfill" aria-label={t("robot.tab.optouts")}>
        <div className="body rbplain" tabIndex={0} role="group" aria-label={t("robot.tab.optouts")}>
          <Held of={found} bones={{ count: 8, height: 28 }} empty={items.length === 0 && <Empty icon={q ? IconSearch : IconBellOff} title={t(q ? "robot.optout.noneFound" : "robot.optout.none")}>{t(q ? "robot.optout.noneFoundLead" : "robot.optout.noneLead")}</Empty>}>
            <table className="table">
              <thead><tr>{(["number", "kind", "how", "since", "note"] as const).map((c) => <th key={c} scope="col">{t(`robot.optout.${c}`)}</th>)}{leads && <th scope="col"><span className="sr">{t("robot.optout.take")}</span></th>}</tr></thead>
              <tbody>
                {items.map((x) => (
                  <tr key={x.id}>
                    <td className="b" style={{ whiteSpace: "nowrap" }}>{phone(x.number)}</td>
                    <td><span className="row" style={{ gap: 6 }}><I of={IconPhoneOff} size={16} className="t3" />{kindOf(x.kind)}</span></td>
                    <td>{t(`robot.optout.ways.${x.how}`, { defaultValue: x.how })}{x.who && <span className="t3">, {x.who}</span>}</td>
                    <td className="t2"><At at={x.since} now={now} /></td>
                    <td className="t2">{x.note || "—"}</td>
                    {leads && <td className="num"><Btn size="small" icon={IconX} onClick={() => void drop(x, true)}>{t("robot.optout.take")}<span className="sr">: {phone(x.number)}</span></Btn></td>}
                  </tr>
                ))}
              </tbody>
            </table>
            {found.hasNextPage && <div className="row" style={{ padding: 12 }}><Btn disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t("list.more")}</Btn></div>}
          </Held>
        </div>
      </section>
    </>
  );
}
