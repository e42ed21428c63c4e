// The console's entry: words, theme, keys, then the shell or the sign-in.
import { render } from "preact";
import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/kit.css";
import "../styles/console.css";
import "../styles/console-parts.css";
import "../styles/console-narrow.css";
import { sayPurpose } from "../lib/api";
import { startWords } from "../lib/i18n";
import { watchHands } from "../lib/idle";
import { installKeys } from "../lib/keys";
import { applyTheme } from "../lib/prefs";
import { watchPrinter } from "../lib/printed";
import { installRouter, path } from "../lib/router";
import { resume, session, watchOtherTabs } from "../lib/session";
import app from "../words/console.en";
import kit from "../words/kit.en";
import { App } from "./app";
import { purposeOf } from "./purpose";

applyTheme();
installRouter();
sayPurpose(() => purposeOf(session.value?.role, path.value));
installKeys();
watchHands();
watchOtherTabs();
watchPrinter();
await startWords({
  en: async () => ({ ...kit, ...app }),
  es: async () => (await import("../words/console.es.all")).default,
  ar: async () => (await import("../words/console.ar.all")).default,
});
await resume();
render(<App />, document.getElementById("app")!);
