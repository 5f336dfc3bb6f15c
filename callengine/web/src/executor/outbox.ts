// What an executor did without a network: kept on the telephone, sent in order, each once (its key goes with it).

import { call, Failure, newKey, withQuery } from "@/api/client";
import type { TicketComment, TicketMove } from "@/api/types";
import { Store } from "@/lib/store";

export interface Photo { kind: "photo"; blob: Blob; name: string; moment: "before" | "after"; public: boolean }
export interface Comment { kind: "comment"; body: TicketComment }
interface Move { kind: "move"; body: TicketMove; label: string }
export type Act = Photo | Comment | Move;
export interface Kept { id: string; order: number; owner: number | null; number: string; at: string; refused: string; act: Act }

const DB = "callengine", TABLE = "outbox";
export const outbox = new Store<Kept[]>([]);
export const sending = new Store(false);

function database(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(DB, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(TABLE, { keyPath: "id" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function within<T>(mode: IDBTransactionMode, work: (table: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const db = await database();
  try {
    return await new Promise<T>((resolve, reject) => {
      const tx = db.transaction(TABLE, mode);
      const asked = work(tx.objectStore(TABLE));
      // A write counts when its transaction is through: a full telephone fails only there.
      tx.oncomplete = () => resolve(asked.result);
      tx.onerror = tx.onabort = () => reject(tx.error ?? asked.error);
    });
  } finally {
    db.close();
  }
}

const byOrder = (a: Kept, b: Kept) => a.order - b.order;

export async function load(owner: number | null): Promise<void> {
  const all = await within<Kept[]>("readonly", (table) => table.getAll());
  outbox.set(() => all.filter((one) => one.owner === owner).sort(byOrder));
}

/** Keeps it first, then tries to send: whatever happens to the page in between, it is not lost. */
export async function keep(owner: number | null, number: string, act: Act): Promise<void> {
  const last = outbox.get().at(-1)?.order ?? 0;
  const one: Kept = { id: newKey(), order: Math.max(last + 1, Date.now()), owner, number, at: new Date().toISOString(), refused: "", act };
  await within("readwrite", (table) => table.put(one));
  outbox.set((old) => [...old, one]);
}

export async function drop(id: string): Promise<void> {
  await within("readwrite", (table) => table.delete(id));
  outbox.set((old) => old.filter((one) => one.id !== id));
}

async function change(one: Kept): Promise<void> {
  await within("readwrite", (table) => table.put(one));
  outbox.set((old) => old.map((other) => (other.id === one.id ? one : other)));
}

export const again = (one: Kept) => change({ ...one, refused: "" });

async function send(one: Kept): Promise<void> {
  const path = `/tickets/${encodeURIComponent(one.number)}`;
  if (one.act.kind === "photo") return upload(`${path}/files`, one.act, one.id);
  await call("POST", `${path}/${one.act.kind === "move" ? "moves" : "comments"}`, { body: one.act.body, key: one.id });
}

/** The body is the file itself: a browser streams it from its own store. */
export async function upload(path: string, file: { blob: Blob; name: string; moment?: string; public: boolean; kind?: string }, key: string): Promise<void> {
  let answer: Response;
  try {
    answer = await fetch(withQuery(path, { name: file.name, kind: file.kind ?? "photo", moment: file.moment, public: file.public }), {
      method: "POST", credentials: "same-origin", body: file.blob, headers: { "Content-Type": "application/octet-stream", "Idempotency-Key": key },
    });
  } catch {
    throw new Failure(0, { code: "no-link" });
  }
  if (!answer.ok) throw new Failure(answer.status, (await answer.json().catch(() => ({}))) as object);
}

const LATER = new Set([0, 401, 408, 425, 429, 500, 502, 503, 504, 507]);

/** Sends what waits, in order, until something must wait again. What the engine refuses stays with its reason. */
export async function flush(why: (error: unknown) => string, sent: (number: string) => void): Promise<void> {
  if (sending.get()) return;
  sending.set(() => true);
  try {
    for (;;) {
      const next = outbox.get().find((one) => !one.refused);
      if (!next) return;
      try {
        await send(next);
      } catch (error) {
        if (error instanceof Failure && LATER.has(error.status)) return;
        await change({ ...next, refused: why(error) });
        sent(next.number);
        continue;
      }
      await drop(next.id);
      sent(next.number);
    }
  } finally {
    sending.set(() => false);
  }
}
