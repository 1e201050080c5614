// Operations to perform: the corpus, written and thinned out in order, and an endless seeded mix. Both depend on their arguments
// alone, never on what the devices answer.

import { Prng } from "@zlab/hw-sim";
import { ZERO_CONTENT } from "./contents.ts";
import { MOST_REQUEST_PAGES, OPERATION_KINDS, type Operation, type OperationKind } from "./operations.ts";

/** What workloads are made for. */
export interface WorkloadShape {
  /** Pages of the device. */
  readonly slotCount: number;
  /** Contents that are pages of the corpus. */
  readonly corpusCount: number;
  /** Whether the device can be told to discard. If not, zeros are written instead, which frees objects too. */
  readonly canDiscard: boolean;
}

const THINNED_PAGES = 8;

/** Every page of the corpus to a slot of its own; a third of them discarded in runs of 8; a compaction; the second half of the corpus
 * over the first; a compaction. */
export function* corpusWorkload({ slotCount, corpusCount, canDiscard }: WorkloadShape): Generator<Operation> {
  const pageCount = Math.min(slotCount, corpusCount);
  for (let pageIndex = 0; pageIndex < pageCount; pageIndex++) yield { kind: "write", pageIndex, contents: [pageIndex] };
  for (let pageIndex = 0; pageIndex + THINNED_PAGES <= pageCount; pageIndex += 3 * THINNED_PAGES) {
    yield canDiscard ? { kind: "discard", pageIndex, pageCount: THINNED_PAGES } : zeros(pageIndex, THINNED_PAGES);
  }
  yield { kind: "compact" };
  const half = Math.floor(pageCount / 2);
  for (let pageIndex = 0; pageIndex < half; pageIndex++) {
    yield { kind: "write", pageIndex, contents: [half + pageIndex] };
  }
  yield { kind: "compact" };
}

function zeros(pageIndex: number, pageCount: number): Operation {
  return { kind: "write", pageIndex, contents: Array.from({ length: pageCount }, () => ZERO_CONTENT) };
}

/** How often each kind of operation comes, relative to the others. */
type Habit = Readonly<Record<OperationKind, number>>;

/** The mix changes its habit every few hundred operations: filling, overwriting, thinning out, and working under a limit leave the pool
 * in different states, and the way from one to the other is where histories differ. */
const HABITS: readonly Habit[] = [
  { write: 9600, read: 250, discard: 60, limit: 0, unlimit: 30, compact: 10, "reset-peak": 40, restart: 2 },
  { write: 9100, read: 300, discard: 400, limit: 10, unlimit: 20, compact: 80, "reset-peak": 60, restart: 1 },
  { write: 7300, read: 400, discard: 2000, limit: 0, unlimit: 20, compact: 200, "reset-peak": 60, restart: 0 },
  { write: 9200, read: 300, discard: 150, limit: 160, unlimit: 60, compact: 60, "reset-peak": 60, restart: 1 },
];

/** An endless seeded mix of all operations. */
export function* mixedWorkload(seed: number, shape: WorkloadShape): Generator<Operation> {
  const random = new Prng(seed);
  for (let habitIndex = random.below(HABITS.length); ; habitIndex = (habitIndex + 1) % HABITS.length) {
    const habit = HABITS[habitIndex]!;
    const hotStart = random.below(shape.slotCount);
    for (let left = 150 + random.below(600); left > 0; left--) yield anyOperation(random, shape, habit, hotStart);
  }
}

function anyOperation(random: Prng, shape: WorkloadShape, habit: Habit, hotStart: number): Operation {
  const kind = anyKind(random, habit);
  switch (kind) {
    case "write": {
      const { pageIndex, pageCount } = anyPages(
        random,
        shape,
        hotStart,
        random.below(5) === 0 ? MOST_REQUEST_PAGES : 1,
      );
      return { kind, pageIndex, contents: Array.from({ length: pageCount }, () => anyContent(random, shape)) };
    }
    case "read":
      return { kind, ...anyPages(random, shape, hotStart, MOST_REQUEST_PAGES) };
    case "discard": {
      if (shape.canDiscard) return { kind, ...anyPages(random, shape, hotStart, random.below(2) === 0 ? 4 : 96) };
      const { pageIndex, pageCount } = anyPages(random, shape, hotStart, MOST_REQUEST_PAGES);
      return zeros(pageIndex, pageCount);
    }
    case "limit":
      return { kind, slackPages: random.below(97) - 32 };
    default:
      return { kind };
  }
}

function anyKind(random: Prng, habit: Habit): OperationKind {
  const total = OPERATION_KINDS.reduce((sum, kind) => sum + habit[kind], 0);
  let rest = random.below(total);
  return OPERATION_KINDS.find((kind) => (rest -= habit[kind]) < 0)!;
}

/** A run of pages: half of the time within a part of the device that is hot for a while. */
function anyPages(
  random: Prng,
  { slotCount }: WorkloadShape,
  hotStart: number,
  mostPages: number,
): { pageIndex: number; pageCount: number } {
  const isHot = random.below(2) === 0;
  const pageIndex = isHot ? (hotStart + random.below(256)) % slotCount : random.below(slotCount);
  return { pageIndex, pageCount: Math.min(1 + random.below(mostPages), slotCount - pageIndex) };
}

/** A page of the corpus, or, as often, any number. */
function anyContent(random: Prng, { corpusCount }: WorkloadShape): number {
  return random.below(2) === 0 ? random.below(corpusCount) : random.next();
}
