// An open /dev/zramN: what a program can do with the device, and what the block layer refuses before the driver hears of it.

import { EINVAL, ENOSPC, type Errno } from "@zlab/hw-sim";
import type { Zram } from "./device.ts";
import { EBADF, EOPNOTSUPP } from "./errno.ts";
import { ZramError } from "./errors.ts";
import { LOGICAL_BLOCK_BYTES } from "./requests.ts";

/** Every call but `close` throws EBADF once the node is closed: that is a mistake of the program. */
export class ZramNode {
  readonly #zram: Zram;
  #release: (() => void) | undefined;

  /** Use `Zram.open`. */
  constructor(zram: Zram, release: () => void) {
    this.#zram = zram;
    this.#release = release;
  }

  /** Closes the node; once more does nothing. The last one flushes and empties the page cache. */
  close(): void {
    this.#release?.();
    this.#release = undefined;
    if (this.#zram.openNodes > 0) return;
    this.#zram.pageCache.flush();
    this.#zram.pageCache.drop(0, this.#zram.disksizeBytes);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** O_DIRECT read. Returns the bytes read: fewer at the end of the device, 0 behind it. EINVAL unless offset and length are multiples
   * of 4096, EIO. */
  read(offsetBytes: number, target: Uint8Array): number | Errno {
    const length = this.#lengthWithin(offsetBytes, target.length);
    if (length === 0) return 0;
    if (isMisaligned(offsetBytes, length)) return EINVAL;
    this.#device.pageCache.flush();
    return this.#device.read(offsetBytes, target.subarray(0, length)) || length;
  }

  /** O_DIRECT write. Returns the bytes written: fewer at the end of the device. ENOSPC behind it, EINVAL unless offset and length are
   * multiples of 4096, EIO. */
  write(offsetBytes: number, source: Uint8Array): number | Errno {
    const length = this.#lengthWithin(offsetBytes, source.length);
    if (length === 0) return source.length === 0 ? 0 : ENOSPC;
    if (isMisaligned(offsetBytes, length)) return EINVAL;
    this.#device.pageCache.flush();
    this.#device.pageCache.drop(offsetBytes, length);
    return this.#device.write(offsetBytes, source.subarray(0, length)) || length;
  }

  /** Read through the page cache, at any offset. Returns the bytes read, or EIO. */
  readBuffered(offsetBytes: number, target: Uint8Array): number | Errno {
    const length = this.#lengthWithin(offsetBytes, target.length);
    return this.#device.pageCache.read(offsetBytes, target.subarray(0, length)) || length;
  }

  /** Write to the page cache, at any offset; the device hears of it at `fsync`. Returns the bytes written, ENOSPC, or EIO. */
  writeBuffered(offsetBytes: number, source: Uint8Array): number | Errno {
    const length = this.#lengthWithin(offsetBytes, source.length);
    if (length === 0 && source.length > 0) return ENOSPC;
    return this.#device.pageCache.write(offsetBytes, source.subarray(0, length)) || length;
  }

  /** Writes the changed pages of the cache to the device. Returns 0, or EIO once for pages that the device refused. The device has no
   * cache of its own, so nothing is flushed there. */
  fsync(): 0 | Errno {
    return this.#device.pageCache.flush();
  }

  /** BLKDISCARD, and fallocate's punch-hole. EINVAL for an empty range, one beyond the end, or one not aligned to 4096. */
  discard(offsetBytes: number, lengthBytes: number): 0 | Errno {
    if (lengthBytes === 0 || isMisaligned(offsetBytes, lengthBytes)) return EINVAL;
    if (offsetBytes + lengthBytes > this.#device.disksizeBytes) return EINVAL;
    this.#device.pageCache.drop(offsetBytes, lengthBytes);
    return this.#device.discard(offsetBytes, lengthBytes);
  }

  /** BLKZEROOUT, and fallocate's zero-range. With pages of 4 KiB the same as `discard`; with larger ones zeros are written, since the
   * device does not offer zeroing. Returns as `discard` does, or EIO. */
  zeroOut(offsetBytes: number, lengthBytes: number): 0 | Errno {
    if (this.#device.pageBytes === LOGICAL_BLOCK_BYTES) return this.discard(offsetBytes, lengthBytes);
    if (lengthBytes === 0 || isMisaligned(offsetBytes, lengthBytes)) return EINVAL;
    if (offsetBytes + lengthBytes > this.#device.disksizeBytes) return EINVAL;
    this.#device.pageCache.drop(offsetBytes, lengthBytes);
    return this.#device.write(offsetBytes, new Uint8Array(lengthBytes));
  }

  /** BLKSECDISCARD, which the device doesn't know. */
  secureDiscard(): Errno {
    return EOPNOTSUPP;
  }

  get #device(): Zram {
    if (this.#release === undefined) throw new ZramError(EBADF, "the node is closed");
    return this.#zram;
  }

  #lengthWithin(offsetBytes: number, length: number): number {
    return Math.max(0, Math.min(length, this.#device.disksizeBytes - offsetBytes));
  }
}

function isMisaligned(offsetBytes: number, lengthBytes: number): boolean {
  return offsetBytes % LOGICAL_BLOCK_BYTES !== 0 || lengthBytes % LOGICAL_BLOCK_BYTES !== 0;
}
