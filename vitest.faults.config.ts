import { defineConfig } from "vitest/config";
import real from "./vitest.real.config.ts";

/** The fault cases at full size on both API servers: minutes long and timed, so run on demand (`npm run faults`). */
export default defineConfig({
  test: { ...real.test, include: ["test/faults/**/*.real.test.ts"], exclude: [] },
});
