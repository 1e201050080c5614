// Requests of the block layer, split into pages. A request is done in ascending order and ends at the first page that fails: what is
// done stays done, the rest is not tried.

import type { Errno } from "@zlab/hw-sim";
import { EIO } from "./errno.ts";
import type { PageStore } from "./page-store.ts";

/** Blocks in which requests are counted and must be aligned. */
export const LOGICAL_BLOCK_BYTES = 4096;
export const SECTOR_BYTES = 512;

/** Reads a range that lies within the device. Returns 0 or EIO. */
export function readRequest(store: PageStore, offsetBytes: number, target: Uint8Array): 0 | Errno {
  store.counters.readRequests++;
  store.counters.readSectors += target.length / SECTOR_BYTES;
  return eachPage(store.pageBytes, offsetBytes, target, (index, inPage, part) =>
    part.length === store.pageBytes ? store.read(index, part) : store.readPart(index, inPage, part),
  );
}

/** Writes a range that lies within the device. Returns 0 or EIO. */
export function writeRequest(store: PageStore, offsetBytes: number, source: Uint8Array): 0 | Errno {
  store.counters.writeRequests++;
  store.counters.writeSectors += source.length / SECTOR_BYTES;
  return eachPage(store.pageBytes, offsetBytes, source, (index, inPage, part) =>
    part.length === store.pageBytes ? store.write(index, part) : store.writePart(index, inPage, part),
  );
}

/** Frees every whole page of a range, and counts each, stored or not; parts of pages at both ends are left as they are. */
export function discardRequest(store: PageStore, offsetBytes: number, lengthBytes: number): void {
  const { pageBytes } = store;
  const first = Math.ceil(offsetBytes / pageBytes);
  const end = Math.floor((offsetBytes + lengthBytes) / pageBytes);
  for (let index = first; index < end; index++) {
    store.free(index);
    store.counters.notifyFree++;
  }
}

type PageOperation = (index: number, inPage: number, part: Uint8Array) => 0 | Errno;

function eachPage(pageBytes: number, offsetBytes: number, buffer: Uint8Array, operation: PageOperation): 0 | Errno {
  for (let done = 0; done < buffer.length;) {
    const inPage = (offsetBytes + done) % pageBytes;
    const length = Math.min(pageBytes - inPage, buffer.length - done);
    const part = length === buffer.length ? buffer : buffer.subarray(done, done + length);
    if (operation(Math.floor((offsetBytes + done) / pageBytes), inPage, part) !== 0) return EIO;
    done += length;
  }
  return 0;
}
