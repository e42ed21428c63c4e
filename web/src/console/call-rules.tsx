// The rules that refuse a call, each with what it says, and those that came while the call is open.
import { lang, t } from "../lib/i18n";

export interface Verdict {
  decision: string;
  why: string[];
  fired: string[];
  translation?: Record<string, string[]>;
}

/** Rules with what each says, those that are known already left out. */
export function Rules({ of, known = [] }: { of: Verdict; known?: string[] }) {
  const why = of.translation?.[lang.value] ?? of.why;
  return (
    <ul>
      {of.fired.map((rule, i) =>
        known.includes(rule) ? null : (
          <li key={rule}>
            <span dir="auto">{why[i]}</span> <span class="muted">({rule})</span>
          </li>
        ),
      )}
    </ul>
  );
}

/** What came while the dialog is open: rules beside a number that an exception still opens, or that it opens no more.
 * The box is there before anything is in it, else no reader tells it. */
export function Since({ known, is, fell }: { known?: string[]; is?: Verdict; fell: boolean }) {
  const fresh =
    known && is?.decision !== "allow" && is?.fired.some((rule) => !known.includes(rule));
  return (
    <div role="status">
      {fell && <p>{t("ca_begun")}</p>}
      {fresh && is && (
        <>
          <p class="strong">{t("ca_since")}</p>
          <Rules of={is} known={known} />
        </>
      )}
    </div>
  );
}
