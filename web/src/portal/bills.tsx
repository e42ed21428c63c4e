// Whether my care team may see my bills: a word of mine that I take back here, at once.
import { useAct, Wrong } from "../kit/act";
import { claimsKey, keepClaims, lastDay, shareClaims, useClaimsConsents } from "../lib/claims";
import { fullDate, t } from "../lib/i18n";
import { me } from "./data";

export function BillsCard() {
  const { data } = useClaimsConsents(me());
  const [error, busy, act] = useAct(claimsKey(me()), `Consent|${me()}|mine`);
  if (!data) return null;
  const set = (share: boolean): void =>
    void act(async () => {
      await (share ? shareClaims(me(), { how: "web" }) : keepClaims(data));
      return t("set_saved");
    });
  const until = lastDay(data);
  return (
    <section class="card block" aria-labelledby="set-bills">
      <h2 id="set-bills">{t("bills_title")}</h2>
      <p class="muted">{t("bills_lead")}</p>
      <label class="switch">
        <input
          type="checkbox"
          checked={data.length > 0}
          disabled={busy}
          onChange={(e) => set(e.currentTarget.checked)}
        />
        <span>{t("bills_share")}</span>
      </label>
      {until && <p class="muted">{t("bills_until", { day: fullDate(until) })}</p>}
      <Wrong text={error} />
    </section>
  );
}
