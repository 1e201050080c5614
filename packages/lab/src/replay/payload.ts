// The contents of objects in a replay on a machine with bytes. Every object gets a content of its own and every byte of it is compared,
// yet making it costs one copy and checking it one comparison: the content is a window of one pseudo-random block, whose
// first word is replaced for the moment by the object's stamp.
//
//   block   r r r r r r r r r r r r r r r r r r …     random words, once per replay
//   id 7        └─ S₇ r r r ─┘                        a window that begins at a word chosen by the id; S₇ is the stamp
//   id 8            └──── S₈ r r ───…
//
// Stamps of different ids differ, so no two contents of four bytes or more are equal, nor that of an object and of one that had its place
// before; the words behind the stamp tell contents that are shifted, mixed or cut.
//
// Most objects are written by the pool's copying `write` and looked at through a read-only mapping; one in 32 is written through
// a write-only mapping, and another one in 32 looked at by `read`, so that the ways in and out check each other.

import { Buffer } from "node:buffer";
import { type PhysicalMemory, Prng } from "@zlab/hw-sim";
import { type Handle, MapMode, type ZpoolBackend } from "@zlab/zpool";
import { Divergence } from "./trace-error.ts";
import { Kind, type TraceLine } from "./trace-line.ts";

const WINDOWS_SHIFT = 14; // log2 of the words of the block at which windows begin: 64 KiB stay in the cache
const WORD_BYTES = 4;
/** Odd, so that multiplying by it maps different numbers below 2^32 to different ones (2^32 divided by the golden ratio). */
const SCATTER = 0x9e37_79b1;
const SEED = 1;
/** Ids are counted in groups, so that looking for the live ones doesn't visit all that ever were. */
const GROUP_SHIFT = 12;
const FIRST_CAPACITY = 1 << GROUP_SHIFT;

/** Which of 32 neighbouring ids take the other way in or out. */
const NEIGHBOURS = 32;
const WRITTEN_BY_MAPPING = 0;
const READ_BY_COPY = 4;

const compareBuffers = Buffer.prototype.compare;

export class Payload {
  /** Objects whose bytes were compared, once per comparison. */
  checkCount = 0;
  /** Means nothing, as that of `ObjectIds`. */
  fetched = 0;
  readonly #pool: ZpoolBackend;
  readonly #block: Uint8Array;
  readonly #words: Int32Array; // the block
  readonly #readBack: Uint8Array;
  #handles: Float64Array = new Float64Array(FIRST_CAPACITY); // by id
  #lengths: Int32Array = new Int32Array(FIRST_CAPACITY); // by id, in bytes; 0: not live
  #liveOfGroup: Int32Array = new Int32Array(FIRST_CAPACITY >> GROUP_SHIFT);

  /** Objects are at most a page of `memory`, the machine's of the pool. */
  constructor(pool: ZpoolBackend, memory: PhysicalMemory) {
    this.#pool = pool;
    this.#block = memory.buffer((WORD_BYTES << WINDOWS_SHIFT) + memory.pageBytes);
    this.#readBack = memory.buffer(memory.pageBytes);
    this.#words = new Int32Array(this.#block.buffer, this.#block.byteOffset, this.#block.length / WORD_BYTES);
    const prng = new Prng(SEED);
    for (let i = 0; i < this.#words.length; i++) this.#words[i] = prng.next();
  }

  /** Fills a new object of `bytes` bytes with the content of `id`, a number that no other object ever had. */
  fill(handle: Handle, id: number, bytes: number): void {
    if (id >= this.#lengths.length) this.#grow(id);
    this.#handles[id] = handle;
    this.#lengths[id] = bytes;
    this.#liveOfGroup[id >> GROUP_SHIFT]!++;
    const start = windowOf(id);
    const word = this.#words[start >> 2]!;
    this.#words[start >> 2] = stampOf(id);
    if (id % NEIGHBOURS === WRITTEN_BY_MAPPING) this.#writeByMapping(handle, start, bytes);
    else this.#pool.write(handle, this.#block, start, bytes);
    this.#words[start >> 2] = word;
  }

  /** Compares a live object with its content, before it is freed, and forgets it. */
  release(handle: Handle, id: number): void {
    this.#verify(handle, id, this.#lengths[id]!);
    this.#lengths[id] = 0;
    this.#liveOfGroup[id >> GROUP_SHIFT]!--;
  }

  /** Looks at the entries of objects that will be freed soon, as `ObjectIds.fetch` does. */
  fetch(lines: readonly TraceLine[], count: number): void {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const line = lines[i]!;
      const id = line.at(0);
      if (line.kind === Kind.free && id >= 0 && id < this.#lengths.length) sum += this.#lengths[id]!;
    }
    this.fetched = sum;
  }

  /** Compares every object with its content, in ascending order of the ids. */
  verifyAll(): void {
    const lengths = this.#lengths;
    for (let group = 0; group < this.#liveOfGroup.length; group++) {
      if (this.#liveOfGroup[group] === 0) continue;
      const end = (group + 1) << GROUP_SHIFT;
      for (let id = group << GROUP_SHIFT; id < end; id++) {
        if (lengths[id] !== 0) this.#verify(this.#handles[id]! as Handle, id, lengths[id]!);
      }
    }
  }

  #verify(handle: Handle, id: number, bytes: number): void {
    const start = windowOf(id);
    const word = this.#words[start >> 2]!;
    this.#words[start >> 2] = stampOf(id);
    const wrong =
      id % NEIGHBOURS === READ_BY_COPY
        ? this.#compareRead(handle, start, bytes)
        : this.#compareMapped(handle, start, bytes);
    const expected = this.#block[start + wrong.index]!;
    this.#words[start >> 2] = word;
    this.checkCount++;
    if (wrong !== NOTHING_WRONG)
      throw new Divergence(`content of object ${id}, byte ${wrong.index}`, expected, wrong.got);
  }

  #writeByMapping(handle: Handle, start: number, bytes: number): void {
    const mapping = this.#pool.map(handle, MapMode.WO);
    mapping.bytes.set(this.#block.subarray(start, start + bytes), mapping.offset);
    this.#pool.unmap(handle);
  }

  #compareMapped(handle: Handle, start: number, bytes: number): WrongByte {
    const mapping = this.#pool.map(handle, MapMode.RO);
    const wrong = this.#compare(start, mapping.bytes, mapping.offset, bytes);
    this.#pool.unmap(handle);
    return wrong;
  }

  #compareRead(handle: Handle, start: number, bytes: number): WrongByte {
    this.#pool.read(handle, this.#readBack, 0, bytes);
    return this.#compare(start, this.#readBack, 0, bytes);
  }

  /** Compares the window at `start` with `length` bytes of `bytes` from `offset` on. */
  #compare(start: number, bytes: Uint8Array, offset: number, length: number): WrongByte {
    const block = this.#block;
    if (compareBuffers.call(block, bytes, offset, offset + length, start, start + length) === 0) return NOTHING_WRONG;
    let index = 0;
    while (bytes[offset + index] === block[start + index]) index++;
    return { index, got: bytes[offset + index]! };
  }

  #grow(id: number): void {
    const capacity = Math.max(2 * this.#lengths.length, ((id >> GROUP_SHIFT) + 1) << GROUP_SHIFT);
    const [handles, lengths, live] = [this.#handles, this.#lengths, this.#liveOfGroup];
    this.#handles = new Float64Array(capacity);
    this.#handles.set(handles);
    this.#lengths = new Int32Array(capacity);
    this.#lengths.set(lengths);
    this.#liveOfGroup = new Int32Array(capacity >> GROUP_SHIFT);
    this.#liveOfGroup.set(live);
  }
}

/** The first byte of an object that isn't its content's. */
interface WrongByte {
  readonly index: number;
  readonly got: number;
}

const NOTHING_WRONG: WrongByte = { index: 0, got: 0 };

/** Byte of the block at which the window of an id begins. */
function windowOf(id: number): number {
  return (Math.imul(id, SCATTER) >>> (32 - WINDOWS_SHIFT)) * WORD_BYTES;
}

/** Another number for every id, whose low byte differs between neighbours as well. */
function stampOf(id: number): number {
  return Math.imul(id + 1, SCATTER);
}
