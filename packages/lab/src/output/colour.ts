// Colours, where a person sees them.

import { styleText } from "node:util";
import type { RunEnvironment, Terminal } from "../context.ts";

/** Styles text, or returns it unchanged where colours are not wanted. */
export interface Painter {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
}

const unchanged = (text: string): string => text;

/** Leaves all text as it is. */
export const PLAIN: Painter = { bold: unchanged, dim: unchanged, good: unchanged, bad: unchanged };

const COLOURED: Painter = {
  bold: (text) => styleText("bold", text, { validateStream: false }),
  dim: (text) => styleText("dim", text, { validateStream: false }),
  good: (text) => styleText("green", text, { validateStream: false }),
  bad: (text) => styleText("red", text, { validateStream: false }),
};

/** Whether text for `terminal` may be coloured: on a terminal that isn't dumb, unless NO_COLOR is set; FORCE_COLOR decides before all
 * others (any value but 0 and false means yes), as in Node. */
export function wantsColour(terminal: Terminal, env: RunEnvironment["env"]): boolean {
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  if (env["NO_COLOR"]) return false;
  return terminal.isTTY === true && env["TERM"] !== "dumb";
}

export function painterFor(terminal: Terminal, env: RunEnvironment["env"]): Painter {
  return wantsColour(terminal, env) ? COLOURED : PLAIN;
}
