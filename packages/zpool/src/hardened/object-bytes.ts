// Reads and writes whole objects of the backend through one buffer.

import type { Handle, ZpoolBackend } from "../zpool-driver.ts";
import { sealOf } from "./patterns.ts";

export class ObjectBytes {
  /** False on a size-only machine: then every call here does nothing. */
  readonly hasBytes: boolean;
  readonly #backend: ZpoolBackend;
  #buffer = new ArrayBuffer(4096);
  bytes: Uint8Array = new Uint8Array(this.#buffer);
  words: Int32Array = new Int32Array(this.#buffer);

  constructor(backend: ZpoolBackend, hasBytes: boolean) {
    this.#backend = backend;
    this.hasBytes = hasBytes;
  }

  /** Copies an object to the start of `bytes`. */
  load(handle: Handle, length: number): void {
    this.#reserve(length);
    this.#backend.read(handle, this.bytes, 0, length);
  }

  /** Sets every byte of an object; returns its seal. */
  fill(handle: Handle, length: number, value: number): number {
    if (!this.hasBytes) return 0;
    this.#reserve(length);
    this.bytes.fill(value, 0, length);
    this.#backend.write(handle, this.bytes, 0, length);
    return this.seal(length);
  }

  /** The seal of an object, as the backend has it now. */
  sealOf(handle: Handle, length: number): number {
    if (!this.hasBytes) return 0;
    this.load(handle, length);
    return this.seal(length);
  }

  /** The seal of the first `length` bytes of `bytes`. */
  seal(length: number): number {
    return sealOf(this.words, 0, length);
  }

  #reserve(length: number): void {
    if (length <= this.bytes.length) return;
    this.#buffer = new ArrayBuffer(Math.ceil(length / 4096) * 4096);
    this.bytes = new Uint8Array(this.#buffer);
    this.words = new Int32Array(this.#buffer);
  }
}
