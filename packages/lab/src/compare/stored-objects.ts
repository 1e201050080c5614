// A pool together with what should be in it: which object stands in which place. The pool is used as the kernel's users do,
// through mappings: WO to store, RO to load.

import { GFP_KERNEL, __GFP_HIGHMEM, __GFP_MOVABLE, isErrno } from "@zlab/hw-sim";
import { type Handle, MapMode, type ZpoolBackend } from "@zlab/zpool";

const NOTHING = 0; // never a handle

export class StoredObjects {
  readonly pool: ZpoolBackend;
  /** Objects that can be stored, by object index. */
  readonly objects: readonly Uint8Array[];
  readonly #gfp: number;
  readonly #handles: number[]; // per place; 0: nothing is stored there
  readonly #objectIndexes: number[]; // per place: the object stored there

  constructor(pool: ZpoolBackend, objects: readonly Uint8Array[]) {
    this.pool = pool;
    this.objects = objects;
    this.#gfp = pool.capabilities.movable ? GFP_KERNEL | __GFP_HIGHMEM | __GFP_MOVABLE : GFP_KERNEL;
    this.#handles = Array.from(objects, () => NOTHING);
    this.#objectIndexes = Array.from(objects, () => 0);
  }

  /** Places; as many as objects. */
  get placeCount(): number {
    return this.#handles.length;
  }

  isStored(place: number): boolean {
    return this.#handles[place] !== NOTHING;
  }

  objectIndexAt(place: number): number {
    return this.#objectIndexes[place]!;
  }

  /** Stores an object in an empty place. Returns false if the pool refuses it. */
  store(place: number, objectIndex: number): boolean {
    const object = this.objects[objectIndex]!;
    const handle = this.pool.malloc(object.length, this.#gfp);
    if (isErrno(handle)) return false;
    const mapping = this.pool.map(handle, MapMode.WO);
    mapping.bytes.set(object, mapping.offset);
    this.pool.unmap(handle);
    this.#handles[place] = handle;
    this.#objectIndexes[place] = objectIndex;
    return true;
  }

  /** Copies what is stored in a place into `target`. Returns the mapping's length, which may be more than the object's. */
  load(place: number, target: Uint8Array): number {
    const handle = this.#handles[place] as Handle;
    const { length: objectBytes } = this.objects[this.#objectIndexes[place]!]!;
    const mapping = this.pool.map(handle, MapMode.RO);
    target.set(mapping.bytes.subarray(mapping.offset, mapping.offset + objectBytes));
    const { length } = mapping;
    this.pool.unmap(handle);
    return length;
  }

  /** Empties a place. */
  free(place: number): void {
    this.pool.free(this.#handles[place] as Handle);
    this.#handles[place] = NOTHING;
  }

  /** Replaces what a place holds as a write to a swapped page does: the new object is allocated before the old one is
   * freed. A place whose new object is refused stays empty. */
  overwrite(place: number, objectIndex: number): void {
    const old = this.#handles[place] as Handle;
    this.#handles[place] = NOTHING;
    this.store(place, objectIndex);
    this.pool.free(old);
  }
}
