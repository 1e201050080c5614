// The disks of a trace: each has pages of its own.

/** Longer names are looked up every time. */
const SAME_NAME_BYTES = 64;
const decoder = new TextDecoder();

export class DiskNames {
  readonly names: string[] = [];
  readonly #indexes = new Map<string, number>();
  readonly #last: Uint8Array = new Uint8Array(SAME_NAME_BYTES);
  #lastLength = -1;
  #lastIndex = 0;

  /** Number of the disk of that name, from 0. */
  indexOf(name: string): number {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    this.#indexes.set(name, this.names.length);
    return this.names.push(name) - 1;
  }

  /** The same for a name in the bytes of a line. Mostly it is that of the line before; then no string is made. */
  indexOfBytes(bytes: Uint8Array, start: number, end: number): number {
    if (end - start === this.#lastLength && this.#isLast(bytes, start)) return this.#lastIndex;
    const index = this.indexOf(decoder.decode(bytes.subarray(start, end)));
    if (end - start <= SAME_NAME_BYTES) {
      this.#last.set(bytes.subarray(start, end));
      this.#lastLength = end - start;
      this.#lastIndex = index;
    }
    return index;
  }

  #isLast(bytes: Uint8Array, start: number): boolean {
    for (let i = 0; i < this.#lastLength; i++) if (bytes[start + i] !== this.#last[i]) return false;
    return true;
  }
}
