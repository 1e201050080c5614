// Buffers for large tables that are mostly never touched. The host gives memory to what is touched only, but V8 counts the whole length of
// an ArrayBuffer towards the next garbage collection and, above some ten MiB, collects at once: making the descriptors of a
// terabyte took 30 ms. It does not count a SharedArrayBuffer; reading and writing it costs the same.

const LARGE_BYTES = 16 * 1024 * 1024;

/** A buffer of `bytes` zero bytes that costs no time, and no memory until touched. */
export function zeroedBuffer(bytes: number): ArrayBuffer | SharedArrayBuffer {
  return bytes < LARGE_BYTES ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
}
