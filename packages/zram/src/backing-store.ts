// A backing device in use: which of its blocks are taken, and failures on demand.

import type { Errno } from "@zlab/hw-sim";
import type { BackingDevice } from "./backing-device.ts";
import { EIO } from "./errno.ts";

/** No block. Block 0 is never handed out, since a handle of 0 means an empty slot. */
export const NO_BLOCK = 0;

/** Makes requests to the backing device fail. */
export class BackingFaults {
  #timesLeft = 0;

  /** The next `times` requests fail with EIO; 0 ends it. */
  failNext(times: number): void {
    this.#timesLeft = times;
  }

  /** Whether this request is to fail; called once per request. */
  shouldFail(): boolean {
    if (this.#timesLeft === 0) return false;
    this.#timesLeft--;
    return true;
  }
}

/** A backing device that a zram device has claimed. */
export class BackingStore {
  readonly device: BackingDevice;
  readonly #faults: BackingFaults;
  readonly #taken: Uint8Array; // by block
  #searchFrom = 1; // no block below is free
  /** Blocks that hold a page. */
  usedBlocks = 0;

  constructor(device: BackingDevice, faults: BackingFaults) {
    this.device = device;
    this.#faults = faults;
    this.#taken = new Uint8Array(device.blockCount);
  }

  /** Takes the lowest free block; NO_BLOCK if there is none. */
  allocate(): number {
    const block = this.#taken.indexOf(0, this.#searchFrom);
    if (block === -1) return NO_BLOCK;
    this.#taken[block] = 1;
    this.#searchFrom = block + 1;
    this.usedBlocks++;
    return block;
  }

  release(block: number): void {
    this.#taken[block] = 0;
    this.#searchFrom = Math.min(this.#searchFrom, block);
    this.usedBlocks--;
  }

  isTaken(block: number): boolean {
    return this.#taken[block] === 1;
  }

  read(block: number, target: Uint8Array): 0 | Errno {
    return this.#faults.shouldFail() ? EIO : this.device.read(block, target);
  }

  write(block: number, source: Uint8Array): 0 | Errno {
    return this.#faults.shouldFail() ? EIO : this.device.write(block, source);
  }
}
