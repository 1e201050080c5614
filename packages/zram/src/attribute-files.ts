// A folder of small text files, as sysfs has them.

import { EACCES, ENOENT } from "./errno.ts";
import { ZramError } from "./errors.ts";

/** A file. Without `read` it can't be opened for reading, not even by root; without `write` not for writing. */
export interface Attribute {
  /** The whole text. */
  readonly read?: () => string;
  /** Takes a text of at least one character. Throws a `ZramError` to refuse it. */
  readonly write?: (text: string) => void;
  /** Permission bits where they are not the usual ones. */
  readonly mode?: number;
}

export class AttributeFiles {
  readonly #files: ReadonlyMap<string, Attribute>;

  constructor(files: ReadonlyMap<string, Attribute>) {
    this.#files = files;
  }

  /** The names, in the order of the table. */
  names(): string[] {
    return [...this.#files.keys()];
  }

  exists(name: string): boolean {
    return this.#files.has(name);
  }

  /** The permission bits: 0o644, 0o444 or 0o200 if nothing else is said. Throws ENOENT. */
  modeOf(name: string): number {
    const { read, write, mode } = this.#file(name);
    if (mode !== undefined) return mode;
    if (read === undefined) return 0o200;
    return write === undefined ? 0o444 : 0o644;
  }

  /** The text of a file. Throws ENOENT, or EACCES for one that can only be written. */
  read(name: string): string {
    const { read } = this.#file(name);
    if (read === undefined) throw new ZramError(EACCES, `${name} can't be read`);
    return read();
  }

  /** Writes a text in one piece. Returns its length. Throws ENOENT, EACCES for a file that can only be read, and what the file
   * throws. The empty text never reaches the file. */
  write(name: string, text: string): number {
    const { write } = this.#file(name);
    if (write === undefined) throw new ZramError(EACCES, `${name} can't be written`);
    if (text !== "") write(text);
    return text.length;
  }

  #file(name: string): Attribute {
    const file = this.#files.get(name);
    if (file === undefined) throw new ZramError(ENOENT, `there is no attribute ${name}`);
    return file;
  }
}
