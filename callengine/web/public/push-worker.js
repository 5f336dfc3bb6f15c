// Shows what the engine pushes, opens its ticket, and acknowledges a job by the notification's own button. It caches nothing.

const WORDS = {
  ru: { took: "Принял", failed: "Не дошло: откройте заявку" },
  en: { took: "I have it", failed: "It did not arrive: open the ticket" },
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let told = {};
  try { told = event.data.json(); } catch { /* a browser has to show something for each push */ }
  const words = WORDS[told.language] ?? WORDS.ru;
  event.waitUntil(self.registration.showNotification(told.title || "callengine", {
    body: told.body || "",
    tag: `${told.kind || ""}:${told.ticket || ""}`,
    renotify: true,
    requireInteraction: Boolean(told.acknowledge || told.danger),
    icon: "/icon.svg",
    lang: told.language || "ru",
    data: told,
    actions: told.acknowledge ? [{ action: "acknowledge", title: words.took }] : [],
  }));
});

self.addEventListener("notificationclick", (event) => {
  const told = event.notification.data || {};
  event.notification.close();
  event.waitUntil(event.action === "acknowledge" ? acknowledge(told) : open(told));
});

async function acknowledge(told) {
  const about = { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ how: "push" }) };
  const answer = await fetch(`/api/v1/notices/${told.id}/acknowledge`, about).catch(() => null);
  if (answer?.ok) return;
  const words = WORDS[told.language] ?? WORDS.ru;
  await self.registration.showNotification(told.title || "callengine", { body: words.failed, data: { ...told, acknowledge: false }, tag: `${told.kind}:${told.ticket}` });
}

/** A resident's link may lie at another address of ours; a ticket is a page of this one. */
async function open(told) {
  const url = told.link || (told.ticket ? `${told.kind === "job" ? "/work/" : "/tickets/"}${told.ticket}` : "/");
  const there = new URL(url, self.location.origin);
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const ours = pages.find((page) => new URL(page.url).origin === there.origin);
  if (!ours) return self.clients.openWindow(there.href);
  await ours.navigate(there.href).catch(() => undefined);
  return ours.focus();
}
