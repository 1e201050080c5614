// Where misuse is tried out: a hardened pool on a small machine, some live objects, and the way to the memory behind it that a
// caller gone wild would have.

import { GFP_KERNEL, Machine, type Pfn, Prng, isErrno } from "@zlab/hw-sim";
import { hardenedDriver } from "../hardened/hardened-driver.ts";
import { splitOptions } from "../hardened/hardened-options.ts";
import {
  type Handle,
  MapMode,
  type Mapping,
  type PoolOptions,
  type ZpoolBackend,
  type ZpoolDriver,
} from "../zpool-driver.ts";
import { fillPattern } from "./object-model.ts";
import { conformanceMachine } from "./subject.ts";

/** A live object, as its owner knows it. */
export interface BenchObject {
  readonly handle: Handle;
  /** The handle by which the backend knows it. */
  readonly backendHandle: Handle;
  readonly content: Uint8Array;
}

const MOST_LIVE = 16;

export class MisuseBench {
  readonly machine: Machine;
  readonly pool: ZpoolBackend;
  readonly prng: Prng;
  readonly objects: BenchObject[] = [];
  readonly freePagesAtStart: number;
  /** Freed objects that the pool holds back. */
  readonly quarantineObjects: number;
  readonly #plain: ZpoolBackend;
  readonly #largestBytes: number;
  #lastBackendHandle = 0;
  /** Mappings made so far. */
  mappings = 0;
  #patterns = 0;
  readonly #buffers = new Set<ArrayBufferLike>();

  /** `options` are those of the backend and of the hardening. */
  constructor(driver: ZpoolDriver, options: PoolOptions, seed: number) {
    this.prng = new Prng(seed);
    this.machine = new Machine(conformanceMachine());
    this.freePagesAtStart = this.machine.freePageCount();
    const { hardening, backendOptions } = splitOptions(options);
    this.quarantineObjects = hardening.quarantineObjects;
    const plain = driver.create(this.machine, "misused", backendOptions);
    const malloc = plain.malloc.bind(plain);
    plain.malloc = (bytes, gfp) => {
      const result = malloc(bytes, gfp);
      this.#lastBackendHandle = result;
      return result;
    };
    this.#plain = plain;
    const { type, description } = driver;
    const spied: ZpoolDriver = { type, description, capabilities: () => plain.capabilities, create: () => plain };
    this.pool = hardenedDriver(spied).create(this.machine, "misused", options);
    this.#largestBytes = Math.min(plain.capabilities.maxBytes, this.machine.pageBytes);
  }

  /** A number from 0 to `bound` - 1. */
  below(bound: number): number {
    return this.prng.below(bound);
  }

  /** One of several. */
  oneOf<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }

  /** A new object, written to its last byte. Sizes of a byte, of a page, of a power of two and the largest are frequent. */
  make(): BenchObject {
    const { pageBytes } = this.machine;
    const bytes = this.oneOf([
      () => 1,
      () => Math.min(pageBytes, this.#largestBytes),
      () => this.#largestBytes - this.below(Math.min(40, this.#largestBytes)),
      () => Math.min(this.#largestBytes, 2 ** this.below(13)),
      () => 1 + this.below(this.#largestBytes),
    ])();
    const handle = this.pool.malloc(bytes, GFP_KERNEL);
    if (isErrno(handle)) throw new Error(`the bench has no memory for ${bytes} bytes`);
    const content = new Uint8Array(bytes);
    fillPattern(content, 0, bytes, this.#patterns++);
    const object = { handle, backendHandle: this.#lastBackendHandle as Handle, content };
    this.pool.write(handle, content, 0, bytes);
    this.objects.push(object);
    return object;
  }

  /** Any live object. */
  any(): BenchObject {
    return this.objects.length === 0 ? this.make() : this.oneOf(this.objects);
  }

  free(object: BenchObject): void {
    this.pool.free(object.handle);
    this.objects.splice(this.objects.indexOf(object), 1);
  }

  /** Maps an object on the current CPU. */
  map(object: BenchObject, mode: MapMode): Mapping {
    const mapping = this.pool.map(object.handle, mode);
    this.mappings++;
    if (mode === MapMode.WO) mapping.bytes.set(object.content, mapping.offset);
    return mapping;
  }

  /** Some right use of the pool, with at most one mapping; `spared` is not freed. */
  workALittle(spared?: BenchObject): void {
    while (this.objects.length > MOST_LIVE) this.#freeAny(spared);
    if (this.objects.length < MOST_LIVE / 2 || this.below(2) === 0) this.make();
    const object = this.any();
    if (this.below(3) === 0) this.verify(object);
    if (this.below(3) === 0) {
      this.map(object, this.oneOf([MapMode.RW, MapMode.RO, MapMode.WO]));
      this.pool.unmap(object.handle);
    }
    if (this.below(4) === 0) this.#freeAny(spared);
  }

  #freeAny(spared: BenchObject | undefined): void {
    const object = this.any();
    if (object !== spared) this.free(object);
  }

  /** Throws if an object's bytes are not those last written. */
  verify({ handle, content }: BenchObject): void {
    const got = new Uint8Array(content.length);
    this.pool.read(handle, got, 0, got.length);
    if (got.some((byte, index) => byte !== content[index])) throw new Error(`object ${handle} has lost its bytes`);
  }

  /** Changes one byte of the object in the machine's memory, without the pool's knowledge. The function that is returned does so,
   * at any time later, also when the object has been freed. */
  wildWriter({ backendHandle, content }: BenchObject): () => void {
    const index = this.below(content.length);
    const { bytes, offset } = this.#plain.map(backendHandle, MapMode.RO);
    this.#plain.unmap(backendHandle);
    const isPage = this.#memory().has(bytes.buffer);
    const flip = 1 + this.below(255);
    if (isPage) return () => (bytes[offset + index]! ^= flip);
    return () => {
      const copy = new Uint8Array(content.length);
      this.#plain.read(backendHandle, copy, 0, copy.length);
      copy[index]! ^= flip;
      this.#plain.write(backendHandle, copy, 0, copy.length);
    };
  }

  /** The buffers of the machine's memory. */
  #memory(): ReadonlySet<ArrayBufferLike> {
    const { memory, zones } = this.machine;
    for (const { startPfn, endPfn } of this.#buffers.size > 0 ? [] : zones) {
      for (let pfn = startPfn; pfn < endPfn; pfn++) this.#buffers.add(memory.chunkOf(pfn as Pfn).buffer);
    }
    return this.#buffers;
  }
}
