// Speaks to the engine: JSON there and back, every refusal as a Problem with its reason.

import type { Problem } from "./types";
import { setServerTime } from "@/lib/clock";

export class Failure extends Error {
  constructor(readonly status: number, readonly problem: Partial<Problem>) {
    super(problem.detail || problem.title || `HTTP ${status}`);
  }

  get code(): string {
    return this.problem.code ?? "";
  }
}

type Query = Record<string, string | number | boolean | null | undefined>;

export function withQuery(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, v]) => v !== undefined && v !== null && v !== "");
  const text = new URLSearchParams(given.map(([k, v]) => [k, String(v)])).toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
}

interface Options {
  query?: Query;
  body?: unknown;
  key?: string;
  signal?: AbortSignal;
}

export async function call<T>(method: string, path: string, { query, body, key, signal }: Options = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json", "Accept-Language": document.documentElement.lang || "ru" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  let answer: Response;
  try {
    answer = await fetch(withQuery(path, query), {
      method, headers, signal, credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Failure(0, { code: "no-link" });
  }
  setServerTime(answer.headers.get("Date"));
  if (answer.status === 204 || answer.status === 205) return undefined as T;
  const text = await answer.text();
  let data: unknown;
  try {
    data = text ? JSON.parse(text) : undefined;
  } catch {
    throw new Failure(answer.ok ? 502 : answer.status, { code: "not-json" });
  }
  if (!answer.ok) throw new Failure(answer.status, (data ?? {}) as Partial<Problem>);
  return data as T;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal) => call<T>("GET", path, { query, signal });
export const post = <T>(path: string, body?: unknown, key?: string) => call<T>("POST", path, { body, key });
export const put = <T>(path: string, body: unknown) => call<T>("PUT", path, { body });
export const remove = (path: string) => call<void>("DELETE", path);

/** crypto.randomUUID needs HTTPS or localhost; a service may run on plain HTTP inside its own network. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
