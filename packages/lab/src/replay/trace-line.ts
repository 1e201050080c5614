// One line of a trace, taken apart: `["a",12,345]` is kind "a" and the fields 12 and 345. There is one record per reader,
// filled anew for every line, so that reading makes no garbage.

/** Operations, as the character codes of their letters. */
export const Kind = {
  alloc: 0x61, // a
  free: 0x66, // f
  error: 0x65, // e
  compact: 0x63, // c
  checkpoint: 0x73, // s
  listOrders: 0x6c, // l
  write: 0x77, // w
  discard: 0x64, // d
  memory: 0x6d, // m
} as const;

/** Most fields that are kept as numbers; no operation has more of them. */
export const MAX_FIELDS = 16;

export class TraceLine {
  /** Character code of the operation's letter. */
  kind = 0;
  /** Fields after the kind. */
  count = 0;
  /** Whole numbers as they are, one-letter strings as their character code, NaN for all else. */
  readonly fields: Float64Array = new Float64Array(MAX_FIELDS);
  /** Bit i is set if field i is a one-letter string. */
  letters = 0;
  /** Bit i is set if field i is neither a whole number nor a one-letter string. */
  others = 0;
  /** The whole line as JSON.parse gives it, unless it consisted of numbers and letters in the plainest form. */
  values: readonly unknown[] = [];

  /** Whether the line is nothing but `count` whole numbers. */
  isIntegers(count: number): boolean {
    return this.count === count && (this.letters | this.others) === 0;
  }

  /** Field i; what was checked to be a number is one. */
  at(index: number): number {
    return this.fields[index]!;
  }

  /** Field i of a line with nested values. */
  valueAt(index: number): unknown {
    return this.values.length > 0 ? this.values[index + 1] : this.fields[index];
  }

  get kindName(): string {
    return String.fromCharCode(this.kind);
  }

  /** Takes the fields over from a parsed line whose first element is the kind. */
  setParsed(kind: number, values: readonly unknown[]): void {
    this.kind = kind;
    this.count = values.length - 1;
    this.letters = 0;
    this.others = 0;
    this.values = values;
    for (let i = 0; i < Math.min(this.count, MAX_FIELDS); i++) this.#setField(i, values[i + 1]);
  }

  #setField(index: number, value: unknown): void {
    this.fields[index] = Number.NaN;
    if (typeof value === "number" && Number.isSafeInteger(value)) {
      this.fields[index] = value;
    } else if (isLetter(value)) {
      this.fields[index] = value.charCodeAt(0);
      this.letters |= 1 << index;
    } else {
      this.others |= 1 << index;
    }
  }
}

/** Whether a value is a string of one lower-case letter, the form of kinds. */
export function isLetter(value: unknown): value is string {
  return typeof value === "string" && /^[a-z]$/.test(value);
}
