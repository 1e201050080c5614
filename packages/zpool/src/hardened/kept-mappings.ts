// The mappings that ended last. Callers may have kept their bytes, so the pool looks whether they are still as it left them: at
// the latest few before every operation, at the older ones in turn, one for each operation, and at all when it is checked.

import { GUARD_BYTES, type MappingArea } from "./mapping-area.ts";

/** Mappings that are looked at before every operation. */
const LATEST = 4;

export class KeptMappings {
  readonly #mostAreas: number;
  readonly #mostBytes: number;
  readonly #areas: MappingArea[] = []; // the oldest first
  #bytes = 0;
  #turn = 0;

  /** Keeps up to `mostAreas` areas if their objects are no larger than a page; of larger ones as many as take no more memory
   * than that, but always the latest. */
  constructor(mostAreas: number, pageBytes: number) {
    this.#mostAreas = mostAreas;
    this.#mostBytes = mostAreas * (pageBytes + 2 * GUARD_BYTES);
  }

  /** Poisons the area of a mapping that has ended and keeps it. Returns an area that is not kept any longer and was written to
   * after its mapping had ended; undefined if there is none. */
  add(area: MappingArea): MappingArea | undefined {
    area.poison();
    this.#areas.push(area);
    this.#bytes += area.areaBytes;
    let written: MappingArea | undefined;
    while (this.#areas.length > 1 && (this.#areas.length > this.#mostAreas || this.#bytes > this.#mostBytes)) {
      const oldest = this.#areas.shift()!;
      this.#bytes -= oldest.areaBytes;
      if (oldest.wasWritten()) written ??= oldest;
    }
    return written;
  }

  /** An area that was written after its mapping had ended, among those whose turn it is; undefined if there is none. */
  nextWritten(): MappingArea | undefined {
    const areas = this.#areas;
    const olderCount = Math.max(0, areas.length - LATEST);
    for (let index = olderCount; index < areas.length; index++) if (areas[index]!.wasWritten()) return areas[index];
    if (olderCount === 0) return undefined;
    const older = areas[this.#turn++ % olderCount]!;
    return older.wasWritten() ? older : undefined;
  }

  /** An area that was written after its mapping had ended, among all; undefined if there is none. */
  anyWritten(): MappingArea | undefined {
    return this.#areas.find((area) => area.wasWritten());
  }
}
