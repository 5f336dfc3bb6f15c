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

/** A page that shows it already comes to the front; an executor's own one goes there; no other page is led away from what is typed into it. */
async function open(told) {
  const url = told.link || (told.ticket ? `${told.kind === "job" ? "/work/" : "/tickets/"}${told.ticket}` : "/");
  const there = new URL(url, self.location.origin);
  const pages = (await self.clients.matchAll({ type: "window", includeUncontrolled: true })).map((page) => [page, new URL(page.url)]);
  const same = pages.find(([, at]) => at.origin === there.origin && at.pathname === there.pathname);
  if (same) return same[0].focus();
  const work = there.pathname.startsWith("/work/") && pages.find(([, at]) => at.origin === there.origin && /^\/work(\/|$)/.test(at.pathname));
  const led = work && (await work[0].navigate(there.href).catch(() => null));
  return led ? led.focus() : self.clients.openWindow(there.href);
}

/** The browser gave this subscription up for another: the engine is told of the new one, as the page told it of the first. */
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

async function renew(event) {
  const own = event.newSubscription || (await again());
  const token = /^\/r\/([^/]+)\/?$/.exec(new URL(self.registration.scope).pathname);
  const path = token ? `/api/v1/public/tickets/${token[1]}/push` : "/api/v1/push/subscriptions";
  const language = (self.navigator.language || "ru").startsWith("ru") ? "ru" : "en";
  await fetch(path, { method: "POST", credentials: "same-origin", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ ...own.toJSON(), language }) });
}

async function again() {
  const { key } = await (await fetch("/api/v1/push/key")).json();
  return self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}
