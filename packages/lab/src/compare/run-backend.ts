// One backend through all phases of the comparison, on a machine of its own.

import { type MachineOptions, ZlabError } from "@zlab/hw-sim";
import type { Zpool } from "@zlab/zpool";
import { type BackendVariant, createPool } from "../compose.ts";
import { type Checkpoint, Interrupted, messageOf } from "../errors.ts";
import type { CompressedPages } from "../pages/compressed-pages.ts";
import { churn } from "./churn.ts";
import { type FailureDetails, RunFailure } from "./run-failure.ts";
import { StoredObjects } from "./stored-objects.ts";
import { NO_TIMINGS, type Timings, measure } from "./timing.ts";
import { verify } from "./verify.ts";

/** What was measured; every phase was verified. */
interface RunResult extends Phases, Timings {}

interface Phases {
  readonly objectsStored: number;
  /** Objects that the pool would not take. */
  readonly objectsRefused: number;
  /** Sum of the stored objects' lengths. */
  readonly bytesStored: number;
  readonly poolPages: number;
  readonly spanningObjects: number;
  readonly pagesAfterChurn: number;
  /** Null if the backend can't compact. */
  readonly pagesAfterCompaction: number | null;
}

export type RunOutcome =
  | { readonly status: "ok"; readonly result: RunResult }
  | { readonly status: "failed"; readonly failure: FailureDetails }
  | { readonly status: "unavailable"; readonly reason: string };

export interface RunParameters {
  readonly machineOptions: MachineOptions;
  /** Seed of the churn phase. */
  readonly seed: number;
  /** Whether speeds are measured. */
  readonly times: boolean;
  /** Whether the backends have not run in this process before. */
  readonly isFirst: boolean;
  /** Called between steps. */
  readonly checkpoint: Checkpoint;
}

/** Runs one backend over one set of compressed pages. Whatever the backend does wrong becomes the outcome; nothing is
 * thrown but what `checkpoint` throws. */
export function runBackend(
  variant: BackendVariant,
  compressed: CompressedPages,
  parameters: RunParameters,
): RunOutcome {
  const run = new BackendRun(variant, compressed, parameters);
  try {
    return { status: "ok", result: { ...run.phases(), ...(parameters.times ? run.timings() : NO_TIMINGS) } };
  } catch (error) {
    if (error instanceof Interrupted) throw error;
    if (error instanceof RunFailure) return { status: "failed", failure: error.details };
    if (ZlabError.is(error, "ZLAB_POOL_OPTIONS")) return { status: "unavailable", reason: messageOf(error) };
    return { status: "failed", failure: { stage: run.stage, message: describeThrown(error) } };
  }
}

class BackendRun {
  /** What is being done, for messages. */
  stage = "creating the pool";
  readonly #variant: BackendVariant;
  readonly #compressed: CompressedPages;
  readonly #parameters: RunParameters;
  #pools: ReturnType<typeof createPool> | undefined;

  constructor(variant: BackendVariant, compressed: CompressedPages, parameters: RunParameters) {
    this.#variant = variant;
    this.#compressed = compressed;
    this.#parameters = parameters;
  }

  /** Store, churn, compact and free, each followed by a verification of all that is stored. */
  phases(): Phases {
    const { machine, createZpool } = (this.#pools = createPool(this.#variant, this.#parameters.machineOptions));
    const freePagesBefore = machine.freePageCount();
    const pool = createZpool();
    const stored = new StoredObjects(pool.backend, this.#compressed.objects);
    const afterStore = { ...this.#store(stored), ...this.#poolSize(pool) };
    this.#verify(stored, "store");

    this.stage = "churn";
    churn(stored, this.#parameters.seed);
    const pagesAfterChurn = pool.totalPages();
    this.#verify(stored, "churn");

    this.stage = "compaction";
    if (pool.capabilities.compact) pool.compact();
    const pagesAfterCompaction = pool.capabilities.compact ? pool.totalPages() : null;
    this.#verify(stored, "compaction");

    this.#empty(stored, pool);
    const missingPages = freePagesBefore - machine.freePageCount();
    if (missingPages !== 0) {
      throw new RunFailure({ stage: this.stage, message: `${missingPages} pages did not come back to the machine` });
    }
    return { ...afterStore, pagesAfterChurn, pagesAfterCompaction };
  }

  /** Measures a second pool on the machine that the phases left as they found it. */
  timings(): Timings {
    this.stage = "measuring";
    const { objects, pageSet } = this.#compressed;
    return measure(this.#pools!.createZpool().backend, objects, pageSet.pageBytes, this.#parameters.isFirst);
  }

  #store(stored: StoredObjects): { objectsStored: number; objectsRefused: number; bytesStored: number } {
    this.stage = "store";
    let objectsStored = 0;
    let bytesStored = 0;
    for (const [place, object] of stored.objects.entries()) {
      if (!stored.store(place, place)) continue;
      objectsStored++;
      bytesStored += object.length;
    }
    return { objectsStored, objectsRefused: stored.placeCount - objectsStored, bytesStored };
  }

  #poolSize(pool: Zpool): { poolPages: number; spanningObjects: number } {
    return { poolPages: pool.totalPages(), spanningObjects: pool.stats().spanningObjects };
  }

  #verify(stored: StoredObjects, phase: string): void {
    this.stage = `verification after ${phase}`;
    verify(stored, this.#compressed, this.stage, this.#parameters.checkpoint);
    stored.pool.check(3);
  }

  #empty(stored: StoredObjects, pool: Zpool): void {
    this.stage = "free";
    for (let place = 0; place < stored.placeCount; place++) if (stored.isStored(place)) stored.free(place);
    pool.check(3);
    pool.destroy();
  }
}

/** An exception of a backend in one line: ZpoolErrors speak for themselves, others are named by their class. */
function describeThrown(error: unknown): string {
  if (ZlabError.is(error)) return messageOf(error);
  return `${error instanceof Error ? error.name : "thrown"}: ${messageOf(error)}`;
}
