/** Ends a test run with one plain line: `N passed, N failed`. */
export default class SummaryReporter {
  onTestRunEnd(modules, errors) {
    let passed = 0;
    let failed = errors.length;
    for (const module of modules) {
      let own = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed += 1;
        else if (state === "failed") own += 1;
      }
      // A file that cannot be loaded has no tests to fail.
      failed += own === 0 && module.state() === "failed" ? 1 : own;
    }
    process.once("exit", () => process.stdout.write(`${passed} passed, ${failed} failed\n`));
  }
}
