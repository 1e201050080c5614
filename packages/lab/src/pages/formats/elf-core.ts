// ELF core files, as the kernel writes them for a crashed process, gcore for a living one, and kdump or QEMU for a whole machine. The
// pages are the PT_LOAD segments, as far as they are in the file: what a segment has in memory beyond that was not dumped.
//
//   ELF header    0 7F 'E' 'L' 'F' | 4 class: 1 = 32 bits, 2 = 64 | 5 order of bytes: 1 = little, 2 = big | 16 type: 4 = core
//   where         start of the program headers, the length of one, their number; 65,535 means: see section header 0
//   segment       type: 1 = PT_LOAD | start in the file | address | bytes in the file | bytes in memory

import type { ByteSource } from "../byte-source.ts";
import { HeaderFields } from "./header-fields.ts";
import { type PageExtent, type PageFormat, formatError } from "./page-format.ts";

const IDENT_BYTES = 16;
const ET_CORE = 4;
const PT_LOAD = 1;
const PN_XNUM = 0xffff; // the number of program headers does not fit into its field

/** Offsets of the fields that matter, in a header of 32 or 64 bits. */
const LAYOUTS = {
  1: { headerBytes: 52, programStart: 28, sectionStart: 32, entryBytes: 42, entryCount: 44, sectionInfo: 28 },
  2: { headerBytes: 64, programStart: 32, sectionStart: 40, entryBytes: 54, entryCount: 56, sectionInfo: 44 },
} as const;
const SEGMENTS = {
  1: { entryBytes: 32, fileStart: 4, address: 8, fileBytes: 16 },
  2: { entryBytes: 56, fileStart: 8, address: 16, fileBytes: 32 },
} as const;

type ElfClass = keyof typeof LAYOUTS;

/** The program headers of a file. */
interface ProgramHeaders {
  readonly elfClass: ElfClass;
  readonly start: number;
  readonly entryBytes: number;
  readonly count: number;
  readonly fields: HeaderFields;
}

export const elfCoreFormat: PageFormat = {
  name: "elf-core",
  noun: "an ELF core file",

  recognises(head) {
    if (head.length < IDENT_BYTES + 2 || !hasMagic(head)) return false;
    return head[head[5] === 2 ? IDENT_BYTES + 1 : IDENT_BYTES] === ET_CORE;
  },

  layOut(source) {
    const headers = readProgramHeaders(source);
    const extents = Array.from({ length: headers.count }, (_, i) => segmentExtent(source, headers, i)).filter(
      (extent) => extent !== undefined,
    );
    assertApart(source, extents);
    if (extents.length > 0) return { extents };
    throw formatError(source, headers.start, "no PT_LOAD segment has bytes in the file; there are no pages in it");
  },
};

/** Segments that lie upon each other in the file would make a small file as many pages as it has segments times its length. */
function assertApart(source: ByteSource, extents: readonly PageExtent[]): void {
  let end = 0;
  for (const { offset, byteCount } of extents.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < end) throw formatError(source, offset, "two PT_LOAD segments share these bytes; the file is damaged");
    end = offset + byteCount;
  }
}

function hasMagic(head: Uint8Array): boolean {
  return head[0] === 0x7f && head[1] === 0x45 && head[2] === 0x4c && head[3] === 0x46;
}

function readProgramHeaders(source: ByteSource): ProgramHeaders {
  const ident = new Uint8Array(IDENT_BYTES);
  if (source.byteCount >= IDENT_BYTES) {
    using reader = source.open();
    reader.read(0, ident);
  }
  if (!hasMagic(ident)) throw formatError(source, 0, "no ELF header; this is no core file");
  const [, , , , elfClass, order] = ident;
  if (elfClass !== 1 && elfClass !== 2) throw formatError(source, 4, `class ${elfClass} is neither 32 nor 64 bits`);
  if (order !== 1 && order !== 2) throw formatError(source, 5, `byte order ${order} is neither little nor big`);
  const isLittleEndian = order === 1;
  const layout = LAYOUTS[elfClass];
  const header = HeaderFields.read(source, 0, layout.headerBytes, isLittleEndian, "the ELF header");
  const type = header.u16(IDENT_BYTES);
  if (type !== ET_CORE) {
    throw formatError(source, IDENT_BYTES, `ELF type ${type} is no core file (${ET_CORE}); name a core file`);
  }
  const start = wordOf(header, layout.programStart, elfClass);
  const entryBytes = header.u16(layout.entryBytes);
  if (entryBytes < SEGMENTS[elfClass].entryBytes) {
    throw formatError(source, layout.entryBytes, `program headers of ${entryBytes} bytes are too short; it is damaged`);
  }
  const storedCount = header.u16(layout.entryCount);
  const count =
    storedCount === PN_XNUM
      ? countInSectionHeader(source, wordOf(header, layout.sectionStart, elfClass), layout.sectionInfo, isLittleEndian)
      : storedCount;
  const what = `the table of ${count} program headers`;
  const fields = HeaderFields.read(source, Number(start), count * entryBytes, isLittleEndian, what);
  return { elfClass, start: Number(start), entryBytes, count, fields };
}

/** Section header 0 of a file with very many segments holds their number. */
function countInSectionHeader(source: ByteSource, start: bigint, infoOffset: number, isLittleEndian: boolean): number {
  const fields = HeaderFields.read(source, Number(start), infoOffset + 4, isLittleEndian, "section header 0");
  return fields.u32(infoOffset);
}

/** Where segment `index` is in the file; undefined if it isn't there. */
function segmentExtent(source: ByteSource, headers: ProgramHeaders, index: number): PageExtent | undefined {
  const { elfClass, fields } = headers;
  const layout = SEGMENTS[elfClass];
  const entry = index * headers.entryBytes;
  const byteCount = wordOf(fields, entry + layout.fileBytes, elfClass);
  if (fields.u32(entry) !== PT_LOAD || byteCount === 0n) return undefined;
  const offset = wordOf(fields, entry + layout.fileStart, elfClass);
  const end = offset + byteCount;
  if (end > source.byteCount) {
    const problem = `segment ${index} ends at offset ${end}, but the file at ${source.byteCount}`;
    throw formatError(source, headers.start + entry, `${problem}; it is cut off or damaged`);
  }
  const address = wordOf(fields, entry + layout.address, elfClass);
  return { offset: Number(offset), byteCount: Number(byteCount), address };
}

/** A field as wide as an address. */
function wordOf(fields: HeaderFields, offset: number, elfClass: ElfClass): bigint {
  return elfClass === 2 ? fields.u64(offset) : BigInt(fields.u32(offset));
}
