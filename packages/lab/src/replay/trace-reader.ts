// Reads a trace line by line from its bytes. Nearly all lines are a letter and a few numbers in the plainest form; these are
// taken apart by hand, without making a string. Whatever looks in the least unusual is left to JSON.parse, which also decides what is an
// error, so both ways give the same.
//
// Plain lines are taken apart some at a time, before the first of them is played, so that the player can fetch what they need: of a long
// trace hardly anything is in the cache, and many things are fetched in the time of one.

import { MAX_FIELDS, TraceLine, isLetter } from "./trace-line.ts";
import { TraceError } from "./trace-error.ts";
import { assertShallow, shortJson } from "./trace-json.ts";

const LF = 0x0a;
const CR = 0x0d;
const QUOTE = 0x22;
const COMMA = 0x2c;
const MINUS = 0x2d;
const ZERO = 0x30;
const OPEN = 0x5b;
const CLOSE = 0x5d;
/** Numbers of up to 15 digits are exact in a double whatever the digits. */
const MAX_DIGITS = 15;
const UNUSUAL = -1;
/** Longest line: the checkpoint of a pool of 100,000 zspages is shorter. Without a limit a broken line could fill the memory. */
const MAX_LINE_BYTES = 2 ** 24;

/** Plain lines that are taken apart at a time. */
const LINES_AHEAD = 32;

/** Is told the lines that will be played next: the first `count` of `lines`. */
export type OnRead = (lines: readonly TraceLine[], count: number) => void;

export class TraceReader {
  /** The line read last. */
  line: TraceLine = new TraceLine();
  /** Its number in the (decompressed) file, from 1. */
  lineNumber = 0;
  readonly #bytes: Uint8Array;
  readonly #text: TextDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
  readonly #lines: readonly TraceLine[] = Array.from({ length: LINES_AHEAD }, () => new TraceLine());
  #taken = 0; // lines of these that were taken apart,
  #given = 0; // and that `next` has given
  #next = 0; // where the line begins that will be taken apart next

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next line as text: for the header. Undefined at the end. Throws a TraceError for a line that is too long. */
  nextText(): string | undefined {
    if (this.#next >= this.#bytes.length) return undefined;
    this.lineNumber++;
    const newline = this.#bytes.indexOf(LF, this.#next);
    const end = newline < 0 ? this.#bytes.length : newline;
    if (end - this.#next > MAX_LINE_BYTES) {
      throw new TraceError(`a line of ${end - this.#next} bytes; no line of a trace is longer than ${MAX_LINE_BYTES}`);
    }
    const text = this.#text.decode(this.#bytes.subarray(this.#next, end));
    this.#next = end + 1;
    return text.endsWith("\r") ? text.slice(0, -1) : text;
  }

  /** Reads the next line into `line`; false at the end. Throws a TraceError for what is not a line of a trace. */
  next(onRead?: OnRead): boolean {
    if (this.#given === this.#taken) {
      if (this.#next >= this.#bytes.length) return false;
      this.#given = 0;
      this.#taken = this.#takePlainLines();
      if (this.#taken === 0) {
        this.#parse();
        return true;
      }
      onRead?.(this.#lines, this.#taken);
    }
    this.line = this.#lines[this.#given++]!;
    this.lineNumber++;
    return true;
  }

  /** Takes the next lines apart, up to one that is unusual; returns their number. */
  #takePlainLines(): number {
    let count = 0;
    while (count < LINES_AHEAD && this.#next < this.#bytes.length) {
      const end = this.#scanPlain(this.#lines[count]!);
      if (end === UNUSUAL) break;
      this.#next = end;
      count++;
    }
    return count;
  }

  /** Takes a line of the form `["x",1,-2,"y",3]` apart. Returns where the next line begins, or UNUSUAL. */
  #scanPlain(line: TraceLine): number {
    const bytes = this.#bytes;
    let at = this.#next;
    if (bytes[at] !== OPEN || !isQuotedLetter(bytes, at + 1)) return UNUSUAL;
    line.kind = bytes[at + 2]!;
    at += 4;
    let count = 0;
    let letters = 0;
    while (bytes[at] === COMMA) {
      if (count === MAX_FIELDS) return UNUSUAL;
      at++;
      if (isQuotedLetter(bytes, at)) {
        letters |= 1 << count;
        line.fields[count++] = bytes[at + 1]!;
        at += 3;
        continue;
      }
      const negative = bytes[at] === MINUS;
      if (negative) at++;
      const first = at;
      let value = 0;
      let digit = bytes[at]! - ZERO;
      while (digit >= 0 && digit <= 9) {
        value = value * 10 + digit;
        digit = bytes[++at]! - ZERO;
      }
      const digits = at - first;
      if (digits === 0 || digits > MAX_DIGITS || (bytes[first] === ZERO && (digits > 1 || negative))) return UNUSUAL;
      line.fields[count++] = negative ? -value : value;
    }
    if (bytes[at] !== CLOSE) return UNUSUAL;
    line.count = count;
    line.letters = letters;
    line.others = 0;
    line.values = NO_VALUES;
    return endOfLine(bytes, at + 1);
  }

  /** Reads a line by JSON.parse. */
  #parse(): void {
    const isLast = this.#bytes.indexOf(LF, this.#next) < 0;
    const text = this.nextText()!;
    const values = parseJson(text, isLast);
    if (!Array.isArray(values)) throw new TraceError('an operation is a JSON array such as ["f",7,3]');
    const kind: unknown = values[0];
    if (!isLetter(kind)) throw new TraceError(`unknown operation ${kind === undefined ? "(none)" : shortJson(kind)}`);
    this.line = this.#lines[0]!;
    this.line.setParsed(kind.charCodeAt(0), values);
  }
}

const NO_VALUES: readonly unknown[] = [];

function isQuotedLetter(bytes: Uint8Array, at: number): boolean {
  const letter = bytes[at + 1]!;
  return bytes[at] === QUOTE && letter >= 0x61 && letter <= 0x7a && bytes[at + 2] === QUOTE;
}

/** Where the next line begins if this one ends at `at` (by LF, CR LF or the end of the file); else UNUSUAL. */
function endOfLine(bytes: Uint8Array, at: number): number {
  if (bytes[at] === LF || at === bytes.length) return at + 1;
  return bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : UNUSUAL;
}

function parseJson(text: string, isLast: boolean): unknown {
  assertShallow(text);
  try {
    return JSON.parse(text);
  } catch {
    if (text.trim() === "") throw new TraceError("an empty line; every line holds one operation");
    throw new TraceError(isLast ? "the line is cut off or not valid JSON" : "the line is not valid JSON");
  }
}
