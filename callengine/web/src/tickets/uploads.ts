// Files on their way to a ticket: their progress, what was refused, each sent once (its key goes with it).

import { Failure, newKey, withQuery } from "@/api/client";
import type { TicketFile } from "@/api/types";
import { Store } from "@/lib/store";
import { queries } from "@/session";

interface Upload { id: string; number: string; file: File; name: string; kind: TicketFile["kind"]; public: boolean; share: number; failed: unknown }

/** Outside the page: a long upload goes on while its sender looks at another ticket. */
export const uploads = new Store<Upload[]>([]);

const change = (id: string, some: Partial<Upload>) => uploads.set((all) => all.map((one) => (one.id === id ? { ...one, ...some } : one)));
export const forget = (id: string) => uploads.set((all) => all.filter((one) => one.id !== id));

export function send(number: string, files: readonly File[], about: { public: boolean; kind?: TicketFile["kind"] }, done: (name: string) => void): void {
  for (const file of files) {
    const kind = about.kind ?? (file.type.startsWith("image/") ? "photo" : "document");
    // What is pasted has no name of its own.
    const one: Upload = { id: newKey(), number, file, name: file.name || "photo.png", kind, public: about.public, share: 0, failed: null };
    uploads.set((all) => [...all, one]);
    void again(one, done);
  }
}

export async function again(one: Upload, done: (name: string) => void): Promise<void> {
  change(one.id, { share: 0, failed: null });
  try {
    await post(one, (share) => change(one.id, { share }));
    await queries.invalidateQueries({ queryKey: ["ticket", one.number] });
    forget(one.id);
    done(one.name);
  } catch (failed) {
    change(one.id, { failed });
  }
}

/** Not fetch: only this one tells how much of the body has gone. */
function post(one: Upload, progress: (share: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", withQuery(`/tickets/${encodeURIComponent(one.number)}/files`, { name: one.name, kind: one.kind, public: one.public }));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("Idempotency-Key", one.id);
    request.upload.onprogress = (e) => e.lengthComputable && progress(e.loaded / e.total);
    request.onload = () => (request.status < 300 ? resolve() : reject(new Failure(request.status, problemOf(request.responseText))));
    request.onerror = request.onabort = () => reject(new Failure(0, { code: "no-link" }));
    request.send(one.file);
  });
}

function problemOf(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    return {};
  }
}
