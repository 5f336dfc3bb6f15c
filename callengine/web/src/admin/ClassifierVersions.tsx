// The versions of the classifier: who changed what and when, field by field, and the way back.

import { IconArrowBackUp, IconHistory } from "@tabler/icons-react";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { get, post } from "@/api/client";
import type { ClassifierVersion, Page, VersionRow } from "@/api/types";
import { useNow } from "@/lib/clock";
import { useKeys } from "@/lib/keys";
import { go } from "@/lib/route";
import { exact } from "@/lib/time";
import { queries } from "@/session";
import { At, Bones, Btn, Empty, Faces, Failed, useWhy } from "@/ui/pieces";
import { say } from "@/ui/toasts";
import { Diff, DiffSum } from "./ClassifierDiff";

/** Takes a version back and says so; what was taken back can be done again. */
export function useUndo(): (id: number) => Promise<void> {
  const { t } = useTranslation();
  const why = useWhy();
  const undo = (id: number): Promise<void> =>
    post<ClassifierVersion>(`/classifier/versions/${id}/undo`).then(
      (made) => {
        say(t("classifier.undone", { id: made.id }), { act: { word: t("classifier.undo"), run: () => void undo(made.id) } });
        void queries.invalidateQueries({ queryKey: ["classifier"] });
      },
      (error) => say(why(error), { bad: true }),
    );
  return undo;
}

export function ClassifierVersions({ at, admin }: { at: number | null; admin: boolean }) {
  const { t } = useTranslation();
  const now = useNow();
  const list = useInfiniteQuery({ queryKey: ["classifier", "versions"], queryFn: ({ pageParam }) => get<Page<VersionRow>>("/classifier/versions", { limit: 50, cursor: pageParam }), initialPageParam: "", getNextPageParam: (p) => p.next ?? undefined });
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const chosen = at ?? items[0]?.id ?? null;
  const step = (by: number) => {
    const next = items[items.findIndex((v) => v.id === chosen) + by];
    if (next) go(`/admin/classifier/versions/${next.id}`, { replace: true });
  };
  useKeys({ ArrowDown: () => step(1), ArrowUp: () => step(-1) });
  return (
    <div className="classifier versions">
      <section className="card" aria-labelledby="versions-title">
        <header><h2 id="versions-title">{t("classifier.versions")}</h2></header>
        <div className="body" tabIndex={0} role="group" aria-labelledby="versions-title">
          <Faces of={list} bones={{ count: 6, height: 52 }} empty={items.length === 0 && <Empty icon={IconHistory} title={t("classifier.versionsEmpty")}>{t("classifier.versionsLead")}</Empty>}>
            <ul>{items.map((v) => <Row key={v.id} of={v} on={v.id === chosen} now={now} />)}</ul>
            {list.hasNextPage && <div className="row" style={{ padding: 12 }}><Btn onClick={() => void list.fetchNextPage()}>{t("list.more")}</Btn></div>}
          </Faces>
        </div>
      </section>
      {chosen === null ? <section className="card" /> : <Version id={chosen} admin={admin} />}
    </div>
  );
}

function stateOf(v: VersionRow, t: (key: string, about?: Record<string, unknown>) => string): string {
  return t(`classifier.states.${v.state}`, { at: exact(v.valid_from), id: v.undone_by });
}

function Row({ of: v, on, now }: { of: VersionRow; on: boolean; now: number }) {
  const { t } = useTranslation();
  return (
    <li>
      <button type="button" className={on ? "versionrow on" : "versionrow"} aria-current={on || undefined} onClick={() => go(`/admin/classifier/versions/${v.id}`, { replace: true })}>
        <b className="num">{v.id}</b>
        <span className="col" style={{ gap: 1 }}>
          <span className="row"><span className="b cut">{t(`classifier.sources.${v.source}`)}{v.note && <span className="t2" style={{ fontWeight: 400 }}> · {v.note}</span>}</span></span>
          <span className="t2 s12">{v.author} · <At at={v.created_at} now={now} /> · {t("classifier.entries", { count: v.changed })}</span>
          {v.state !== "applied" && <span className={v.state === "planned" ? "soon s12" : "t3 s12"}>{stateOf(v, t)}</span>}
        </span>
      </button>
    </li>
  );
}

function Version({ id, admin }: { id: number; admin: boolean }) {
  const { t } = useTranslation();
  const undo = useUndo();
  const [busy, setBusy] = useState(false);
  const found = useQuery({ queryKey: ["classifier", "version", id], queryFn: () => get<ClassifierVersion>(`/classifier/versions/${id}`) });
  if (found.isPending) return <section className="card"><Bones count={6} height={32} /></section>;
  if (found.isError) return <section className="card"><Failed error={found.error} again={() => void found.refetch()} /></section>;
  const v = found.data;
  const back = () => { setBusy(true); void undo(v.id).finally(() => setBusy(false)); };
  return (
    <section className="card" aria-labelledby="version-title">
      <header className="wrap">
        <h2 id="version-title">{t("classifier.version", { id: v.id })}</h2>
        <span className="t2 s12">{exact(v.created_at)}, {v.author}</span>
        <DiffSum changes={v.changes} />
        {admin && v.state !== "undone" && <span className="end"><Btn icon={IconArrowBackUp} disabled={busy} onClick={back}>{t(v.state === "planned" ? "classifier.cancelPlan" : "classifier.takeBack")}</Btn></span>}
      </header>
      <div className="body" tabIndex={0} role="group" aria-label={t("classifier.changes")}>
        {v.changes.length ? <Diff key={v.id} changes={v.changes} /> : <Empty icon={IconHistory} title={t("classifier.noDiff")} />}
      </div>
    </section>
  );
}
