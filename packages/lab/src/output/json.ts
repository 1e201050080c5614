// Results for programs: keys in a fixed order and in camelCase, two spaces of indentation, a newline at the end.

import type { Terminal } from "../context.ts";

/** Writes one JSON document. The order of keys is that of `result`. */
export function writeJson(terminal: Terminal, result: unknown): void {
  terminal.write(`${JSON.stringify(result, null, 2)}\n`);
}
