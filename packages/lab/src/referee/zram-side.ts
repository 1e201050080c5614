// One of the two devices that are compared: the kernel's or the simulated one, used alike.

/** What an operation came to: "done", or the name of the error as in errno.h. */
export type Outcome = string;

export const DONE: Outcome = "done";

/** A device under comparison. Offsets and lengths are in bytes and multiples of 4096 within the disk. */
export interface ZramSide {
  /** Makes an empty device of it: resets it if it is in use, then sets algorithm and size and opens it. Throws if it can't. */
  restart(algorithm: string, disksizeBytes: number): void;
  /** One direct write. */
  write(offsetBytes: number, source: Uint8Array): Outcome;
  /** One direct read. */
  read(offsetBytes: number, target: Uint8Array): Outcome;
  discard(offsetBytes: number, lengthBytes: number): Outcome;
  /** Writes to a file of /sys/block/zramN. */
  setAttribute(name: string, text: string): Outcome;
  /** The nine columns of mm_stat. */
  mmStat(): readonly number[];
}
