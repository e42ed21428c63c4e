// The portal's shell: five places, at the bottom on a phone and at the top on a wide screen.

import { useEffect } from "preact/hooks";
import { BarStart, Before, Leave, WrongDoor } from "../kit/door";
import { Guard } from "../kit/guard";
import { Icon, type IconName } from "../kit/icons";
import { RenewPage, SecurityPage } from "../kit/security";
import { SignIn } from "../kit/signin";
import { Toasts } from "../kit/toast";
import { type Key, lang, number, t } from "../lib/i18n";
import { startLive, stopLive } from "../lib/live";
import { isUnread } from "../lib/read";
import { href, path } from "../lib/router";
import { session } from "../lib/session";
import { useMessages } from "./data";
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

const MOST_SHOWN = 99;

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

/** How many messages wait, on the way to them. */
function Waiting() {
  const n = (useMessages().data ?? []).filter(isUnread).length;
  return n === 0 ? null : (
    <span class="waiting" role="img" aria-label={t("msg_unread", { n })}>
      {n > MOST_SHOWN ? `${number(MOST_SHOWN)}+` : number(n)}
    </span>
  );
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
        <BarStart />
        <Leave quiet />
      </header>
      <nav class="places no-print" aria-label={t("h_nav")}>
        {PLACES.map((p) => (
          <a key={p.to} href={href(p.to)} aria-current={at === p.to ? "page" : undefined}>
            <Icon name={p.icon} />
            <span>{t(p.word)}</span>
            {p.to === "/messages" && <Waiting />}
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
      <Before>
        <RenewPage />
      </Before>
    );
  if (s.role === "helper") return <HelperShell />;
  return s.patient ? (
    <Shell />
  ) : (
    <WrongDoor title={t("h_not_patient")} to="/console/" word={t("h_to_console")} />
  );
}
