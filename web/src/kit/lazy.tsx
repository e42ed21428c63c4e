// A screen whose code is fetched when it is first opened, so that the others start sooner.
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { ApiError } from "../lib/api";
import { Failed, Skeleton } from "./basics";

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  const found = signal<{ screen?: ComponentType<P>; failed?: boolean }>({});
  const fetched = async (): Promise<void> => {
    try {
      found.value = { screen: await load() };
    } catch {
      found.value = { failed: true };
    }
  };
  return function Lazy(props: P) {
    useEffect(() => {
      if (!found.peek().screen) void fetched();
    }, []);
    const { screen: Screen, failed } = found.value;
    if (failed) return <Failed error={new ApiError(0, [], "")} retry={() => void fetched()} />;
    return Screen ? <Screen {...props} /> : <Skeleton lines={6} />;
  };
}
