// Reading everything back and comparing it with what was stored.

import { type Checkpoint, messageOf } from "../errors.ts";
import { type CompressedPages, restorePage } from "../pages/compressed-pages.ts";
import { RunFailure } from "./run-failure.ts";
import type { StoredObjects } from "./stored-objects.ts";

/** Decompressed in a few milliseconds. */
const OBJECTS_PER_CHECKPOINT = 1024;

/** Loads every stored object through a mapping and compares it byte for byte with the compressed page. The first time that an
 * object is read back it is also decompressed and compared with the page; afterwards the same bytes must give the same page.
 * Throws a `RunFailure` at the first difference. */
export function verify(
  stored: StoredObjects,
  compressed: CompressedPages,
  stage: string,
  checkpoint: Checkpoint,
): void {
  const buffer = new Uint8Array(compressed.pageSet.pageBytes);
  for (let place = 0; place < stored.placeCount; place++) {
    if (place % OBJECTS_PER_CHECKPOINT === 0) checkpoint();
    if (!stored.isStored(place)) continue;
    const objectIndex = stored.objectIndexAt(place);
    const object = stored.objects[objectIndex]!;
    const mappedBytes = stored.load(place, buffer);
    if (mappedBytes < object.length) {
      throw failureAt(
        compressed,
        objectIndex,
        stage,
        `a mapping of ${mappedBytes} bytes for an object of ${object.length}`,
      );
    }
    const got = buffer.subarray(0, object.length);
    assertEqual(object, got, "of its compressed bytes", compressed, objectIndex, stage);
    if (compressed.restored[objectIndex] === 0) verifyPage(got, compressed, objectIndex, stage);
  }
}

function verifyPage(got: Uint8Array, compressed: CompressedPages, objectIndex: number, stage: string): void {
  const { stream, pageSet, pageIndexes } = compressed;
  const page = new Uint8Array(pageSet.pageBytes);
  try {
    restorePage(stream, got, page);
  } catch (error) {
    throw failureAt(compressed, objectIndex, stage, `what was read back does not decompress: ${messageOf(error)}`);
  }
  assertEqual(pageSet.page(pageIndexes[objectIndex]!), page, "of the page", compressed, objectIndex, stage);
  compressed.restored[objectIndex] = 1;
}

function assertEqual(
  expected: Uint8Array,
  got: Uint8Array,
  what: string,
  compressed: CompressedPages,
  objectIndex: number,
  stage: string,
): void {
  if (Buffer.compare(expected, got) === 0) return;
  const offset = expected.findIndex((byte, i) => byte !== got[i]);
  if (offset < 0) {
    throw failureAt(compressed, objectIndex, stage, `${got.length} bytes ${what}, expected ${expected.length}`);
  }
  const bytes = { offset, expected: expected[offset]!, ...(offset < got.length ? { got: got[offset]! } : {}) };
  const gotText = bytes.got === undefined ? "the end" : hex(bytes.got);
  const message = `offset ${offset} ${what}: expected ${hex(bytes.expected)}, got ${gotText}`;
  throw failureAt(compressed, objectIndex, stage, message, bytes);
}

function failureAt(
  { pageSet, pageIndexes }: CompressedPages,
  objectIndex: number,
  stage: string,
  what: string,
  bytes: { offset?: number; expected?: number; got?: number } = {},
): RunFailure {
  const pageIndex = pageIndexes[objectIndex]!;
  return new RunFailure({ stage, message: `${pageSet.describe(pageIndex)}, ${what}`, pageIndex, ...bytes });
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
