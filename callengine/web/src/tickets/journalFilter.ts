// The journal's filter as it stands in the address bar, as the engine takes it, and the columns one has chosen. Pure but for localStorage.

const PARAMETERS = ["q", "status", "urgency", "accident", "paid", "overdue", "late", "unassigned", "houseless", "organisation_id", "house_id", "district", "executor_id", "classifier", "mark", "level", "from", "to", "days", "sort"] as const;
export type Parameter = (typeof PARAMETERS)[number];
export type Filter = Partial<Record<Parameter, string>>;

export const COLUMNS = ["number", "what", "where", "status", "organisation", "created", "due", "executor", "applicant", "district", "mark", "paid", "level", "recording", "comment", "damage", "accepted", "localised", "fixed", "closed", "late", "text", "close_reason"] as const;
/** What costs the engine a look of its own: asked for only when one has chosen it. */
export const EXTRAS: readonly Column[] = ["comment", "recording", "damage", "accepted", "localised", "fixed", "closed", "late", "text", "close_reason"];
export type Column = (typeof COLUMNS)[number];
export const USUAL: Column[] = ["number", "what", "where", "status", "organisation", "created", "due"];
const KEPT = "callengine.journal.columns";

export const RAIL: [string, Filter][] = [
  ["open", { status: "open" }], ["accidents", { status: "open", accident: "true" }], ["overdue", { overdue: "true" }], ["awaiting_centre", { status: "awaiting_centre" }],
  ["unassigned", { unassigned: "true" }], ["paid", { status: "open", paid: "true" }], ["conflict", { status: "conflict" }], ["all", { status: "all" }],
];
const NARROWS_STATUS: Parameter[] = ["status", "overdue", "unassigned"];

/** What the address bar says; nothing there means the open ones. A link of older pages names its house `house`. */
export function fromUrl(query: URLSearchParams): Filter {
  const found: Filter = {};
  for (const name of PARAMETERS) {
    const value = query.get(name);
    if (value) found[name] = value;
  }
  if (query.get("house")) found.house_id = query.get("house")!;
  if (!NARROWS_STATUS.some((name) => found[name]) && !query.has("status")) found.status = "open";
  return found;
}

export function toUrl(filter: Filter, more: Record<string, string> = {}): string {
  const given = Object.entries({ ...filter, ...more }).filter(([name, v]) => v && !(name === "status" && v === "open" && !more.status));
  // Filters that say all of the status themselves need no word for "any".
  const text = new URLSearchParams(given as [string, string][]).toString();
  return text ? `/tickets?${text}` : "/tickets";
}

/** What the engine is asked: every status is no status. */
export function asked(filter: Filter): Record<string, string> {
  const { status, sort, ...rest } = filter;
  return { ...rest, ...(status && status !== "all" ? { status } : {}), sort: sort ?? "danger" };
}

/** A filter as it is kept; and back. */
export const kept = asked;
export function fromKept(of: Record<string, string>): Filter {
  const filter: Filter = { ...of };
  if (filter.sort === "danger") delete filter.sort;
  if (!NARROWS_STATUS.some((name) => filter[name])) filter.status = "all";
  return filter;
}

const plain = (f: Filter) => JSON.stringify(Object.entries(f).filter(([name, v]) => v && name !== "sort" && !(name === "status" && v === "all")).sort());
export const same = (a: Filter, b: Filter) => plain(a) === plain(b);

export function myColumns(): Column[] {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "[]") as string[];
    const known = found.filter((c): c is Column => (COLUMNS as readonly string[]).includes(c));
    return known.includes("number") ? known : USUAL;
  } catch {
    return USUAL;
  }
}

export function keepColumns(columns: Column[]): void {
  localStorage.setItem(KEPT, JSON.stringify(columns));
}

/** One column moved by a place among the chosen; the number always stands first. */
export function moved(columns: Column[], column: Column, by: number): Column[] {
  const at = columns.indexOf(column);
  const to = at + by;
  if (at < 1 || to < 1 || to >= columns.length) return columns;
  const next = columns.filter((c) => c !== column);
  next.splice(to, 0, column);
  return next;
}
