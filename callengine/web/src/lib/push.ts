// Pushes to this browser: whether it can, whether it does, and the switch. What comes is shown by public/push-worker.js.

import { get, post, remove } from "@/api/client";
import type { PushKey, PushSubscriptionView } from "@/api/types";

export type Pushes = "unable" | "blocked" | "off" | "on";
const KEPT = "callengine.push";

export const able = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

/** Plain HTTP has no service workers; who said no in his browser is not asked again. */
export async function pushes(): Promise<Pushes> {
  if (!able()) return "unable";
  if (Notification.permission === "denied") return "blocked";
  const worker = await navigator.serviceWorker.getRegistration("/");
  const own = await worker?.pushManager.getSubscription();
  return own && localStorage.getItem(KEPT) ? "on" : "off";
}

/** Asks the browser's leave, subscribes it and tells the engine. Throws a Failure, or what the browser says. */
export async function takePushes(language: string): Promise<Pushes> {
  if ((await Notification.requestPermission()) !== "granted") return Notification.permission === "denied" ? "blocked" : "off";
  await navigator.serviceWorker.register("/push-worker.js");
  const worker = await navigator.serviceWorker.ready;
  const { key } = await get<PushKey>("/push/key");
  const own = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const kept = await post<PushSubscriptionView>("/push/subscriptions", { ...own.toJSON(), language });
  localStorage.setItem(KEPT, String(kept.id));
  return "on";
}

/** Before one signs out: who takes the telephone next has his own. */
export async function endPushes(): Promise<void> {
  const kept = localStorage.getItem(KEPT);
  localStorage.removeItem(KEPT);
  if (kept) await remove(`/push/subscriptions/${kept}`).catch(() => undefined);
  const worker = able() ? await navigator.serviceWorker.getRegistration("/") : undefined;
  await (await worker?.pushManager.getSubscription())?.unsubscribe().catch(() => undefined);
}
