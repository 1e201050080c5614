// The host's page cache over a device: what buffered reads and writes see. A page is read once, changed in memory, and reaches the
// device as a whole when it is flushed.

import type { Errno } from "@zlab/hw-sim";
import type { Zram } from "./device.ts";

export class PageCache {
  readonly #zram: Zram;
  readonly #pages = new Map<number, Uint8Array>();
  readonly #dirty = new Set<number>();

  constructor(zram: Zram) {
    this.#zram = zram;
  }

  /** Copies bytes of the device out. Returns 0 or EIO. */
  read(offsetBytes: number, target: Uint8Array): 0 | Errno {
    return this.#eachPage(offsetBytes, target, (page, inPage, part) => {
      part.set(page.subarray(inPage, inPage + part.length));
    });
  }

  /** Changes bytes in memory. Returns 0, or EIO if a page that is changed in part can't be read. */
  write(offsetBytes: number, source: Uint8Array): 0 | Errno {
    return this.#eachPage(offsetBytes, source, (page, inPage, part, index) => {
      page.set(part, inPage);
      this.#dirty.add(index);
    });
  }

  /** Writes changed pages to the device, in ascending order. Returns 0, or EIO if any failed; it is not tried again. */
  flush(): 0 | Errno {
    const { pageBytes } = this.#zram;
    let result: 0 | Errno = 0;
    for (const index of [...this.#dirty].toSorted((a, b) => a - b)) {
      const failed = this.#zram.write(index * pageBytes, this.#pages.get(index)!);
      if (failed !== 0) result = failed;
    }
    this.#dirty.clear();
    return result;
  }

  /** Forgets the pages of a range, changed or not. */
  drop(offsetBytes: number, lengthBytes: number): void {
    const { pageBytes } = this.#zram;
    const first = Math.floor(offsetBytes / pageBytes);
    const end = Math.ceil((offsetBytes + lengthBytes) / pageBytes);
    for (const index of this.#pages.keys()) {
      if (index < first || index >= end) continue;
      this.#pages.delete(index);
      this.#dirty.delete(index);
    }
  }

  #eachPage(
    offsetBytes: number,
    buffer: Uint8Array,
    operation: (page: Uint8Array, inPage: number, part: Uint8Array, index: number) => void,
  ): 0 | Errno {
    const { pageBytes } = this.#zram;
    for (let done = 0; done < buffer.length;) {
      const inPage = (offsetBytes + done) % pageBytes;
      const length = Math.min(pageBytes - inPage, buffer.length - done);
      const index = Math.floor((offsetBytes + done) / pageBytes);
      const page = this.#pages.get(index) ?? this.#readPage(index);
      if (typeof page === "number") return page;
      operation(page, inPage, buffer.subarray(done, done + length), index);
      done += length;
    }
    return 0;
  }

  #readPage(index: number): Uint8Array | Errno {
    const { pageBytes } = this.#zram;
    const page = new Uint8Array(pageBytes);
    const failed = this.#zram.read(index * pageBytes, page);
    if (failed !== 0) return failed;
    this.#pages.set(index, page);
    return page;
  }
}
