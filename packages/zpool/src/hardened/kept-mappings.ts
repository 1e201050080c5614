// The mappings that ended last. Callers may have kept their bytes, so these are looked at before every operation.

import { GUARD_BYTES, type MappingArea } from "./mapping-area.ts";

export class KeptMappings {
  readonly #mostAreas: number;
  readonly #mostBytes: number;
  readonly #areas: MappingArea[] = [];
  #bytes = 0;

  /** Keeps up to `mostAreas` areas if their objects are no larger than a page; of larger ones as many as take no more memory
   * than that, but always the latest. */
  constructor(mostAreas: number, pageBytes: number) {
    this.#mostAreas = mostAreas;
    this.#mostBytes = mostAreas * (pageBytes + 2 * GUARD_BYTES);
  }

  /** Poisons the area of a mapping that has ended and keeps it. */
  add(area: MappingArea): void {
    area.poison();
    this.#areas.push(area);
    this.#bytes += area.areaBytes;
    while (this.#areas.length > 1 && (this.#areas.length > this.#mostAreas || this.#bytes > this.#mostBytes)) {
      this.#bytes -= this.#areas.shift()!.areaBytes;
    }
  }

  /** An area that was written after its mapping had ended; undefined if there is none. */
  firstWritten(): MappingArea | undefined {
    for (const area of this.#areas) if (area.writtenByte() !== undefined) return area;
    return undefined;
  }
}
