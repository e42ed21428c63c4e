// What both apps switch on before the first words are there.
import { watchHands } from "./idle";
import { installKeys } from "./keys";
import { applyTheme } from "./prefs";
import { watchPrinter } from "./printed";
import { installRouter } from "./router";
import { watchOtherTabs } from "./session";

export function startApp(): void {
  applyTheme();
  installRouter();
  installKeys();
  watchHands();
  watchOtherTabs();
  watchPrinter();
}
