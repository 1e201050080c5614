// The program `zlab`, as a process.

import { fileURLToPath } from "node:url";
import { outputOf } from "./child.ts";

/** The program's file, as it was built. */
export const LAB_PROGRAM: string = fileURLToPath(new URL("../../packages/lab/dist/main.js", import.meta.url));

/** Runs `zlab` and returns what it prints. */
export function runLab(args: readonly string[]): Promise<string> {
  return outputOf(process.execPath, [LAB_PROGRAM, ...args]);
}
