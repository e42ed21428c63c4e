// What a message says; of one without words (a result told by phone is kept as a Communication, too), that there are none.
import type { Communication } from "./fhir";
import { t } from "./i18n";

export const byPhone = (c: Communication): boolean =>
  !!c.medium?.some((m) => m.coding?.some((x) => x.code === "PHONE"));
export function saidIn(c: Communication): string {
  const words = c.payload?.[0]?.contentString;
  return words || t(byPhone(c) ? "said_by_phone" : "said_no_words");
}
