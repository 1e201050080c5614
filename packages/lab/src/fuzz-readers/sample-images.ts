// Builds memory images of the formats that zlab reads, from which the campaign makes damaged ones, and the tests theirs.

import { Buffer } from "node:buffer";

export interface ElfOptions {
  readonly bits?: 32 | 64;
  readonly isLittleEndian?: boolean;
  readonly type?: number;
  /** Put the number of program headers into section header 0. */
  readonly extendedCount?: boolean;
}

/** A PT_LOAD segment: its bytes in the file, its address, its length in memory if that is larger. */
export interface Segment {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly memoryBytes?: number;
}

const PT_NOTE = 4;

/** An ELF core with a PT_NOTE of 20 bytes before its PT_LOAD segments. */
export function elfCore(segments: readonly Segment[], options: ElfOptions = {}): Uint8Array {
  const { bits = 64, isLittleEndian = true, type = 4, extendedCount = false } = options;
  const wide = bits === 64;
  const [headerBytes, entryBytes, sectionBytes] = wide ? [64, 56, 64] : [52, 32, 40];
  const note = { type: PT_NOTE, address: 0n, bytes: new Uint8Array(20).fill(0xaa) };
  const all = [note, ...segments.map((segment) => ({ type: 1, ...segment }))];
  const tableEnd = headerBytes + all.length * entryBytes;
  const dataStart = tableEnd + (extendedCount ? sectionBytes : 0);
  const file = new Uint8Array(dataStart + all.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const view = new DataView(file.buffer);
  const u16 = (at: number, value: number): void => view.setUint16(at, value, isLittleEndian);
  const u32 = (at: number, value: number): void => view.setUint32(at, value, isLittleEndian);
  const word = (at: number, value: bigint): void =>
    wide ? view.setBigUint64(at, value, isLittleEndian) : u32(at, Number(value));
  file.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, isLittleEndian ? 1 : 2, 1]);
  u16(16, type);
  word(wide ? 32 : 28, BigInt(headerBytes));
  u16(wide ? 54 : 42, entryBytes);
  u16(wide ? 56 : 44, extendedCount ? 0xffff : all.length);
  if (extendedCount) {
    word(wide ? 40 : 32, BigInt(tableEnd));
    u32(tableEnd + (wide ? 44 : 28), all.length);
  }
  let offset = dataStart;
  for (const [i, segment] of all.entries()) {
    const entry = headerBytes + i * entryBytes;
    u32(entry, segment.type);
    word(entry + (wide ? 8 : 4), BigInt(offset));
    word(entry + (wide ? 16 : 8), segment.address);
    word(entry + (wide ? 32 : 16), BigInt(segment.bytes.length));
    word(
      entry + (wide ? 40 : 20),
      BigInt("memoryBytes" in segment ? (segment.memoryBytes ?? segment.bytes.length) : segment.bytes.length),
    );
    file.set(segment.bytes, offset);
    offset += segment.bytes.length;
  }
  return file;
}

/** A LiME dump of these ranges. */
export function limeDump(ranges: readonly { address: bigint; bytes: Uint8Array }[]): Uint8Array {
  const parts = ranges.flatMap(({ address, bytes }) => {
    const header = Buffer.alloc(32);
    header.writeUInt32LE(0x4c694d45, 0);
    header.writeUInt32LE(1, 4);
    header.writeBigUInt64LE(address, 8);
    header.writeBigUInt64LE(address + BigInt(bytes.length) - 1n, 16);
    return [header, bytes];
  });
  return new Uint8Array(Buffer.concat(parts));
}

/** The image of a swap area with these pages after its header. */
export function swapImage(
  pages: Uint8Array,
  pageBytes: number,
  { isLittleEndian = true, bad = [] }: { readonly isLittleEndian?: boolean; readonly bad?: readonly number[] } = {},
): Uint8Array {
  const file = new Uint8Array(pageBytes + pages.length);
  const view = new DataView(file.buffer);
  view.setUint32(1024, 1, isLittleEndian);
  view.setUint32(1028, pages.length / pageBytes, isLittleEndian);
  view.setUint32(1032, bad.length, isLittleEndian);
  for (const [i, page] of bad.entries()) view.setUint32(1536 + 4 * i, page, isLittleEndian);
  file.set(Buffer.from("SWAPSPACE2"), pageBytes - 10);
  file.set(pages, pageBytes);
  return file;
}
