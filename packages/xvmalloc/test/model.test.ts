// Random operations on a pool and on a model of plain arrays, which is the rules written down once more and naively: pages are arrays of
// blocks, lists arrays of blocks by size, and a search looks at one list after the other. Every object must land at the same
// place, and all blocks and lists be the same, after every operation.

import { ENOMEM, GFP_KERNEL, Prng, isErrno } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { machineOf, poolOn } from "./fixtures.ts";

interface ModelBlock {
  readonly page: ModelPage;
  offset: number;
  payload: number;
  bytes: number; // asked for; -1 if free
}

interface ModelPage {
  readonly seq: number;
  readonly blocks: ModelBlock[];
}

class Model {
  pages: ModelPage[] = [];
  pagesEver = 0;
  readonly lists = new Map<number, ModelBlock[]>();
  readonly pageBytes: number;

  constructor(pageBytes: number) {
    this.pageBytes = pageBytes;
  }

  allocate(bytes: number): ModelBlock | undefined {
    const wanted = Math.ceil(bytes / 4) * 4;
    const block = this.search(wanted) ?? this.grow() ?? this.search(wanted);
    if (block === undefined) return undefined;
    this.unlist(block);
    const rest = block.payload - wanted;
    if (rest > 0) {
      const tail = { page: block.page, offset: block.offset + 4 + wanted, payload: rest - 4, bytes: -1 };
      block.page.blocks.splice(block.page.blocks.indexOf(block) + 1, 0, tail);
      block.payload = wanted;
      this.list(tail);
    }
    block.bytes = bytes;
    return block;
  }

  free(freed: ModelBlock): void {
    const { page } = freed;
    const i = page.blocks.indexOf(freed);
    const [previous, next] = [page.blocks[i - 1], page.blocks[i + 1]];
    freed.bytes = -1;
    if (next?.bytes === -1) {
      this.unlist(next);
      freed.payload += 4 + next.payload;
      page.blocks.splice(i + 1, 1);
    }
    let block = freed;
    if (previous?.bytes === -1) {
      this.unlist(previous);
      previous.payload += 4 + freed.payload;
      page.blocks.splice(i, 1);
      block = previous;
    }
    if (block.payload === this.pageBytes - 4) this.pages = this.pages.filter((other) => other !== page);
    else this.list(block);
  }

  private search(wanted: number): ModelBlock | undefined {
    const first = Math.ceil(Math.max(wanted, 32) / 8) - 4;
    for (let list = first; list < this.pageBytes / 8 - 4; list++) {
      const head = this.lists.get(list)?.[0];
      if (head !== undefined) return head;
    }
    return undefined;
  }

  private grow(): undefined {
    const page: ModelPage = { seq: this.pagesEver++, blocks: [] };
    const block = { page, offset: 0, payload: this.pageBytes - 4, bytes: -1 };
    page.blocks.push(block);
    this.pages.push(page);
    this.list(block);
  }

  private list(block: ModelBlock): void {
    if (block.payload < 32) return;
    const list = Math.floor(block.payload / 8) - 4;
    this.lists.set(list, [block, ...(this.lists.get(list) ?? [])]);
  }

  private unlist(block: ModelBlock): void {
    if (block.payload < 32) return;
    const list = Math.floor(block.payload / 8) - 4;
    const rest = this.lists.get(list)!.filter((other) => other !== block);
    if (rest.length > 0) this.lists.set(list, rest);
    else this.lists.delete(list);
  }

  /** As `XvmallocPool.pageBlocks` has it. */
  pageBlocks() {
    return this.pages.map(({ seq, blocks }) => [
      seq,
      blocks.map(({ offset, payload, bytes }, i) => ({
        headerOffset: offset,
        bytes: bytes < 0 ? payload : bytes,
        free: bytes < 0,
        previousFree: blocks[i - 1]?.bytes === -1,
      })),
    ]);
  }

  /** As `XvmallocPool.freeLists` has it. */
  freeLists() {
    const rows = [...this.lists].toSorted(([list], [other]) => list - other);
    return rows.map(([list, blocks]) => [list, blocks.map(({ page, offset }) => [page.seq, offset])]);
  }
}

/** Runs operations drawn from a seed. `xvMalloc` is called rather than `malloc`, for its sizes that always fail. */
function run(pageBytes: number, seed: number, largestBytes: number, freePercent: number): void {
  const pool = poolOn(machineOf(pageBytes));
  const model = new Model(pageBytes);
  const prng = new Prng(seed);
  const live: { handle: Handle; block: ModelBlock }[] = [];
  for (let step = 0; step < 120; step++) {
    if (live.length > 0 && prng.below(100) < freePercent) {
      const { handle, block } = live.splice(prng.below(live.length), 1)[0]!;
      pool.free(handle);
      model.free(block);
    } else {
      const bytes = 1 + prng.below(largestBytes);
      const handle = pool.xvMalloc(bytes, GFP_KERNEL);
      const block = model.allocate(bytes);
      if (block === undefined) expect(handle).toBe(ENOMEM);
      else if (isErrno(handle)) throw new Error(`xvMalloc(${bytes}) = ${handle}`);
      else {
        expect(pool.placementOf(handle)).toEqual({ pageSeq: block.page.seq, byteOffset: block.offset + 4 });
        live.push({ handle, block });
      }
    }
    pool.check(3);
    expect(pool.freeLists()).toEqual(model.freeLists());
    expect(pool.pageBlocks()).toEqual(model.pageBlocks());
  }
}

test.each([
  [4096, 25],
  [16384, 6],
  [65536, 3],
])("pages of %i bytes: the pool does what the model does", (pageBytes, numRuns) => {
  const largest = fc.oneof(
    fc.integer({ min: 1, max: pageBytes - 4 }),
    fc.constantFrom(40, 150, 600, 1500, 2500, pageBytes - 4),
  );
  fc.assert(
    fc.property(fc.nat(), largest, fc.integer({ min: 20, max: 60 }), (seed, largestBytes, freePercent) =>
      run(pageBytes, seed, largestBytes, freePercent),
    ),
    { seed: Number(process.env["ZLAB_SEED"] ?? 1), numRuns },
  );
});
