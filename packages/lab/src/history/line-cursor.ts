// A line of a file as bytes, taken apart from left to right without making strings. Every method that finds what it looks for moves on;
// one that doesn't, leaves the cursor where it is and says so.

const ZERO = 0x30;
const SPACE = 0x20;
const TAB = 0x09;
const SHOWN_CHARACTERS = 80;

/** What `number` gives where there is none, or one beyond 2^53. */
export const NO_NUMBER = -1;

export class LineCursor {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  #start = 0;

  set(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.#start = start;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at === this.end;
  }

  /** Goes back to the start of the line. */
  rewind(): void {
    this.at = this.#start;
  }

  /** The character here; undefined at the end. */
  peek(): number | undefined {
    return this.at < this.end ? this.bytes[this.at] : undefined;
  }

  /** Takes a character if it is this one. */
  take(character: number): boolean {
    if (this.peek() !== character) return false;
    this.at++;
    return true;
  }

  /** Takes blanks and tabs; false if there is none. */
  spaces(): boolean {
    const from = this.at;
    while (this.at < this.end && (this.bytes[this.at] === SPACE || this.bytes[this.at] === TAB)) this.at++;
    return this.at > from;
  }

  /** Takes decimal digits, however many; false if there is none. */
  digits(): boolean {
    const from = this.at;
    while (this.at < this.end && isDigit(this.bytes[this.at]!)) this.at++;
    return this.at > from;
  }

  /** Takes a decimal number; NO_NUMBER if there is none, or if it can't be told exactly. */
  number(): number {
    const from = this.at;
    let value = 0;
    while (this.at < this.end && isDigit(this.bytes[this.at]!)) value = value * 10 + this.bytes[this.at++]! - ZERO;
    if (this.at > from && value <= Number.MAX_SAFE_INTEGER) return value;
    this.at = from;
    return NO_NUMBER;
  }

  /** Takes everything up to a character or to the end, and returns how many bytes that are. */
  until(character: number): number {
    const from = this.at;
    while (this.at < this.end && this.bytes[this.at] !== character) this.at++;
    return this.at - from;
  }

  /** Takes everything up to a blank, a tab or the end, and returns how many bytes that are. */
  word(): number {
    const from = this.at;
    while (this.at < this.end && this.bytes[this.at] !== SPACE && this.bytes[this.at] !== TAB) this.at++;
    return this.at - from;
  }

  /** The whole line. */
  text(): string {
    return new TextDecoder().decode(this.bytes.subarray(this.#start, this.end));
  }

  /** The line's beginning as a quoted string, for messages. */
  shown(): string {
    const text = this.text();
    return JSON.stringify(text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text);
  }
}

function isDigit(character: number): boolean {
  return character >= ZERO && character <= ZERO + 9;
}
