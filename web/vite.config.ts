// Two builds from one source: `--mode console` and `--mode portal`. Each is an HTML shell under its
// own base path with hashed assets, so the server can cache for a year and serve a strict CSP:
// nothing is inlined, neither script nor style nor font.
import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => {
  const app = mode === "portal" ? "portal" : "console";
  return {
    root: resolve(import.meta.dirname, app),
    base: `/${app}/`,
    publicDir: false as const,
    build: {
      outDir: resolve(import.meta.dirname, "dist", app),
      emptyOutDir: true,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      target: "es2022",
    },
    oxc: { jsx: { runtime: "automatic" as const, importSource: "preact" } },
    test: {
      root: import.meta.dirname,
      environment: "happy-dom",
      // One worker: a busy machine must not fail a test for want of a free core.
      pool: "threads" as const,
      maxWorkers: 1,
      testTimeout: 30_000,
      include: ["src/**/*.test.{ts,tsx}"],
    },
  };
});
