import { defineConfig } from "vitest/config";

/** For the tests; scripts/build.ts makes what is shipped. */
export default defineConfig({ test: { include: ["src/**/*.test.ts"], environment: "node" } });
