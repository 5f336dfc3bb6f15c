// Pushes to this browser: whether it can, whether it does, and the switch. What comes is shown by public/push-worker.js.

import { get, post, remove } from "@/api/client";
import type { PushKey, PushSubscriptionView } from "@/api/types";

/** unable: the browser has none; insecure: the page came by plain HTTP; blocked: the reader said no; lost: it was on, and the browser forgot it. */
export type Pushes = "unable" | "insecure" | "blocked" | "off" | "on" | "lost";

/** For whom this browser takes pushes: one of the staff, or who holds the link of a ticket. Each has a worker of his own. */
export interface Taker {
  scope: string;
  kept: string;
  begin: (body: unknown) => Promise<PushSubscriptionView>;
  end: (id: string, endpoint: string) => Promise<unknown>;
}

export const staffTaker = (id: number | null): Taker => ({
  scope: "/", kept: `callengine.push.${id ?? 0}`,
  begin: (body) => post<PushSubscriptionView>("/push/subscriptions", body),
  end: (subscription) => remove(`/push/subscriptions/${subscription}`),
});

export const residentTaker = (token: string): Taker => ({
  scope: `/r/${encodeURIComponent(token)}`, kept: `callengine.push.r.${token}`,
  begin: (body) => post<PushSubscriptionView>(`/public/tickets/${encodeURIComponent(token)}/push`, body),
  end: (_, endpoint) => (endpoint ? post(`/public/tickets/${encodeURIComponent(token)}/push/end`, { endpoint }) : Promise.resolve()),
});

export const able = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

const workerOf = async (of: Taker) => {
  // A worker of a wider scope answers too: only the one of this very scope is ours.
  const found = await navigator.serviceWorker.getRegistration(of.scope);
  return found && new URL(found.scope).pathname === of.scope ? found : undefined;
};
const kept = (of: Taker) => localStorage.getItem(of.kept);

/** How it stands. What was on is told to the engine once more: either side may have forgotten it. */
export async function pushes(of: Taker, language: string): Promise<Pushes> {
  if (!window.isSecureContext) return "insecure";
  if (!able()) return "unable";
  if (Notification.permission === "denied") return "blocked";
  if (!kept(of)) {
    // What somebody else of the staff left on at this machine is not for who sits here now.
    if (of.scope === "/") await (await (await workerOf(of))?.pushManager.getSubscription())?.unsubscribe();
    return "off";
  }
  if (Notification.permission !== "granted") return "lost";
  const own = await (await workerOf(of))?.pushManager.getSubscription();
  if (!own) return "lost";
  await tell(of, own, language).catch(() => undefined); // without a link it stands as it stood
  return "on";
}

async function tell(of: Taker, own: PushSubscription, language: string): Promise<void> {
  const { id } = await of.begin({ ...own.toJSON(), language });
  localStorage.setItem(of.kept, String(id));
}

/** Asks the browser's leave, subscribes it and tells the engine. Throws a Failure, or what the browser says. */
export async function takePushes(of: Taker, language: string): Promise<Pushes> {
  if ((await Notification.requestPermission()) !== "granted") return Notification.permission === "denied" ? "blocked" : "off";
  const worker = await running(await navigator.serviceWorker.register("/push-worker.js", { scope: of.scope }));
  const { key } = await get<PushKey>("/push/key");
  await tell(of, await subscribed(worker, key), language);
  return "on";
}

async function subscribed(worker: ServiceWorkerRegistration, key: string): Promise<PushSubscription> {
  const how = { userVisibleOnly: true, applicationServerKey: key };
  try {
    return await worker.pushManager.subscribe(how);
  } catch (error) {
    // One of another key (the service was set up anew) stands in the way.
    if (!(error instanceof DOMException && error.name === "InvalidStateError")) throw error;
    await (await worker.pushManager.getSubscription())?.unsubscribe();
    return worker.pushManager.subscribe(how);
  }
}

/** A worker takes subscriptions when it is active; `ready` speaks of the page's own one alone. */
async function running(worker: ServiceWorkerRegistration): Promise<ServiceWorkerRegistration> {
  const young = worker.installing ?? worker.waiting;
  if (!worker.active && young) {
    await new Promise<void>((done) => {
      const look = () => { if (young.state === "activated" || young.state === "redundant") done(); };
      young.addEventListener("statechange", look);
      look();
    });
  }
  return worker;
}

/** Before one signs out too: who takes the machine next has his own. */
export async function endPushes(of: Taker): Promise<void> {
  const id = kept(of);
  const own = able() && window.isSecureContext ? await (await workerOf(of))?.pushManager.getSubscription().catch(() => null) : null;
  if (id === null && !own) return;
  localStorage.removeItem(of.kept);
  await of.end(id ?? "0", own?.endpoint ?? "").catch(() => undefined);
  await own?.unsubscribe().catch(() => undefined);
}
