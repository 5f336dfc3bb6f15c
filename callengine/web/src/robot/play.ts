// Walking a dialogue by keys as a resident would, without a telephone: what is said, where one stands, how it ends. Pure.

export interface Node { id: string; kind: string; start: boolean }
export interface Edge { from: string; to: string; key: string }
export interface Dialogue { nodes: Node[]; edges: Edge[] }

/** One line of the talk: what the robot says (a step, or what is told of a wrong key), or what was pressed. */
export type Said = { step: string } | { told: string } | { pressed: string };

export interface Walk {
  at: string;
  /** The dialogue is over: an end was said, or silence ended it. */
  over: boolean;
  typed: string;
  wrong: number;
  said: Said[];
}

const TRIES = 3;
export const SILENCE = "silent";

const nodeOf = (d: Dialogue, id: string) => d.nodes.find((n) => n.id === id);
const way = (d: Dialogue, from: string, key: string) => d.edges.find((e) => e.from === from && e.key === key)?.to;

export function begin(d: Dialogue): Walk {
  const start = d.nodes.find((n) => n.start) ?? d.nodes[0];
  return start ? enter(d, { at: start.id, over: false, typed: "", wrong: 0, said: [] }, start.id) : { at: "", over: true, typed: "", wrong: 0, said: [] };
}

/** Says a step and those that follow it by themselves, up to one that waits. */
function enter(d: Dialogue, walk: Walk, to: string): Walk {
  const said = [...walk.said];
  let at = to;
  for (let steps = 0; steps <= d.nodes.length; steps++) {
    said.push({ step: at });
    const next = nodeOf(d, at)?.kind === "say" ? way(d, at, "") : undefined;
    if (next === undefined) break;
    at = next;
  }
  // An end that leads on to the next subject is no end yet.
  const over = nodeOf(d, at)?.kind === "end" && way(d, at, "next") === undefined;
  return { at, over, typed: "", wrong: 0, said };
}

/** A key of the telephone, "silent" for none in time, or "next" and "done" where a dialogue goes over several subjects. */
export function press(d: Dialogue, walk: Walk, key: string): Walk {
  if (walk.over) return walk;
  const kind = nodeOf(d, walk.at)?.kind;
  const pressed: Walk = { ...walk, said: [...walk.said, { pressed: key }] };
  if (kind === "end") {
    const to = way(d, walk.at, key);
    return to === undefined ? walk : enter(d, pressed, to);
  }
  if (key === "next" || key === "done") return walk;
  if (key === SILENCE) return silent(d, pressed);
  if (key === "*") return { ...pressed, typed: "", said: [...pressed.said, { step: walk.at }] };
  if (kind === "digits") return digits(d, walk, key);
  if (kind === "record") return key === "#" ? on(d, pressed) : walk;
  const to = way(d, walk.at, key);
  if (to !== undefined) return enter(d, pressed, to);
  return walk.wrong + 1 >= TRIES ? silent(d, pressed) : { ...pressed, wrong: walk.wrong + 1, said: [...pressed.said, { told: "wrong" }, { step: walk.at }] };
}

function on(d: Dialogue, walk: Walk): Walk {
  const to = way(d, walk.at, "");
  return to === undefined ? { ...walk, over: true } : enter(d, walk, to);
}

/** A number is shown as one line, however many keys it has; # or a silence ends it. */
function digits(d: Dialogue, walk: Walk, key: string): Walk {
  if (key !== "#") return { ...walk, typed: (walk.typed + key).slice(0, 12) };
  if (!walk.typed) return { ...walk, said: [...walk.said, { pressed: "#" }, { told: "wrong" }, { step: walk.at }] };
  return on(d, { ...walk, said: [...walk.said, { pressed: `${walk.typed}#` }] });
}

function silent(d: Dialogue, walk: Walk): Walk {
  if (nodeOf(d, walk.at)?.kind === "record" || walk.typed) return on(d, walk);
  const to = way(d, walk.at, SILENCE);
  return to === undefined ? { ...walk, over: true } : enter(d, walk, to);
}

/** The keys that lead on from where one stands. */
export const ways = (d: Dialogue, at: string): Edge[] => d.edges.filter((e) => e.from === at);

/** A text as it sounds when no field is known but the keys that were just pressed: parts in [brackets] that need another one are left out. */
export function spoken(text: string, entered: string): string {
  const known = entered ? text.replaceAll("{entered}", entered) : text;
  return known.replace(/\[([^\]]*)\]/g, (_, part: string) => (part.includes("{") ? "" : part)).replace(/ {2,}/g, " ").trim();
}
