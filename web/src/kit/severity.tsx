// Severity is always shape, word and colour together, so it reads in grey, in forced colours and aloud.
import { type Key, t } from "../lib/i18n";

export type Severity = "critical" | "high" | "watch" | "info" | "silent";
export const SEVERITIES: Severity[] = ["critical", "high", "watch", "info"];
const SHAPE: Record<Severity, preact.JSX.Element> = {
  critical: <path d="M8 1 15.500 15H.5Z" fill="currentColor" />,
  high: <path d="M8 .5 15.500 8 8 15.500.5 8Z" fill="currentColor" />,
  watch: <circle cx="8" cy="8" r="5.700" fill="none" stroke="currentColor" stroke-width="3.200" />,
  info: <rect x="2" y="2" width="12" height="12" rx="1" fill="currentColor" />,
  silent: (
    <path
      d="M2 2h12v12H2ZM2 9l7-7M2 14 14 2M7 14l7-7"
      fill="none"
      stroke="currentColor"
      stroke-width="1.600"
    />
  ),
};
const PRIORITY: Record<string, Severity> = {
  stat: "critical",
  asap: "high",
  urgent: "watch",
  routine: "info",
};

export const severityOf = (priority: string | undefined): Severity =>
  PRIORITY[priority ?? "routine"] ?? "info";
export const rankOf = (priority: string | undefined): number =>
  SEVERITIES.indexOf(severityOf(priority));
export const severityWord = (s: Severity): string => t(`sev_${s}` as Key);

export function Mark({ of, tag }: { of: Severity; tag?: boolean }) {
  return (
    <span class={`sev sev-${of}${tag ? " tag" : ""}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {SHAPE[of]}
      </svg>
      <span>{severityWord(of)}</span>
    </span>
  );
}
