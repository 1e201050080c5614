// The program behind `npm run verify:kernel`: hands the process to `verifyKernel` and takes care of signals and the exit code.

import { constants } from "node:os";
import process from "node:process";
import { thisHost } from "./host.ts";
import { verifyKernel } from "./verify-kernel.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const interruption = new AbortController();

// The signal only ends the comparison; the device is removed on the way out. A second signal must not prevent that.
for (const name of SIGNALS) process.on(name, () => interruption.abort(name));

try {
  process.exitCode = await verifyKernel(
    process.argv.slice(2),
    { stdout: process.stdout, stderr: process.stderr, env: process.env, cwd: process.cwd() },
    thisHost(),
    interruption.signal,
  );
} catch (error) {
  const name = SIGNALS.find((signal) => signal === error);
  if (name === undefined) throw error;
  process.stderr.write(`verify:kernel: interrupted by ${name}; the device is removed\n`);
  process.exitCode = 128 + constants.signals[name];
}
