// The program behind `npm run check:images`: hands the process to `checkImages`.

import process from "node:process";
import { checkImages } from "./check-images.ts";

process.exitCode = checkImages(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
});
