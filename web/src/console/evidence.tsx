// The privacy officer's proof: the audit trail verified, and the evidence pack, one button each.
import { useState } from "preact/hooks";
import { useAct, Wrong } from "../kit/act";
import { get } from "../lib/api";
import { number, t } from "../lib/i18n";

interface Verified {
  whole: boolean;
  entries: number;
  signedHeads: number;
  brokenAt?: number;
}

export function Evidence() {
  const [error, busy, act] = useAct();
  const [broken, setBroken] = useState("");
  const verify = (): void => {
    void act(async () => {
      const v = await get<Verified>("/audit/verify");
      setBroken(v.whole ? "" : t("ev_broken", { n: number(v.brokenAt ?? 0) }));
      if (!v.whole) return "";
      return t("ev_whole", { n: number(v.entries), heads: number(v.signedHeads) });
    });
  };
  return (
    <section class="card block" aria-labelledby="ev-title">
      <h2 id="ev-title">{t("ev_title")}</h2>
      <p class="muted">{t("ev_what")}</p>
      <div class="acts">
        <button type="button" class="btn" disabled={busy} onClick={verify}>
          {t("ev_verify")}
        </button>
        <a class="btn" href="/audit/pack.pdf" download="evidence.pdf">
          {t("ev_pdf")}
        </a>
        <a class="btn" href="/audit/pack" download="evidence.json">
          {t("ev_json")}
        </a>
      </div>
      <Wrong text={broken || error} />
    </section>
  );
}
