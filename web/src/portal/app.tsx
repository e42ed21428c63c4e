// The portal's shell: five places, at the bottom on a phone and at the top on a wide screen.
import { useEffect } from "preact/hooks";
import { Guard } from "../kit/guard";
import { Brand, Icon, type IconName } from "../kit/icons";
import { leave } from "../kit/leave";
import { RenewPage, SecurityPage } from "../kit/security";
import { SignIn } from "../kit/signin";
import { Toasts } from "../kit/toast";
import { type Key, lang, t } from "../lib/i18n";
import { startLive, stopLive } from "../lib/live";
import { href, path } from "../lib/router";
import { session } from "../lib/session";
import { Helpers } from "./helpers";
import { Home } from "./home";
import { Join } from "./join";
import { Looked } from "./looked";
import { Messages } from "./messages";
import { Readings } from "./readings";
import { Rights } from "./rights";
import { applyText, Settings } from "./settings";
import { HelperShell } from "./shared";

const PLACES: { to: string; word: Key; icon: IconName }[] = [
  { to: "/", word: "nav_home", icon: "home" },
  { to: "/readings", word: "nav_readings", icon: "pulse" },
  { to: "/messages", word: "nav_messages", icon: "message" },
  { to: "/looked", word: "nav_looked", icon: "eye" },
  { to: "/settings", word: "nav_settings", icon: "gear" },
];

/** The live stream waits, so that on a slow phone it takes no connection from the first data. */
const AFTER_FIRST_DATA_MS = 1500;

function Place() {
  switch (path.value) {
    case "/readings":
      return <Readings />;
    case "/messages":
      return <Messages />;
    case "/looked":
      return <Looked />;
    case "/settings":
      return <Settings />;
    case "/helpers":
      return <Helpers />;
    case "/rights":
      return <Rights />;
    case "/security":
      return <SecurityPage />;
    default:
      return <Home />;
  }
}

function Shell() {
  const who = session.value!.user;
  const at = path.value;
  useEffect(() => {
    const timer = setTimeout(() => void startLive(), AFTER_FIRST_DATA_MS);
    return () => {
      clearTimeout(timer);
      stopLive();
    };
  }, [who]);
  useEffect(() => {
    document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [at]);
  return (
    <>
      <header class="top no-print">
        <a class="skip" href="#main">
          {t("skip")}
        </a>
        <a class="brand" href={href("/")}>
          <Brand word="Weft" />
        </a>
        <button type="button" class="btn quiet" onClick={() => void leave()}>
          <Icon name="door" />
          {t("sign_out")}
        </button>
      </header>
      <nav class="places no-print" aria-label={t("h_nav")}>
        {PLACES.map((p) => (
          <a key={p.to} href={href(p.to)} aria-current={at === p.to ? "page" : undefined}>
            <Icon name={p.icon} />
            <span>{t(p.word)}</span>
          </a>
        ))}
      </nav>
      <main id="main" tabIndex={-1}>
        <Place />
      </main>
      <Toasts />
      <Guard />
    </>
  );
}

function NotPatient() {
  return (
    <main class="door">
      <div class="door-in">
        <div class="card state">
          <h1>{t("h_not_patient")}</h1>
          <a class="btn primary" href="/console/" target="_self">
            {t("h_to_console")}
          </a>
          <button type="button" class="btn" onClick={() => void leave()}>
            {t("sign_out")}
          </button>
        </div>
      </div>
    </main>
  );
}

export function App() {
  useEffect(() => {
    document.title = t("h_title");
    applyText();
  }, [lang.value]);
  const s = session.value;
  if (path.value === "/join" && location.hash.length > 1) return <Join />;
  if (!s) return <SignIn title={t("sign_in")} lead={t("h_lead")} />;
  if (s.renew)
    return (
      <>
        <RenewPage />
        <Guard />
      </>
    );
  if (s.role === "helper") return <HelperShell />;
  return s.patient ? <Shell /> : <NotPatient />;
}
