// Where the steps of a dialogue stand in its picture: in layers from the start down, with as few crossings as a few sweeps give. Pure.

export interface GraphNode { id: string; kind: string; start: boolean }
export interface GraphEdge { from: string; to: string; key: string }

export const NODE = { w: 196, h: 92 };
const GAP = { x: 28, y: 64 };
const BEND = 34;
const PAD = 20;

export interface Spot { x: number; y: number }
export interface Line { from: string; to: string; keys: string[]; points: Spot[] }
export interface Picture { width: number; height: number; spots: Map<string, Spot>; lines: Line[] }

/** Ends that one key leads to wherever it is pressed (an operator, «not me», «never»): drawn as marks on the step and not as lines. */
export function common(nodes: GraphNode[], edges: GraphEdge[]): Set<string> {
  const last = new Set(nodes.filter((n) => n.kind === "end").map((n) => n.id));
  const sources = new Map<string, Set<string>>();
  const keys = new Map<string, Set<string>>();
  for (const e of edges) {
    sources.set(e.to, (sources.get(e.to) ?? new Set()).add(e.from));
    keys.set(e.to, (keys.get(e.to) ?? new Set()).add(e.key));
  }
  const digit = (key: string | undefined) => key !== undefined && /^\d$/.test(key);
  return new Set([...sources].filter(([to, from]) => last.has(to) && keys.get(to)!.size === 1 && digit([...keys.get(to)!][0]) && (from.size > 1 || keys.get(to)!.has("0"))).map(([to]) => to));
}

/** One line for all keys that lead from one step to the same other one. */
function joined(edges: GraphEdge[]): { from: string; to: string; keys: string[] }[] {
  const lines = new Map<string, { from: string; to: string; keys: string[] }>();
  for (const { from, to, key } of edges) {
    const line = lines.get(`${from} ${to}`) ?? { from, to, keys: [] };
    line.keys.push(key);
    lines.set(`${from} ${to}`, line);
  }
  return [...lines.values()];
}

/** How deep each step stands: one below the deepest that leads to it, loops left out. */
function layersOf(ids: string[], start: string, lines: { from: string; to: string }[]): { depth: Map<string, number>; back: Set<string> } {
  const back = new Set<string>();
  const state = new Map<string, "open" | "done">();
  const order: string[] = [];
  const visit = (id: string) => {
    state.set(id, "open");
    for (const l of lines) {
      if (l.from !== id) continue;
      if (state.get(l.to) === "open") back.add(`${l.from} ${l.to}`);
      else if (!state.has(l.to)) visit(l.to);
    }
    state.set(id, "done");
    order.unshift(id);
  };
  if (ids.includes(start)) visit(start);
  ids.forEach((id) => { if (!state.has(id)) visit(id); });
  const depth = new Map<string, number>(ids.map((id) => [id, 0]));
  for (const id of order) for (const l of lines) if (l.from === id && !back.has(`${l.from} ${l.to}`)) depth.set(l.to, Math.max(depth.get(l.to)!, depth.get(id)! + 1));
  return { depth, back };
}

export function pictureOf(nodes: GraphNode[], edges: GraphEdge[]): Picture {
  const ends = common(nodes, edges);
  const start = nodes.find((n) => n.start)?.id ?? nodes[0]?.id ?? "";
  const inFlow = nodes.map((n) => n.id).filter((id) => !ends.has(id));
  const lines = joined(edges.filter((e) => !ends.has(e.to) && !ends.has(e.from)));
  const { depth, back } = layersOf(inFlow, start, lines);

  // A line over several layers bends at a place of its own in each of them, so that it goes round the steps and not behind them.
  const rows: string[][] = [];
  const put = (id: string, at: number) => (rows[at] ??= []).push(id);
  inFlow.forEach((id) => put(id, depth.get(id)!));
  const chains = new Map<string, string[]>();
  for (const l of lines) {
    const [top, low] = [depth.get(l.from)!, depth.get(l.to)!].sort((a, b) => a - b) as [number, number];
    const bends: string[] = [];
    for (let at = top + 1; at < low; at++) {
      const id = `~${l.from}>${l.to}@${at}`;
      put(id, at);
      bends.push(id);
    }
    chains.set(`${l.from} ${l.to}`, back.has(`${l.from} ${l.to}`) ? bends.reverse() : bends);
  }
  const pairs = lines.flatMap((l) => {
    const chain = [l.from, ...chains.get(`${l.from} ${l.to}`)!, l.to];
    return chain.slice(1).map((to, i) => [chain[i]!, to] as const);
  });
  untangle(rows, pairs);

  const wide = (id: string) => (id.startsWith("~") ? BEND : NODE.w);
  const widthOf = (row: string[]) => row.reduce((sum, id) => sum + wide(id), 0) + GAP.x * Math.max(0, row.length - 1);
  const tail = [...ends].filter((id) => nodes.some((n) => n.id === id));
  const width = Math.max(...rows.map(widthOf), widthOf(tail), NODE.w);
  const spots = new Map<string, Spot>();
  const place = (row: string[], at: number) => {
    let x = PAD + (width - widthOf(row)) / 2;
    for (const id of row) {
      spots.set(id, { x, y: PAD + at * (NODE.h + GAP.y) });
      x += wide(id) + GAP.x;
    }
  };
  rows.forEach(place);
  if (tail.length) place(tail, rows.length);
  const deep = rows.length + (tail.length ? 1 : 0);
  return {
    width: width + 2 * PAD, height: deep * (NODE.h + GAP.y) - GAP.y + 2 * PAD, spots,
    lines: lines.map((l) => ({ ...l, points: pointsOf(l, chains.get(`${l.from} ${l.to}`)!, spots, lines, back.has(`${l.from} ${l.to}`)) })),
  };
}

/** Orders each layer by the middle of what it hangs on, down and up, a few times. */
function untangle(rows: string[][], pairs: (readonly [string, string])[]): void {
  const sweep = (row: string[], other: string[]) => {
    const at = new Map(other.map((id, i) => [id, i]));
    const middle = (id: string, i: number) => {
      const near = pairs.flatMap(([a, b]) => (a === id && at.has(b) ? [at.get(b)!] : b === id && at.has(a) ? [at.get(a)!] : []));
      return near.length ? near.reduce((x, y) => x + y, 0) / near.length : i;
    };
    const weights = new Map(row.map((id, i) => [id, middle(id, i)]));
    row.sort((a, b) => weights.get(a)! - weights.get(b)!);
  };
  for (let turn = 0; turn < 4; turn++) {
    for (let i = 1; i < rows.length; i++) sweep(rows[i]!, rows[i - 1]!);
    for (let i = rows.length - 2; i >= 0; i--) sweep(rows[i]!, rows[i + 1]!);
  }
}

/** Lines leave a step side by side, in the order of where they go, and so do they arrive. */
function pointsOf(l: { from: string; to: string }, bends: string[], spots: Map<string, Spot>, all: { from: string; to: string }[], back: boolean): Spot[] {
  const a = spots.get(l.from)!;
  const b = spots.get(l.to)!;
  const share = (siblings: { from: string; to: string }[], x: (s: { from: string; to: string }) => number) => {
    const sorted = [...siblings].sort((p, q) => x(p) - x(q));
    return (sorted.findIndex((s) => s.from === l.from && s.to === l.to) + 1) / (sorted.length + 1);
  };
  const outs = share(all.filter((s) => s.from === l.from), (s) => spots.get(s.to)!.x);
  const ins = share(all.filter((s) => s.to === l.to), (s) => spots.get(s.from)!.x);
  if (back && a.y >= b.y) {
    // Back up: by the right side, apart from what goes down.
    const side = Math.max(a.x, b.x) + NODE.w + 14;
    return [{ x: a.x + NODE.w, y: a.y + NODE.h / 2 }, { x: side, y: a.y + NODE.h / 2 }, { x: side, y: b.y + NODE.h / 2 }, { x: b.x + NODE.w, y: b.y + NODE.h / 2 }];
  }
  return [
    { x: a.x + NODE.w * outs, y: a.y + NODE.h },
    ...bends.flatMap((id) => { const s = spots.get(id)!; return [{ x: s.x + BEND / 2, y: s.y }, { x: s.x + BEND / 2, y: s.y + NODE.h }]; }),
    { x: b.x + NODE.w * ins, y: b.y },
  ];
}

/** A smooth path through the points of a line that goes down; a loop back keeps its corners, rounded. */
export function pathOf(points: Spot[]): string {
  const [first, ...rest] = points as [Spot, ...Spot[]];
  let at = first;
  let path = `M${first.x},${first.y}`;
  for (const p of rest) {
    const bend = (p.y - at.y) / 2;
    path += p.x === at.x || p.y === at.y ? `L${p.x},${p.y}` : `C${at.x},${at.y + bend} ${p.x},${p.y - bend} ${p.x},${p.y}`;
    at = p;
  }
  return path;
}

/** Where the words of a line stand: near the step that it leaves, so that it is seen which key it is. */
export function labelAt(points: Spot[]): Spot {
  const [a, b] = points as [Spot, Spot];
  if (a.y === b.y) return { x: b.x, y: (a.y + (points[2]?.y ?? a.y)) / 2 };
  const part = 0.42;
  return { x: a.x + (b.x - a.x) * ((3 - 2 * part) * part * part), y: a.y + (b.y - a.y) * part };
}

/** 1, 2, 3, 5 -> "1–3, 5". */
export function keysOf(keys: string[]): string {
  const digits = keys.filter((k) => /^\d$/.test(k)).map(Number).sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const d of digits) {
    const last = runs.at(-1);
    if (last && last[1] === d - 1) last[1] = d;
    else runs.push([d, d]);
  }
  return runs.map(([a, b]) => (a === b ? `${a}` : b === a + 1 ? `${a}, ${b}` : `${a}–${b}`)).join(", ");
}
