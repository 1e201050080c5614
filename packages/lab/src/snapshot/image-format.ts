// The file of an image: a head, sections, and the head once more. All numbers are little-endian, everything begins at a multiple of 8
// bytes, and what lies between is 0.
//
//     ┌──────┬───────────┬───────────┬─────┬──────────────┐
//     │ head │ section 0 │ section 1 │  …  │ head, a copy │
//     └──────┴───────────┴───────────┴─────┴──────────────┘
//
//   head      0  magic "ZLAB\x00IMG"           24  CRC-32 of the head, with 0 in its place
//             8  version                       28  0
//            12  bytes of the head             32  a JSON text: what made the image (image-head.ts)
//            16  bytes of the JSON text         …  a table of the sections, 48 bytes for each
//            20  sections
//   table     0  name, filled up with 0        36  CRC-32 of the section
//            32  kind of its entries           40  its length in bytes
//
// Sections lie one after the other as in the table, so that a file has no room for anything else. The copy is for what nothing else in
// the file repeats, such as the options: damage to either head shows even if its checksum is right.

import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import { ImageError, type StateTable } from "@zlab/hw-sim";

const IMAGE_VERSION = 1;
const MAGIC = Buffer.from("ZLAB\0IMG", "latin1");
const FIXED_BYTES = 32;
const CRC_OFFSET = 24;
const ENTRY_BYTES = 48;
const NAME_BYTES = 32;
const SECTION_NAME = /^[a-z][a-z./-]*$/;
const MOST_SECTIONS = 256;
const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Kinds of entries, by their number in the file. */
const KINDS = [undefined, Uint8Array, Uint16Array, Int32Array, Float64Array] as const;
type KindNumber = 1 | 2 | 3 | 4;

/** A section to be written: a table, or bytes that are made piece by piece, twice and alike. */
export interface Section {
  readonly name: string;
  readonly content: StateTable | (() => Iterable<Uint8Array>);
}

/** Where a section lies in a file. */
export interface SectionPlace {
  readonly name: string;
  /** Of its first byte in the file. */
  readonly offset: number;
  readonly lengthBytes: number;
  readonly kind: KindNumber;
  readonly crc: number;
}

/** A file of which head and checksums are right. */
export interface ImageFile {
  readonly version: number;
  /** The JSON text of the head. */
  readonly text: string;
  readonly places: readonly SectionPlace[];
  /** The section of that name. Throws ZLAB_IMAGE_FORMAT if there is none. */
  section(name: string): StateTable;
}

/** The file of an image, piece by piece. */
export function* encodeImage(text: string, sections: readonly Section[]): Generator<Uint8Array> {
  const json = Buffer.from(text);
  const headBytes = FIXED_BYTES + padded(json.length) + sections.length * ENTRY_BYTES;
  const head = Buffer.alloc(headBytes);
  MAGIC.copy(head);
  head.writeUInt32LE(IMAGE_VERSION, 8);
  head.writeUInt32LE(headBytes, 12);
  head.writeUInt32LE(json.length, 16);
  head.writeUInt32LE(sections.length, 20);
  json.copy(head, FIXED_BYTES);
  for (const [i, section] of sections.entries()) {
    writeEntry(head, FIXED_BYTES + padded(json.length) + i * ENTRY_BYTES, section);
  }
  head.writeUInt32LE(crc32(head), CRC_OFFSET);
  yield head;
  for (const section of sections) {
    let lengthBytes = 0;
    for (const piece of piecesOf(section)) {
      lengthBytes += piece.length;
      yield piece;
    }
    if (lengthBytes % 8 !== 0) yield new Uint8Array(8 - (lengthBytes % 8));
  }
  yield head;
}

/** Reads a file and verifies its structure and checksums. Throws ZLAB_IMAGE_UNKNOWN, ZLAB_IMAGE_FORMAT or ZLAB_IMAGE_CHECKSUM, the
 * last two with the section and the byte. */
export function decodeImage(bytes: Uint8Array): ImageFile {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const head = readHead(file);
  const jsonBytes = head.readUInt32LE(16);
  const places = placesOf(head, FIXED_BYTES + padded(jsonBytes));
  checkLength(file, head, places);
  checkCopy(file, head);
  for (const place of places) checkSection(file, place);
  return {
    version: head.readUInt32LE(8),
    text: head.toString("utf8", FIXED_BYTES, FIXED_BYTES + jsonBytes),
    places,
    section(name) {
      const place = places.find((candidate) => candidate.name === name);
      if (place === undefined) throw wrong(`section ${name} is missing`);
      return tableAt(file, place);
    },
  };
}

/** Writes all checksums anew, so that damage is found by other means or not at all. For trials: the file must have been one. */
export function mendChecksums(bytes: Uint8Array, headBytes: number, places: readonly SectionPlace[]): void {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const heads = [file.subarray(0, headBytes), file.subarray(file.length - headBytes)];
  for (const head of heads) {
    const table = headBytes - places.length * ENTRY_BYTES;
    for (const [i, { offset, lengthBytes }] of places.entries()) {
      head.writeUInt32LE(crc32(file.subarray(offset, offset + lengthBytes)), table + i * ENTRY_BYTES + NAME_BYTES + 4);
    }
    head.writeUInt32LE(crcOfHead(head), CRC_OFFSET);
  }
}

function writeEntry(head: Buffer, at: number, section: Section): void {
  const { name, content } = section;
  if (!SECTION_NAME.test(name) || name.length > NAME_BYTES) throw wrong(`no section can be called ${name}`);
  let crc = 0;
  let lengthBytes = 0;
  for (const piece of piecesOf(section)) {
    crc = crc32(piece, crc);
    lengthBytes += piece.length;
  }
  const kind =
    typeof content === "function" ? 1 : KINDS.findIndex((type) => type !== undefined && content instanceof type);
  head.write(name, at, "latin1");
  head.writeUInt32LE(kind, at + NAME_BYTES);
  head.writeUInt32LE(crc, at + NAME_BYTES + 4);
  head.writeBigUInt64LE(BigInt(lengthBytes), at + NAME_BYTES + 8);
}

function piecesOf({ content }: Section): Iterable<Uint8Array> {
  return typeof content === "function" ? content() : [littleEndianBytes(content)];
}

function readHead(file: Buffer): Buffer {
  if (file.length < FIXED_BYTES || !file.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw unknown("not an image of a pool; name a file that zlab stat --save-image wrote");
  }
  const version = file.readUInt32LE(8);
  if (version !== IMAGE_VERSION) throw unknown(`version ${version} of the format; this zlab reads ${IMAGE_VERSION}`);
  const headBytes = file.readUInt32LE(12);
  const jsonBytes = file.readUInt32LE(16);
  const sectionCount = file.readUInt32LE(20);
  const isRight =
    sectionCount <= MOST_SECTIONS && headBytes === FIXED_BYTES + padded(jsonBytes) + sectionCount * ENTRY_BYTES;
  if (!isRight) throw wrong(`byte 12: a head of ${headBytes} bytes can't hold what it says; the file is damaged`);
  if (file.length < 2 * headBytes) throw cutOff(file, 2 * headBytes);
  const head = file.subarray(0, headBytes);
  expectCrc(crcOfHead(head), head.readUInt32LE(CRC_OFFSET), "the head", 0);
  if (head.readUInt32LE(CRC_OFFSET + 4) !== 0) throw wrong(`byte ${CRC_OFFSET + 4}: not 0; the file is damaged`);
  return head;
}

function placesOf(head: Buffer, tableStart: number): SectionPlace[] {
  const places: SectionPlace[] = [];
  let offset = head.length;
  for (let at = tableStart; at < head.length; at += ENTRY_BYTES) {
    const name = head.toString("latin1", at, at + NAME_BYTES).replace(/\0+$/, "");
    const kind = head.readUInt32LE(at + NAME_BYTES);
    const lengthBytes = Number(head.readBigUInt64LE(at + NAME_BYTES + 8));
    const isNew = SECTION_NAME.test(name) && !places.some((place) => place.name === name);
    if (!isNew) throw wrong(`byte ${at}: a section can't have that name; the file is damaged`);
    if (!isKind(kind) || lengthBytes % KINDS[kind].BYTES_PER_ELEMENT !== 0 || !Number.isSafeInteger(lengthBytes)) {
      throw wrong(`byte ${at + NAME_BYTES}: section ${name} has a kind or length that none has; the file is damaged`);
    }
    places.push({ name, kind, lengthBytes, offset, crc: head.readUInt32LE(at + NAME_BYTES + 4) });
    offset += padded(lengthBytes);
  }
  return places;
}

function isKind(kind: number): kind is KindNumber {
  return kind >= 1 && kind <= 4;
}

function checkLength(file: Buffer, head: Buffer, places: readonly SectionPlace[]): void {
  const sectionBytes = places.reduce((sum, { lengthBytes }) => sum + padded(lengthBytes), 0);
  const expected = 2 * head.length + sectionBytes;
  if (file.length < expected) throw cutOff(file, expected);
  if (file.length > expected) throw wrong(`byte ${expected}: the image has ended; something was appended to the file`);
}

function checkCopy(file: Buffer, head: Buffer): void {
  const start = file.length - head.length;
  const copy = file.subarray(start);
  if (copy.equals(head)) return;
  const at = copy.findIndex((byte, i) => byte !== head[i]);
  throw wrong(`byte ${at}: the head differs from its copy at byte ${start + at}; the file is damaged`);
}

function checkSection(file: Buffer, { name, offset, lengthBytes, crc }: SectionPlace): void {
  const end = offset + lengthBytes;
  expectCrc(crc32(file.subarray(offset, end)), crc, `section ${name}`, offset);
  for (let at = end; at < offset + padded(lengthBytes); at++) {
    if (file[at] !== 0) throw wrong(`byte ${at}: not 0 behind section ${name}; the file is damaged`);
  }
}

function tableAt(file: Buffer, { offset, lengthBytes, kind }: SectionPlace): StateTable {
  const copy = Uint8Array.from(file.subarray(offset, offset + lengthBytes));
  const type = KINDS[kind];
  if (!isLittleEndian) reverseEntries(copy, type.BYTES_PER_ELEMENT);
  return new type(copy.buffer);
}

/** The bytes of a table as they go into the file. */
export function littleEndianBytes(table: StateTable): Uint8Array {
  const bytes = new Uint8Array(table.buffer, table.byteOffset, table.byteLength);
  if (isLittleEndian || table.BYTES_PER_ELEMENT === 1) return bytes;
  const copy = bytes.slice();
  reverseEntries(copy, table.BYTES_PER_ELEMENT);
  return copy;
}

function reverseEntries(bytes: Uint8Array, entryBytes: number): void {
  for (let at = 0; at < bytes.length; at += entryBytes) bytes.subarray(at, at + entryBytes).reverse();
}

function crcOfHead(head: Buffer): number {
  const before = crc32(head.subarray(0, CRC_OFFSET));
  return crc32(head.subarray(CRC_OFFSET + 4), crc32(new Uint8Array(4), before));
}

function expectCrc(found: number, written: number, what: string, at: number): void {
  if (found === written) return;
  throw new ImageError(
    "ZLAB_IMAGE_CHECKSUM",
    `${what}, from byte ${at}, has the checksum ${hex(found)}, but was written with ${hex(written)}; the file is damaged`,
  );
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, "0");
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function cutOff(file: Buffer, expected: number): ImageError {
  return wrong(`byte ${file.length}: the file ends here, of ${expected} bytes; it was cut off`);
}

function unknown(what: string): ImageError {
  return new ImageError("ZLAB_IMAGE_UNKNOWN", what);
}

function wrong(what: string): ImageError {
  return new ImageError("ZLAB_IMAGE_FORMAT", what);
}
