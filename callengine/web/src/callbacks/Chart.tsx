// Missed calls by the hour: a drawing with a hatched stretch where the PBX was not seen; the table is one click away.

import { useTranslation } from "react-i18next";
import { useEffect, useRef, useState } from "react";
import type { Compliance, HourRow } from "@/api/types";
import { limitsOf } from "./limits";
import { midnight } from "@/lib/time";

const PAD = { left: 30, right: 8, top: 26, bottom: 34 };

/** `in_legal_time` holds those of the operator's limit too: what is drawn above them is the difference. */
function partsOf(row: HourRow): { own: number; legal: number; late: number; owed: number; withheld: number } {
  return { own: row.in_operator_time, legal: Math.max(0, row.in_legal_time - row.in_operator_time), late: row.late, owed: row.owed, withheld: row.withheld };
}

export function HourChart({ of }: { of: Compliance }) {
  const { t } = useTranslation();
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ w: 600, h: 220 });
  useEffect(() => {
    const watcher = new ResizeObserver(([e]) => e && setSize({ w: e.contentRect.width, h: e.contentRect.height }));
    watcher.observe(box.current!);
    return () => watcher.disconnect();
  }, []);
  const limits = limitsOf(of);
  const rows = new Map(of.hours.map((h) => [h.hour, h]));
  const total = (h: HourRow) => Object.values(partsOf(h)).reduce((a, b) => a + b, 0);
  const most = Math.max(4, ...of.hours.map(total));
  const step = most <= 8 ? 2 : most <= 20 ? 5 : most <= 50 ? 10 : 10 ** Math.floor(Math.log10(most / 2));
  const top = Math.ceil(most / step) * step;
  const { w, h } = size;
  const innerW = w - PAD.left - PAD.right;
  const innerH = h - PAD.top - PAD.bottom;
  const x = (hour: number) => PAD.left + (hour / 24) * innerW;
  const y = (n: number) => PAD.top + innerH - (n / top) * innerH;
  const barW = Math.max(4, (innerW / 24) * 0.68);
  const begin = midnight(of.day);
  const hourOf = (at: string) => Math.max(0, Math.min(24, (Date.parse(at) - begin) / 3_600_000));
  const nowAt = (Date.parse(of.now) - begin) / 3_600_000;
  const running = nowAt > 0 && nowAt < 24;
  const gaps = of.gaps.map((g) => [hourOf(g.began_at), g.ended_at ? hourOf(g.ended_at) : Math.min(24, nowAt)] as const).filter(([a, b]) => b > a);
  const gapWord = (from: number, to: number) => Math.min(w - 40, Math.max(PAD.left + 30, (x(from) + x(to)) / 2));
  // The word of a gap and that of the present moment stand on one line: near one another, side by side.
  const beside = gaps.map(([from, to]) => gapWord(from, to)).find((at) => Math.abs(at - x(nowAt)) < 64);
  const after = beside === undefined ? 0 : Math.max(beside + 36, x(nowAt) + 4);
  const nowWord = beside === undefined ? { x: Math.min(w - 24, x(nowAt)), textAnchor: "middle" as const } : after + 48 < w ? { x: after, textAnchor: "start" as const } : { x: beside - 36, textAnchor: "end" as const };
  return (
    // Out of the flow: a drawing as high as its box must not hold the box open when the box grows smaller.
    <div ref={box} className="hourchart">
      <svg width={w} height={h} role="img" aria-label={t("board.chartLabel")} style={{ position: "absolute", inset: 0, display: "block", font: "500 11px var(--mantine-font-family)" }}>
        <defs>
          <pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2" height="6" fill="var(--line-strong)" /></pattern>
          <pattern id="ten" width="6" height="4" patternUnits="userSpaceOnUse"><rect width="6" height="4" fill="var(--soon-soft)" /><rect width="6" height="1.4" fill="var(--soon)" /></pattern>
        </defs>
        {Array.from({ length: top / step + 1 }, (_, i) => i * step).map((n) => (
          <g key={n}><line x1={PAD.left} x2={w - PAD.right} y1={y(n)} y2={y(n)} stroke={n ? "var(--line)" : "var(--line-strong)"} /><text x={PAD.left - 8} y={y(n) + 4} textAnchor="end" fill="var(--t3)">{n}</text></g>
        ))}
        {gaps.map(([from, to]) => <g key={from}><rect x={x(from)} y={PAD.top} width={Math.max(6, x(to) - x(from))} height={innerH} fill="url(#gap)" /><text x={gapWord(from, to)} y={14} textAnchor="middle" fill="var(--t1)" fontWeight="600">{t("board.noData")}</text></g>)}
        {Array.from({ length: 24 }, (_, hour) => {
          const row = rows.get(hour);
          const left = x(hour) + (innerW / 24 - barW) / 2;
          let n = 0;
          const block = (count: number, props: object) => {
            if (!count) return null;
            const from = n;
            n += count;
            return <rect x={left} width={barW} y={y(n) + 0.5} height={Math.max(1, y(from) - y(n) - 1)} rx={1.5} {...props} />;
          };
          const p = row && partsOf(row);
          return (
            <g key={hour}>
              {p && <>
                <title>{`${String(hour).padStart(2, "0")}: ${t("board.in5", { ...limits })} ${p.own}, ${t("board.in10", { ...limits })} ${p.legal}, ${t("board.over")} ${p.late}, ${t("board.open_")} ${p.owed}, ${t("board.hidden")} ${p.withheld}`}</title>
                {block(p.own, { fill: "var(--accent-fill)" })}
                {block(p.legal, { fill: "url(#ten)", stroke: "var(--soon)" })}
                {block(p.late, { fill: "var(--danger-fill)" })}
                {p.late > 0 && <text x={left + barW / 2} y={y(n) - 4} textAnchor="middle" fill="var(--danger)" fontWeight="700" fontSize="12">!</text>}
                {block(p.owed, { fill: "var(--surface)", stroke: "var(--accent)", strokeWidth: 1.5 })}
                {block(p.withheld, { fill: "none", stroke: "var(--line-strong)", strokeDasharray: "3 2" })}
              </>}
              {hour % 2 === 0 && <text x={x(hour + 0.5)} y={h - 18} textAnchor="middle" fill="var(--t3)">{String(hour).padStart(2, "0")}</text>}
            </g>
          );
        })}
        {running && <g><line x1={x(nowAt)} x2={x(nowAt)} y1={PAD.top - 6} y2={PAD.top + innerH} stroke="var(--t1)" strokeDasharray="2 2" /><text {...nowWord} y={14} fill="var(--t1)" fontWeight="600">{t("board.now")}</text></g>}
        <rect x={PAD.left} width={innerW} y={h - 9} height={5} rx={2} fill="var(--line)" />
        <rect x={PAD.left} width={Math.max(0, Math.min(24, nowAt) / 24) * innerW} y={h - 9} height={5} rx={2} fill="var(--done)" />
        {gaps.map(([from, to]) => <g key={from}><rect x={x(from)} width={Math.max(3, x(to) - x(from))} y={h - 9} height={5} fill="var(--surface)" /><rect x={x(from)} width={Math.max(3, x(to) - x(from))} y={h - 9} height={5} fill="url(#gap)" /></g>)}
      </svg>
    </div>
  );
}

export function HourTable({ of }: { of: Compliance }) {
  const { t } = useTranslation();
  return (
    <table className="table">
      <thead><tr><th scope="col">{t("board.hour")}</th>{["in5", "in10", "over", "open_", "hidden"].map((c) => <th key={c} scope="col" className="num">{t(`board.${c}`, { ...limitsOf(of) })}</th>)}</tr></thead>
      <tbody>
        {of.hours.map((row) => {
          const p = partsOf(row);
          return <tr key={row.hour}><td>{String(row.hour).padStart(2, "0")}:00 {row.no_data && <span className="chip" style={{ marginLeft: 6 }}><i className="hatch" style={{ width: 11, height: 11 }} />{t("board.noData")}</span>}</td>{[p.own, p.legal, p.late, p.owed, p.withheld].map((n, i) => <td key={i} className={`num ${i === 2 && n ? "danger b" : n ? "" : "t3"}`}>{n}</td>)}</tr>;
        })}
      </tbody>
    </table>
  );
}
