// Finds what pages compress to, with several threads. The program's own thread is one of them; between its chunks it hands on what is
// ready, in the order of the pages, so that the result doesn't depend on which thread was faster.

import type { Codec } from "@zlab/codecs";
import type { PageSet } from "../pages/page-set.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import { Crew } from "./crew.ts";
import { PageSizer } from "./page-sizer.ts";
import { SizeTable } from "./size-table.ts";
import { type SizingOrder, errorOf } from "./worker-protocol.ts";

export interface SizingTask {
  readonly pages: PageSet;
  /** How many of the pages are wanted, from the first on. */
  readonly pageCount: number;
  /** Items of `--codec`, and the codecs that they mean. */
  readonly codecItems: readonly string[];
  readonly codecs: readonly Codec[];
  readonly cwd: string;
  /** Threads that compress, at least 1. */
  readonly jobs: number;
  /** Is told each run of pages, in order, as soon as their sizes are in the table. */
  readonly onSized?: (sizes: SizeTable, firstPage: number, endPage: number) => void;
}

type Outcome = "done" | Error;

/** The sizes of the pages. Throws the error of the first page that can't be read or compressed. */
export async function sizePages(task: SizingTask): Promise<SizeTable> {
  const { pages, pageCount, codecs, jobs } = task;
  const sizes = new SizeTable(pageCount, codecs.length);
  const chunks = new ChunkQueue(pageCount, pages.pageBytes);
  const outcomes = new Map<number, Outcome>();
  const finish = (chunk: number, outcome: Outcome): void => {
    if (outcome !== "done") chunks.close();
    outcomes.set(chunk, outcome);
  };
  await using crew = startCrew(task, Math.max(0, Math.min(jobs, chunks.chunkCount) - 1), sizes, chunks, finish);
  const sizer = new PageSizer(pages, codecs, sizes);
  for (let next = 0; next < chunks.chunkCount;) {
    const outcome = outcomes.get(next);
    if (outcome === "done") {
      outcomes.delete(next);
      task.onSized?.(sizes, chunks.firstPageOf(next), chunks.endOf(next));
      next++;
    } else if (outcome !== undefined) {
      throw outcome;
    } else {
      const chunk = chunks.take();
      if (chunk === undefined) await crew.wait();
      else {
        finish(chunk, attempt(sizer, chunks, chunk));
        await crew.catchUp();
      }
    }
  }
  return sizes;
}

function startCrew(
  { pages, codecItems, cwd }: SizingTask,
  workerCount: number,
  sizes: SizeTable,
  chunks: ChunkQueue,
  finish: (chunk: number, outcome: Outcome) => void,
): Crew {
  const order = (): SizingOrder => ({
    pages: pages.share(),
    codecs: codecItems,
    cwd,
    pageCount: sizes.pageCount,
    sizes: sizes.shared,
    chunks: chunks.shared,
  });
  return new Crew(workerCount, order, ({ chunk, failure }) => {
    finish(chunk!, failure === undefined ? "done" : errorOf(failure));
  });
}

function attempt(sizer: PageSizer, chunks: ChunkQueue, chunk: number): Outcome {
  try {
    sizer.size(chunks.firstPageOf(chunk), chunks.endOf(chunk));
    return "done";
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
