// What the campaign found, reader by reader.

import type { InputResult } from "./campaign-thread.ts";

/** The results of one reader. */
export interface ReaderSummary {
  readonly reader: string;
  readonly inputs: number;
  readonly accepted: number;
  readonly refused: number;
  readonly failed: number;
  readonly slowestMs: number;
  /** Most resident bytes that an input took. */
  readonly largestBytes: number;
}

export class Tally {
  /** Inputs so far. */
  count = 0;
  readonly failures: InputResult[] = [];
  readonly #byReader: Map<string, ReaderSummary>;

  constructor(readers: readonly string[]) {
    this.#byReader = new Map(readers.map((reader) => [reader, empty(reader)]));
  }

  add(result: InputResult): void {
    const { reader, verdict, ms, extraBytes } = result;
    const before = this.#byReader.get(reader)!;
    this.count++;
    if (verdict === "failed") this.failures.push(result);
    this.#byReader.set(reader, {
      ...before,
      inputs: before.inputs + 1,
      [verdict]: before[verdict] + 1,
      slowestMs: Math.max(before.slowestMs, ms),
      largestBytes: Math.max(before.largestBytes, extraBytes),
    });
  }

  /** One per reader, and one for all. */
  summaries(): ReaderSummary[] {
    const summaries = Array.from(this.#byReader.values());
    const total = empty("all");
    return [...summaries, summaries.reduce(added, total)];
  }
}

function empty(reader: string): ReaderSummary {
  return { reader, inputs: 0, accepted: 0, refused: 0, failed: 0, slowestMs: 0, largestBytes: 0 };
}

function added(total: ReaderSummary, { reader: _reader, ...one }: ReaderSummary): ReaderSummary {
  return {
    reader: total.reader,
    inputs: total.inputs + one.inputs,
    accepted: total.accepted + one.accepted,
    refused: total.refused + one.refused,
    failed: total.failed + one.failed,
    slowestMs: Math.max(total.slowestMs, one.slowestMs),
    largestBytes: Math.max(total.largestBytes, one.largestBytes),
  };
}
