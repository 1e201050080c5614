// Dumps of LiME, the Linux Memory Extractor: each range of physical memory after a header of its own, all numbers little-endian.
//
//   0 magic 0x4C694D45 ("EMiL") | 4 version 1 | 8 first address | 16 last address | 24 reserved | 32 bytes of the range

import type { ByteSource } from "../byte-source.ts";
import { HeaderFields } from "./header-fields.ts";
import { type PageExtent, type PageFormat, formatError } from "./page-format.ts";

const HEADER_BYTES = 32;
const MAGIC = 0x4c69_4d45;
const VERSION = 1;

export const limeFormat: PageFormat = {
  name: "lime",
  noun: "a LiME dump",

  recognises(head) {
    if (head.length < HEADER_BYTES) return false;
    const fields = new HeaderFields(head, true);
    return fields.u32(0) === MAGIC && fields.u32(4) === VERSION;
  },

  layOut(source) {
    const extents: PageExtent[] = [];
    for (let offset = 0; offset < source.byteCount || extents.length === 0;) {
      const extent = readRangeHeader(source, offset);
      extents.push(extent);
      offset = extent.offset + extent.byteCount;
    }
    return { extents };
  },
};

function readRangeHeader(source: ByteSource, offset: number): PageExtent {
  const fields = HeaderFields.read(source, offset, HEADER_BYTES, true, "the header of a range");
  if (fields.u32(0) !== MAGIC)
    throw formatError(source, offset, "no LiME header; this is no LiME dump, or it is damaged");
  if (fields.u32(4) !== VERSION) {
    throw formatError(source, offset + 4, `version ${fields.u32(4)} of LiME is not known, only ${VERSION}`);
  }
  const address = fields.u64(8);
  const last = fields.u64(16);
  const range = `the range 0x${address.toString(16)}-0x${last.toString(16)}`;
  if (last < address) throw formatError(source, offset + 8, `${range} ends before it begins; the dump is damaged`);
  const end = BigInt(offset + HEADER_BYTES) + (last - address) + 1n;
  if (end > source.byteCount) {
    const problem = `${range} ends at offset ${end}, but the file at ${source.byteCount}`;
    throw formatError(source, offset, `${problem}; it is cut off or damaged`);
  }
  return { offset: offset + HEADER_BYTES, byteCount: Number(last - address) + 1, address };
}
