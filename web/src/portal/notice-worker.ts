// The service worker of notices: shows the one sentence that came, and opens the messages when it is touched. It
// keeps nothing and reads nothing of the record.
interface Pushed extends Event {
  data: { text(): string } | null;
  waitUntil(what: Promise<unknown>): void;
}
interface Touched extends Event {
  notification: Notification;
  waitUntil(what: Promise<unknown>): void;
}
interface Worker {
  registration: ServiceWorkerRegistration;
  clients: { openWindow(url: string): Promise<unknown> };
}
const worker = globalThis as unknown as Worker;

addEventListener("push", (e) => {
  const pushed = e as Pushed;
  const text = pushed.data?.text() ?? "";
  if (text) pushed.waitUntil(worker.registration.showNotification(text, { tag: "message" }));
});

addEventListener("notificationclick", (e) => {
  const touched = e as Touched;
  touched.notification.close();
  touched.waitUntil(worker.clients.openWindow("/portal/messages"));
});
