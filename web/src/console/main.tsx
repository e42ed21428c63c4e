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
import { path } from "../lib/router";
import { resume, session } from "../lib/session";
import { startApp } from "../lib/start";
import app from "../words/console.en";
import kit from "../words/kit.en";
import { App } from "./app";
import { purposeOf } from "./purpose";

sayPurpose(() => purposeOf(session.value?.role, path.value));
startApp();
await startWords({
  en: async () => ({ ...kit, ...app }),
  es: async () => (await import("../words/console.es.all")).default,
  ar: async () => (await import("../words/console.ar.all")).default,
});
await resume();
render(<App />, document.getElementById("app")!);
