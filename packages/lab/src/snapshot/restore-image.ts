// Makes a machine and a pool of an image. Nothing in the file is trusted, even if its checksums are right:
//
//   1. the file's structure and checksums                                       image-format.ts, image-head.ts
//   2. lengths and values that no state can have, before anything is followed   restoreMachine, the driver's restore
//   3. the equations of the machine, and those of the pool at level 3           Machine.check, ZpoolBackend.check
//   4. the image of what was restored is the image that it was made of: nothing is left that is no state

import { Buffer } from "node:buffer";
import {
  ImageError,
  type Machine,
  type Pfn,
  type StateTable,
  type StateTables,
  forEachAllocatedPage,
  machineImage,
  restoreMachine,
} from "@zlab/hw-sim";
import type { ZpoolBackend, ZpoolRegistry } from "@zlab/zpool";
import { type ImageFile, decodeImage, littleEndianBytes } from "./image-format.ts";
import { type ImageHead, parseHead } from "./image-head.ts";
import { MACHINE_PREFIX, PAGES_SECTION, POOL_PREFIX, allocatedPages, assertSolePool } from "./save-image.ts";

export interface RestoredImage {
  readonly machine: Machine;
  readonly pool: ZpoolBackend;
  readonly head: ImageHead;
  readonly file: ImageFile;
}

/** Restores the machine and the pool of an image in `bytes`; `registry` has the drivers. Throws an `ImageError` (codes: its docstring),
 * ZLAB_CORRUPT with the equation that doesn't hold, ZLAB_NO_DRIVER for an unknown backend, and what a machine or driver throws
 * for options that it doesn't have. */
export function restoreImage(bytes: Uint8Array, registry: ZpoolRegistry): RestoredImage {
  const file = decodeImage(bytes);
  const head = parseHead(file.text);
  const driver = registry.driver(head.backend);
  if (driver.restore === undefined) {
    throw new ImageError("ZLAB_IMAGE_REFUSED", `pools of ${head.backend} have no images, so none can be restored`);
  }
  const { ownerNumber, ownerNames } = head;
  const machine = restoreMachine({
    options: head.machine,
    ownerNames: ownerNames.slice(0, ownerNumber), // the pool registers itself
    tables: tablesOf(file, MACHINE_PREFIX),
  });
  const image = { options: head.options, ownerNumber, tables: tablesOf(file, POOL_PREFIX) };
  const pool = driver.restore(machine, head.name, image);
  if (machine.ownerName(ownerNumber) !== ownerNames[ownerNumber]) {
    throw new ImageError("ZLAB_IMAGE_FORMAT", `owner ${ownerNumber} of the pages is not the pool ${head.name}`);
  }
  for (const name of ownerNames.slice(ownerNumber + 1)) machine.registerOwner(name);
  machine.check();
  restorePageBytes(machine, file); // a pool may keep something in its pages that it checks
  pool.check(3);
  assertSolePool(machine, pool);
  assertSameImage(file, machine, pool);
  return { machine, pool, head, file };
}

/** The tables of a part, by their names without the prefix. */
function tablesOf(file: ImageFile, prefix: string): StateTables {
  const names = file.places.map(({ name }) => name).filter((name) => name.startsWith(prefix));
  return Object.fromEntries(names.map((name) => [name.slice(prefix.length), file.section(name)]));
}

function restorePageBytes(machine: Machine, file: ImageFile): void {
  const { pageBytes, memory } = machine;
  const bytes = file.section(PAGES_SECTION);
  const expected = memory.hasBytes ? allocatedPages(machine) * pageBytes : 0;
  if (!(bytes instanceof Uint8Array) || bytes.length !== expected) {
    throw new ImageError(
      "ZLAB_IMAGE_STATE",
      `section ${PAGES_SECTION} has ${bytes.length} bytes, expected ${expected}`,
    );
  }
  let offset = 0;
  forEachAllocatedPage(machine, (pfn: Pfn) => {
    memory.copyIn(pfn, 0, bytes, offset, memory.hasBytes ? pageBytes : 0);
    offset += pageBytes;
  });
}

/** Throws ZLAB_IMAGE_SURPLUS unless the restored state is written down as it was read. */
function assertSameImage(file: ImageFile, machine: Machine, pool: ZpoolBackend): void {
  const sections = new Map<string, StateTable>([
    ...Object.entries(machineImage(machine).tables).map(
      ([name, table]) => [`${MACHINE_PREFIX}${name}`, table] as const,
    ),
    ...Object.entries(pool.image!().tables).map(([name, table]) => [`${POOL_PREFIX}${name}`, table] as const),
  ]);
  for (const { name, offset } of file.places) {
    if (name === PAGES_SECTION) continue;
    const again = sections.get(name);
    if (again === undefined) throw surplus(name, offset, "is the section of nothing");
    const read = littleEndianBytes(file.section(name));
    const written = littleEndianBytes(again);
    if (read.length !== written.length) throw surplus(name, offset, "has another length than its state");
    const at = firstDifference(read, written);
    if (at >= 0) throw surplus(name, offset + at, "holds what is no state");
  }
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b) === 0 ? -1 : a.findIndex((byte, i) => byte !== b[i]);
}

function surplus(section: string, at: number, what: string): ImageError {
  return new ImageError("ZLAB_IMAGE_SURPLUS", `byte ${at}: section ${section} ${what}`);
}
