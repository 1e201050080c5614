// Random operations on a pool and on a model of plain arrays, which is the rules written down once more and naively: every
// object must land in the same block and slot, and the lists must be in the same order, after every operation.

import { GFP_KERNEL, Prng, isErrno } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import { type ZblockTableName, ZBLOCK_TABLES } from "@zlab/zblock";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { machineOf, poolOn } from "./fixtures.ts";

interface ModelBlock {
  readonly seq: number;
  readonly used: boolean[]; // by slot
}

class ModelType {
  active: ModelBlock[] = [];
  full: ModelBlock[] = [];
  readonly slotBytes: number;
  readonly slots: number;

  constructor(slotBytes: number, slots: number) {
    this.slotBytes = slotBytes;
    this.slots = slots;
  }

  /** `seq` is the number of a new block, should one be needed. */
  allocate(seq: number): { block: ModelBlock; slot: number } {
    if (this.active.length === 0) this.active = [{ seq, used: Array.from({ length: this.slots }, () => false) }];
    const block = this.active[0]!;
    const slot = block.used.indexOf(false);
    block.used[slot] = true;
    if (!block.used.includes(false)) this.full.unshift(this.active.shift()!);
    return { block, slot };
  }

  free(block: ModelBlock, slot: number): void {
    block.used[slot] = false;
    const freeCount = block.used.filter((used) => !used).length;
    if (freeCount === this.slots || freeCount === 1) {
      this.active = this.active.filter((other) => other !== block);
      this.full = this.full.filter((other) => other !== block);
    }
    if (freeCount === 1) this.active.push(block);
  }
}

interface ModelObject {
  readonly handle: Handle;
  readonly type: ModelType;
  readonly block: ModelBlock;
  readonly slot: number;
}

/** Runs operations drawn from a seed; sizes stay near a few, so that blocks fill up. */
function run(table: ZblockTableName, seed: number, bases: readonly number[], freePercent: number): void {
  const pool = poolOn(machineOf(), table);
  const model = pool.types().map(({ slotBytes, slotsPerBlock }) => new ModelType(slotBytes, slotsPerBlock));
  const prng = new Prng(seed);
  const live: ModelObject[] = [];
  let blocks = 0;
  for (let step = 0; step < 150; step++) {
    if (live.length > 0 && prng.below(100) < freePercent) {
      const { handle, type, block, slot } = live.splice(prng.below(live.length), 1)[0]!;
      pool.free(handle);
      type.free(block, slot);
    } else {
      const bytes = Math.min(4079, Math.max(1, bases[prng.below(bases.length)]! + prng.below(3) - 1));
      const type = model.find(({ slotBytes }) => slotBytes > bytes)!;
      const handle = pool.malloc(bytes, GFP_KERNEL);
      if (isErrno(handle)) throw new Error(`malloc(${bytes}) = ${handle}`);
      const { block, slot } = type.allocate(blocks);
      if (block.seq === blocks) blocks++;
      expect(pool.placementOf(handle)).toMatchObject({ type: model.indexOf(type), blockSeq: block.seq, slot });
      live.push({ handle, type, block, slot });
    }
    pool.check(3);
    const seqsOf = (list: readonly ModelBlock[]) => list.map(({ seq }) => seq);
    expect(pool.types().map(({ activeBlockSeqs, fullBlockSeqs }) => [activeBlockSeqs, fullBlockSeqs])).toEqual(
      model.map(({ active, full }) => [seqsOf(active), seqsOf(full)]),
    );
  }
}

test.each(ZBLOCK_TABLES)("table %s: the pool does what the model does", (table) => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 4079 }), fc.constantFrom(64, 120, 2040, 3632, 4079)), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(fc.nat(), sizes, fc.integer({ min: 20, max: 55 }), (seed, bases, freePercent) =>
      run(table, seed, bases, freePercent),
    ),
    { seed: Number(process.env["ZLAB_SEED"] ?? 1), numRuns: 15 },
  );
});
