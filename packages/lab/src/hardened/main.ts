// The program behind `npm run check:hardened`: hands the process to `checkHardened`.

import process from "node:process";
import { checkHardened } from "./check-hardened.ts";

process.exitCode = checkHardened(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
});
