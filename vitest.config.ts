import { defineConfig } from "vitest/config";

const options = {
  testTimeout: 120_000,
  hookTimeout: 60_000,
  // The SDK's word about its releases of the next year is not ours to act on here, and each worker prints it.
  env: { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true" },
};

export default defineConfig({
  test: {
    // One by default on two cores, where many tests wait for processes and sockets rather than for a core.
    maxWorkers: 2,
    reporters: ["default", "./scripts/summary-reporter.mjs"],
    projects: [
      { test: { name: "house", include: ["test/house/**/*.test.ts"], testTimeout: 60_000 } },
      {
        test: {
          ...options,
          name: "busbar",
          include: ["test/**/*.test.ts"],
          exclude: ["test/house/**", "test/**/*.isolated.test.ts"],
          // The files of a worker share what they import: importing it anew for each takes longer than most tests.
          isolate: false,
        },
      },
      // Files that put something else in a module's place, fake the process's timers or measure its heap.
      { test: { ...options, name: "isolated", include: ["test/**/*.isolated.test.ts"] } },
    ],
  },
});
