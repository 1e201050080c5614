// The contents of objects in a replay on a machine with bytes, as the recording had them: every object is filled with a
// pattern of its own through a WO mapping, and the pattern is looked for again through RO mappings.

import { type Handle, MapMode, type ZpoolBackend } from "@zlab/zpool";
import { Divergence } from "./trace-error.ts";

interface Content {
  readonly id: number; // what the pattern is made from
  readonly bytes: number;
}

export class Payload {
  /** Objects whose bytes were compared, once per comparison. */
  checkCount = 0;
  readonly #pool: ZpoolBackend;
  readonly #contents = new Map<Handle, Content>();

  constructor(pool: ZpoolBackend) {
    this.#pool = pool;
  }

  /** Fills a new object of `bytes` bytes with the pattern of `id`. */
  fill(handle: Handle, id: number, bytes: number): void {
    const mapping = this.#pool.map(handle, MapMode.WO);
    writePattern(mapping.bytes, mapping.offset, bytes, id);
    this.#pool.unmap(handle);
    this.#contents.set(handle, { id, bytes });
  }

  /** Compares an object with its pattern, before it is freed, and forgets it. */
  release(handle: Handle): void {
    this.#verify(handle, this.#contents.get(handle)!);
    this.#contents.delete(handle);
  }

  /** Compares every object with its pattern. */
  verifyAll(): void {
    for (const [handle, content] of this.#contents) this.#verify(handle, content);
  }

  #verify(handle: Handle, { id, bytes }: Content): void {
    const mapping = this.#pool.map(handle, MapMode.RO);
    const wrong = findDifference(mapping.bytes, mapping.offset, bytes, id);
    const got = wrong < 0 ? 0 : mapping.bytes[mapping.offset + wrong]!;
    this.#pool.unmap(handle);
    this.checkCount++;
    if (wrong >= 0) throw new Divergence(`content of object ${id}, byte ${wrong}`, patternByte(id, wrong), got);
  }
}

/** The pattern: the high bytes of a linear congruential sequence that begins with the id. */
function nextState(state: number): number {
  return (Math.imul(state, 1664525) + 1013904223) | 0;
}

function writePattern(target: Uint8Array, offset: number, length: number, id: number): void {
  let state = nextState(id);
  for (let i = 0; i < length; i++) {
    target[offset + i] = state >>> 24;
    state = nextState(state);
  }
}

/** Index of the first byte that is not the pattern's, or -1. */
function findDifference(bytes: Uint8Array, offset: number, length: number, id: number): number {
  let state = nextState(id);
  for (let i = 0; i < length; i++) {
    if (bytes[offset + i] !== state >>> 24) return i;
    state = nextState(state);
  }
  return -1;
}

function patternByte(id: number, index: number): number {
  let state = nextState(id);
  for (let i = 0; i < index; i++) state = nextState(state);
  return state >>> 24;
}
