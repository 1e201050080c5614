// The comparison: the same operations on both devices, and after each of them a look at what both say. It stops at the first
// difference, since everything behind it would follow from it.

import { setImmediate, setTimeout } from "node:timers/promises";
import { MM_STAT_COLUMNS } from "@zlab/zram";
import type { Contents } from "./contents.ts";
import {
  MOST_REQUEST_PAGES,
  OPERATION_KINDS,
  type Operation,
  type OperationKind,
  PAGE_BYTES,
  describeOperation,
} from "./operations.ts";
import { DONE, type Outcome, type ZramSide } from "./zram-side.ts";

export interface RefereeOptions {
  readonly algorithm: string;
  /** Pages of the devices. */
  readonly slotCount: number;
  readonly contents: Contents;
  /** A number that grows when the kernel's host asks caches to give memory back (0 where that can't be known). */
  readonly hostScans: () => number;
  /** Operations between two comparisons of all contents. */
  readonly contentInterval?: number;
  /** Ends the run with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called now and then with the number of operations done. */
  readonly onProgress?: (operationCount: number) => void;
}

/** Where the sides disagree; one of them is what was seen. */
export type Disagreement =
  | { readonly what: "columns"; readonly columns: readonly ColumnDifference[] }
  | { readonly what: "outcome"; readonly kernel: Outcome; readonly simulator: Outcome }
  | { readonly what: "contents"; readonly pageIndex: number };

export interface ColumnDifference {
  /** Name of the column of mm_stat. */
  readonly column: string;
  readonly kernel: number;
  readonly simulator: number;
}

export interface Difference {
  /** Number of the operation, from 1. */
  readonly operationNumber: number;
  readonly operation: string;
  readonly disagreement: Disagreement;
  /** Whether the host asked for memory back since the devices were set up, which may be the reason. */
  readonly hostWasShortOfMemory: boolean;
}

/** What a run came to. */
export interface RunResult {
  operationCount: number;
  readonly counts: Record<OperationKind, number>;
  /** Operations that both sides refused with the same error. */
  refusedCount: number;
  pagesWritten: number;
  columnsCompared: number;
  pagesCompared: number;
  /** Looks at mm_stat that had to be repeated: the kernel frees some pages a little later. */
  lateCount: number;
  /** Compactions by the host's need of memory; both devices were set up afresh after each. */
  hostCompactionCount: number;
  difference: Difference | undefined;
}

const CONTENT_INTERVAL = 1000;
const BREATH_INTERVAL = 64;
const LATE_MS = 20;
const MEM_USED_TOTAL = MM_STAT_COLUMNS.indexOf("mem_used_total");
const PAGES_COMPACTED = MM_STAT_COLUMNS.indexOf("pages_compacted");
/** Columns that a compaction changes. */
const POOL_COLUMNS: ReadonlySet<string> = new Set(["mem_used_total", "mem_used_max", "pages_compacted"]);

export class Referee {
  readonly #kernel: ZramSide;
  readonly #simulator: ZramSide;
  readonly #options: RefereeOptions;
  readonly #source = new Uint8Array(MOST_REQUEST_PAGES * PAGE_BYTES);
  readonly #kernelPages = Buffer.alloc(MOST_REQUEST_PAGES * PAGE_BYTES);
  readonly #simulatorPages = Buffer.alloc(MOST_REQUEST_PAGES * PAGE_BYTES);
  readonly #result: RunResult = {
    operationCount: 0,
    counts: Object.fromEntries(OPERATION_KINDS.map((kind) => [kind, 0])) as Record<OperationKind, number>,
    refusedCount: 0,
    pagesWritten: 0,
    columnsCompared: 0,
    pagesCompared: 0,
    lateCount: 0,
    hostCompactionCount: 0,
    difference: undefined,
  };
  #scansAtStart = 0;

  /** For one run. */
  constructor(kernel: ZramSide, simulator: ZramSide, options: RefereeOptions) {
    this.#kernel = kernel;
    this.#simulator = simulator;
    this.#options = options;
  }

  /** Sets both devices up and performs the operations, up to the first difference. Throws what the sides throw. */
  async run(operations: Iterable<Operation>): Promise<RunResult> {
    const { signal, onProgress, contentInterval = CONTENT_INTERVAL } = this.#options;
    const result = this.#result;
    this.#restart();
    let last: Operation = { kind: "restart" };
    for (const operation of operations) {
      last = operation;
      result.operationCount++;
      result.counts[operation.kind]++;
      const disagreement = this.#perform(operation) ?? (await this.#compareColumns(operation));
      if (disagreement !== undefined) return this.#end(operation, disagreement);
      if (result.operationCount % contentInterval === 0) {
        const difference = this.#compareAllContents();
        if (difference !== undefined) return this.#end(operation, difference);
      }
      if (result.operationCount % BREATH_INTERVAL === 0) {
        await setImmediate(); // signals are heard only here
        signal?.throwIfAborted();
        onProgress?.(result.operationCount);
      }
    }
    const difference = this.#compareAllContents();
    return difference === undefined ? result : this.#end(last, difference);
  }

  #end(operation: Operation, disagreement: Disagreement): RunResult {
    this.#result.difference = {
      operationNumber: this.#result.operationCount,
      operation: describeOperation(operation),
      disagreement,
      hostWasShortOfMemory: this.#options.hostScans() !== this.#scansAtStart,
    };
    return this.#result;
  }

  #restart(): void {
    const { algorithm, slotCount, hostScans } = this.#options;
    this.#scansAtStart = hostScans();
    for (const side of [this.#kernel, this.#simulator]) side.restart(algorithm, slotCount * PAGE_BYTES);
  }

  // ---- Operations -------------------------------------------------------------------------------------------------------

  #perform(operation: Operation): Disagreement | undefined {
    switch (operation.kind) {
      case "write":
        return this.#write(operation.pageIndex, operation.contents);
      case "read":
        return this.#compareContents(operation.pageIndex, operation.pageCount);
      case "discard": {
        const { pageIndex, pageCount } = operation;
        return this.#onBoth((side) => side.discard(pageIndex * PAGE_BYTES, pageCount * PAGE_BYTES));
      }
      case "limit":
        return this.#set("mem_limit", String(this.#limitBytes(operation.slackPages)));
      case "unlimit":
        return this.#set("mem_limit", "0");
      case "compact":
        return this.#set("compact", "1");
      case "reset-peak":
        return this.#set("mem_used_max", "0");
      default:
        this.#restart();
        return undefined;
    }
  }

  #write(pageIndex: number, contents: readonly number[]): Disagreement | undefined {
    const source = this.#source.subarray(0, contents.length * PAGE_BYTES);
    for (const [i, content] of contents.entries()) {
      this.#options.contents.fill(source.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES), content);
    }
    this.#result.pagesWritten += contents.length;
    return this.#onBoth((side) => side.write(pageIndex * PAGE_BYTES, source));
  }

  /** Relative to the use that both sides agreed on; at least a page, since 0 would be no limit. */
  #limitBytes(slackPages: number): number {
    return Math.max(PAGE_BYTES, this.#simulator.mmStat()[MEM_USED_TOTAL]! + slackPages * PAGE_BYTES);
  }

  #set(name: string, text: string): Disagreement | undefined {
    return this.#onBoth((side) => side.setAttribute(name, text));
  }

  #onBoth(operation: (side: ZramSide) => Outcome): Disagreement | undefined {
    const kernel = operation(this.#kernel);
    const simulator = operation(this.#simulator);
    if (kernel !== simulator) return { what: "outcome", kernel, simulator };
    if (kernel !== DONE) this.#result.refusedCount++;
    return undefined;
  }

  // ---- Comparison -------------------------------------------------------------------------------------------------------

  async #compareColumns(operation: Operation): Promise<Disagreement | undefined> {
    this.#result.columnsCompared += MM_STAT_COLUMNS.length;
    if (this.#differingColumns().length === 0) return undefined;
    await setTimeout(LATE_MS);
    const columns = this.#differingColumns();
    if (columns.length === 0) {
      this.#result.lateCount++;
      return undefined;
    }
    if (!this.#isHostCompaction(operation, columns)) return { what: "columns", columns };
    this.#result.hostCompactionCount++;
    this.#restart();
    return undefined;
  }

  #differingColumns(): ColumnDifference[] {
    const kernel = this.#kernel.mmStat();
    const simulator = this.#simulator.mmStat();
    return MM_STAT_COLUMNS.map((column, i) => ({ column, kernel: kernel[i]!, simulator: simulator[i]! })).filter(
      (pair) => pair.kernel !== pair.simulator,
    );
  }

  /** Whether the kernel compacted the pool without being asked: it counts more pages, only columns that a compaction changes differ, and
   * the host has asked its caches for memory since the devices were set up. */
  #isHostCompaction({ kind }: Operation, columns: readonly ColumnDifference[]): boolean {
    const compacted = columns.find(({ column }) => column === MM_STAT_COLUMNS[PAGES_COMPACTED]);
    return (
      kind !== "compact" &&
      compacted !== undefined &&
      compacted.kernel > compacted.simulator &&
      columns.every(({ column }) => POOL_COLUMNS.has(column)) &&
      this.#options.hostScans() !== this.#scansAtStart
    );
  }

  #compareAllContents(): Disagreement | undefined {
    const { slotCount } = this.#options;
    for (let pageIndex = 0; pageIndex < slotCount; pageIndex += MOST_REQUEST_PAGES) {
      const difference = this.#compareContents(pageIndex, Math.min(MOST_REQUEST_PAGES, slotCount - pageIndex));
      if (difference !== undefined) return difference;
    }
    return undefined;
  }

  #compareContents(pageIndex: number, pageCount: number): Disagreement | undefined {
    const kernelPages = this.#kernelPages.subarray(0, pageCount * PAGE_BYTES);
    const simulatorPages = this.#simulatorPages.subarray(0, pageCount * PAGE_BYTES);
    const difference = this.#onBoth((side) =>
      side.read(pageIndex * PAGE_BYTES, side === this.#kernel ? kernelPages : simulatorPages),
    );
    if (difference !== undefined) return difference;
    this.#result.pagesCompared += pageCount;
    if (kernelPages.equals(simulatorPages)) return undefined;
    const byteIndex = kernelPages.findIndex((byte, i) => byte !== simulatorPages[i]);
    return { what: "contents", pageIndex: pageIndex + Math.floor(byteIndex / PAGE_BYTES) };
  }
}
