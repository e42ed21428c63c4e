// Notices on this device: off until the patient turns them on here, which is their consent; the browser asks too.
// What is shown on the device never says what a message is about.
import { useEffect, useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { get, post } from "../lib/api";
import { t } from "../lib/i18n";
import { useLoad } from "../lib/load";
import { me } from "./data";
import script from "./notice-worker.ts?worker&url";

const can = (): boolean =>
  "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

/** The page takes scripts' addresses from policies only (require-trusted-types-for); this one knows one address. */
interface Policies {
  createPolicy(
    name: string,
    rules: { createScriptURL: () => string },
  ): {
    createScriptURL(of: string): string;
  };
}
const trusted = (globalThis as { trustedTypes?: Policies }).trustedTypes?.createPolicy("notices", {
  createScriptURL: () => script,
});

async function subscription(): Promise<PushSubscription | null> {
  const there = await navigator.serviceWorker.getRegistration(script);
  return (await there?.pushManager.getSubscription()) ?? null;
}

/** A worker takes subscriptions once it is active. */
async function registered(): Promise<ServiceWorkerRegistration> {
  const there = await navigator.serviceWorker.register(trusted?.createScriptURL(script) ?? script);
  const coming = there.installing ?? there.waiting;
  if (!there.active && coming)
    await new Promise<void>((done) =>
      coming.addEventListener("statechange", () => coming.state === "activated" && done()),
    );
  return there;
}

async function subscribed(key: string): Promise<PushSubscription> {
  const there = await registered();
  return there.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

export function NoticesCard() {
  const key = `Patient|${me()}|notices`;
  const { data } = useLoad<{ key?: string }>(key, () => get(`/fhir/Patient/${me()}/$notices`));
  const [error, busy, act] = useAct(key, `Consent|${me()}|mine`);
  const [here, setHere] = useState(false);
  useEffect(() => {
    if (can()) void subscription().then((s) => setHere(!!s));
  }, []);
  const server = data?.key;
  if (!server) return null; // it sends none
  const say = (what: object): Promise<unknown> => post(`/fhir/Patient/${me()}/$notices`, what);
  const on = async (): Promise<string> => {
    if ((await Notification.requestPermission()) !== "granted") return t("nt_denied");
    const made = await subscribed(server).catch(() => null);
    if (!made) return t("nt_denied");
    const { endpoint, keys } = made.toJSON();
    await say({ on: true, endpoint, p256dh: keys?.p256dh, auth: keys?.auth });
    setHere(true);
    return t("nt_is_on");
  };
  const off = async (): Promise<string> => {
    const had = await subscription();
    if (had) {
      await say({ on: false, endpoint: had.endpoint });
      await had.unsubscribe();
    }
    setHere(false);
    return t("nt_is_off");
  };
  return (
    <section class="card block" aria-labelledby="set-notices">
      <h2 id="set-notices">{t("nt_title")}</h2>
      <p class="muted">{t("nt_lead")}</p>
      <p>{t(here ? "nt_is_on" : "nt_is_off")}</p>
      {can() ? (
        <button type="button" class="btn" disabled={busy} onClick={() => void act(here ? off : on)}>
          {t(here ? "nt_off" : "nt_on")}
        </button>
      ) : (
        <p class="note">{t("nt_cannot")}</p>
      )}
      <Wrong text={error} />
    </section>
  );
}
