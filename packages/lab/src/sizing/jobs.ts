// How many threads compress.

import { availableParallelism } from "node:os";
import type { PageSet } from "../pages/page-set.ts";

/** Inputs below this are done before another thread has started. */
const SMALL_BYTES = 32 * 2 ** 20;

/** Threads for the first `pageCount` pages of a set, if the user doesn't say: one for each processor, or one alone for small inputs. */
export function defaultJobs({ pageBytes }: PageSet, pageCount: number): number {
  return pageCount * pageBytes < SMALL_BYTES ? 1 : availableParallelism();
}
