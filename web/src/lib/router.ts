// A router of one signal: the path below the app's base. The address alone rebuilds any screen.
import { signal } from "@preact/signals";

const base = import.meta.env.BASE_URL.replace(/\/$/, "");

function below(): string {
  const p = location.pathname;
  return p.startsWith(base) ? p.slice(base.length) || "/" : "/";
}

export const path = signal(below());
export const href = (to: string): string => base + to;

export function go(to: string, replace = false): void {
  if (to === path.peek()) return;
  history[replace ? "replaceState" : "pushState"](null, "", href(to));
  path.value = to;
}

/** "/case/:id" against the path → {id}, or null. */
export function match(pattern: string, at: string): Record<string, string> | null {
  const want = pattern.split("/");
  const have = at.split("/");
  if (want.length !== have.length) return null;
  const found: Record<string, string> = {};
  for (const [i, part] of want.entries()) {
    if (part.startsWith(":")) found[part.slice(1)] = decodeURIComponent(have[i]!);
    else if (part !== have[i]) return null;
  }
  return found;
}

/** Links are real links; a plain click stays in the app. */
export function installRouter(): void {
  addEventListener("popstate", () => {
    path.value = below();
  });
  document.addEventListener("click", (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey) return;
    const a = (e.target as Element).closest?.("a");
    if (!a || a.origin !== location.origin || a.target || !a.pathname.startsWith(`${base}/`))
      return;
    e.preventDefault();
    go(a.pathname.slice(base.length) || "/");
  });
}
