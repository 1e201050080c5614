// Writes a pool and its machine down, as one file from which both go on exactly as they would have here.

import { Buffer } from "node:buffer";
import { ImageError, type Machine, type StateTables, forEachAllocatedPage, machineImage } from "@zlab/hw-sim";
import type { ZpoolBackend } from "@zlab/zpool";
import { type Section, encodeImage } from "./image-format.ts";
import { formatHead } from "./image-head.ts";

/** Where the bytes of all allocated pages are, from low to high page frames. */
export const PAGES_SECTION = "pages";
export const MACHINE_PREFIX = "machine/";
export const POOL_PREFIX = "pool/";

/** Bytes of pages that are written at once. */
const PIECE_BYTES = 2 ** 20;

/** The image of `pool`, which must have all allocated pages of `machine`, piece by piece. The state must not change until the last is
 * taken. Throws ZLAB_CORRUPT for a pool that is damaged already, ZLAB_MAPPED while an object is mapped, and ZLAB_IMAGE_REFUSED if
 * the backend has no images, or others have pages of the machine. */
export function imagePieces(machine: Machine, pool: ZpoolBackend): Iterable<Uint8Array> {
  if (pool.image === undefined) {
    throw new ImageError(
      "ZLAB_IMAGE_REFUSED",
      `pools of ${pool.type} have no images; use a backend that has, as zsmalloc`,
    );
  }
  machine.check();
  pool.check(3);
  const { options, ownerNumber, tables } = pool.image();
  const { tables: machineTables, ownerNames, options: machineOptions } = machineImage(machine);
  assertSolePool(machine, pool);
  const head = { backend: pool.type, name: pool.name, options, ownerNumber, ownerNames, machine: machineOptions };
  return encodeImage(formatHead(head), [
    ...sectionsOf(MACHINE_PREFIX, machineTables),
    ...sectionsOf(POOL_PREFIX, tables),
    { name: PAGES_SECTION, content: () => pageBytesOf(machine) },
  ]);
}

/** The same as one array. */
export function saveImage(machine: Machine, pool: ZpoolBackend): Uint8Array {
  return Uint8Array.from(Buffer.concat(Array.from(imagePieces(machine, pool)))); // a plain array: slices of a Buffer share its bytes
}

/** Pages of the machine that somebody has. */
export function allocatedPages(machine: Machine): number {
  let pages = 0;
  forEachAllocatedPage(machine, () => pages++);
  return pages;
}

/** Throws ZLAB_IMAGE_REFUSED if a page of the machine is not the pool's: nobody would be there to use it after a restore. */
export function assertSolePool(machine: Machine, pool: ZpoolBackend): void {
  const pages = allocatedPages(machine);
  if (pages === pool.totalPages()) return;
  throw new ImageError(
    "ZLAB_IMAGE_REFUSED",
    `${pages} pages of the machine are allocated, and ${pool.totalPages()} are those of pool ${pool.name}; an image has one pool`,
  );
}

/** Sections of a part's tables. */
function sectionsOf(prefix: string, tables: StateTables): Section[] {
  return Object.entries(tables).map(([name, content]) => ({ name: `${prefix}${name}`, content }));
}

function* pageBytesOf(machine: Machine): Generator<Uint8Array> {
  const { pageBytes, memory } = machine;
  if (!memory.hasBytes) return;
  const pfns: number[] = [];
  forEachAllocatedPage(machine, (pfn) => pfns.push(pfn));
  const piecePages = PIECE_BYTES / pageBytes;
  for (let first = 0; first < pfns.length; first += piecePages) {
    const some = pfns.slice(first, first + piecePages);
    const piece = new Uint8Array(some.length * pageBytes);
    for (const [i, pfn] of some.entries()) memory.copyOut(pfn as never, 0, piece, i * pageBytes, pageBytes);
    yield piece;
  }
}
