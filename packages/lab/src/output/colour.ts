// Colours, where a person sees them.

import { styleText } from "node:util";
import type { RunEnvironment, Terminal } from "../context.ts";

/** Styles text, or returns it unchanged where colours are not wanted. */
export interface Painter {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

/** Whether text for `terminal` may be coloured: on a terminal that isn't dumb, unless NO_COLOR is set; FORCE_COLOR decides before all
 * others (any value but 0 and false means yes), as in Node. */
export function wantsColour(terminal: Terminal, env: RunEnvironment["env"]): boolean {
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  if (env["NO_COLOR"]) return false;
  return terminal.isTTY === true && env["TERM"] !== "dumb";
}

export function painterFor(terminal: Terminal, env: RunEnvironment["env"]): Painter {
  if (!wantsColour(terminal, env)) {
    const plain = (text: string): string => text;
    return { bold: plain, dim: plain, good: plain, bad: plain };
  }
  const styled =
    (style: "bold" | "dim" | "green" | "red") =>
    (text: string): string =>
      styleText(style, text, { validateStream: false });
  return { bold: styled("bold"), dim: styled("dim"), good: styled("green"), bad: styled("red") };
}
