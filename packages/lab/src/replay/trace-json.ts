// What bounds the JSON of a trace: how deep its values may be nested. A line of nothing but opening brackets would otherwise become an
// object for every byte, too deep to be printed in the message about it.

import { shorten } from "../errors.ts";
import { TraceError } from "./trace-error.ts";

/** The values of a trace are three deep. */
const MAX_DEPTH = 32;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** Throws a TraceError for a text, valid or not, in which brackets and braces, outside of strings, are nested deeper than 32. */
export function assertShallow(text: string): void {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) depth++;
    else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
    if (depth > MAX_DEPTH)
      throw new TraceError(`values are nested deeper than ${MAX_DEPTH}; this is no line of a trace`);
  }
}

/** Index of the quote that ends the string that begins at `start`, or of the end of the text. */
function endOfString(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === BACKSLASH) i++;
    else if (code === QUOTE) return i;
  }
  return text.length;
}

/** A value as JSON for a message, shortened. */
export function shortJson(value: unknown): string {
  return shorten(JSON.stringify(value) ?? "nothing");
}
