// The way in and out that both apps share: the start of their bar, the way out, and who is at the wrong door.
import type { ComponentChildren } from "preact";
import { t } from "../lib/i18n";
import { href } from "../lib/router";
import { Guard } from "./guard";
import { Brand, Icon } from "./icons";
import { leave } from "./leave";

/** First in the bar, also by keyboard: past it, and home. */
export function BarStart() {
  return (
    <>
      <a class="skip" href="#main">
        {t("skip")}
      </a>
      <a class="brand" href={href("/")}>
        <Brand word="Weft" />
      </a>
    </>
  );
}

export function Leave({ quiet }: { quiet?: boolean }) {
  return (
    <button type="button" class={quiet ? "btn quiet" : "btn"} onClick={() => void leave()}>
      <Icon name="door" />
      {t("sign_out")}
    </button>
  );
}

/** What stands between the door and the app: nothing but it, and the guard. */
export function Before({ children }: { children: ComponentChildren }) {
  return (
    <>
      {children}
      <Guard />
    </>
  );
}

/** Signed in, but this app is for others. */
export function WrongDoor(p: { title: string; to: string; word: string }) {
  return (
    <main class="door">
      <div class="door-in">
        <div class="card state">
          <h1>{p.title}</h1>
          <a class="btn primary" href={p.to} target="_self">
            {p.word}
          </a>
          <Leave />
        </div>
      </div>
    </main>
  );
}
