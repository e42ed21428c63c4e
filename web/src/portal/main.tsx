// The portal's entry: words, theme, then the shell or the sign-in.
import { render } from "preact";
import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/kit.css";
import "../styles/portal.css";
import { startWords } from "../lib/i18n";
import { resume } from "../lib/session";
import { startApp } from "../lib/start";
import kit from "../words/kit.en";
import app from "../words/portal.en";
import { App } from "./app";

startApp();
await startWords({
  en: async () => ({ ...kit, ...app }),
  es: async () => (await import("../words/portal.es.all")).default,
  ar: async () => (await import("../words/portal.ar.all")).default,
});
await resume();
render(<App />, document.getElementById("app")!);
