import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    reporters: ["default", "./scripts/summary-reporter.mjs"],
    projects: [
      { test: { name: "house", include: ["test/house/**/*.test.ts"] } },
      {
        test: {
          name: "busbar",
          include: ["test/**/*.test.ts"],
          exclude: ["test/house/**"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
