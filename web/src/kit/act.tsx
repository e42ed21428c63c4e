// One thing done on a button: busy while it runs, what is wrong shown in place, what was read before fetched
// again.
import { useState } from "preact/hooks";
import type { ApiError } from "../lib/api";
import { again } from "../lib/load";
import { errorText } from "./basics";
import { Icon } from "./icons";
import { tell } from "./toast";

/** What is wrong, whether it runs, and how to run it: `what` gives the sentence to tell, or nothing. */
export function useAct(
  ...keys: string[]
): [string, boolean, (what: () => Promise<string>) => Promise<void>] {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const act = async (what: () => Promise<string>): Promise<void> => {
    setBusy(true);
    setError("");
    try {
      const said = await what();
      if (said) tell(said);
    } catch (e) {
      setError(errorText(e as ApiError));
    }
    setBusy(false);
    for (const key of keys) again(key);
  };
  return [error, busy, act];
}

export function Wrong({ text }: { text: string }) {
  if (!text) return null;
  return (
    <p class="note bad" role="alert">
      <Icon name="warn" />
      <span dir="auto">{text}</span>
    </p>
  );
}
