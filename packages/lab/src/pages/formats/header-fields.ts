// Numbers in headers of files, in either order of bytes.

import { type ByteSource, readRange } from "../byte-source.ts";
import { formatError } from "./page-format.ts";

/** A part of a file in which numbers are looked up by their offset from its start. */
export class HeaderFields {
  readonly #view: DataView;
  readonly #isLittleEndian: boolean;

  constructor(bytes: Uint8Array, isLittleEndian: boolean) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#isLittleEndian = isLittleEndian;
  }

  /** Reads the part from a source. `what` names it: the error for a file that ends before says so. */
  static read(
    source: ByteSource,
    offset: number,
    byteCount: number,
    isLittleEndian: boolean,
    what: string,
  ): HeaderFields {
    const end = offset + byteCount;
    if (end > source.byteCount) {
      const problem = `${what} needs ${byteCount} bytes, but the file ends at offset ${source.byteCount}`;
      throw formatError(source, offset, `${problem}; it is cut off or damaged`);
    }
    return new HeaderFields(readRange(source, offset, byteCount), isLittleEndian);
  }

  u16(offset: number): number {
    return this.#view.getUint16(offset, this.#isLittleEndian);
  }

  u32(offset: number): number {
    return this.#view.getUint32(offset, this.#isLittleEndian);
  }

  u64(offset: number): bigint {
    return this.#view.getBigUint64(offset, this.#isLittleEndian);
  }
}
