// Sensitive acts ask who is there again. The server refuses with "step-up"; the dialog of kit/guard.tsx
// answers the question, and the act is done again.
import { signal } from "@preact/signals";

export const asking = signal<((shown: boolean) => void) | null>(null);

let waiting: Promise<boolean> | null = null;
/** Resolves to true when the person has shown who it is. One question at a time. */
export function askWho(): Promise<boolean> {
  waiting ??= new Promise<boolean>((done) => {
    asking.value = (shown) => {
      asking.value = null;
      waiting = null;
      done(shown);
    };
  });
  return waiting;
}

/** Whoever was asked is gone: the act is not done in the name of the next. */
export function askNobody(): void {
  asking.peek()?.(false);
}
