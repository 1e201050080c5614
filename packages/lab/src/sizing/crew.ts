// The threads that compress beside the program, and what has come from them.

import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { UsageError, messageOf } from "../errors.ts";
import { type ChunkReport, type SizingOrder, errorOf } from "./worker-protocol.ts";

/** The worker's module is beside this one, in TypeScript or compiled as this one is. */
const WORKER = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);

export class Crew implements AsyncDisposable {
  readonly #workers: readonly Worker[];
  readonly #onReport: (report: ChunkReport) => void;
  #runningCount: number;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** Starts the threads. `onReport` is told of each chunk while the program waits or has nothing to do. */
  constructor(workerCount: number, order: () => SizingOrder, onReport: (report: ChunkReport) => void) {
    this.#onReport = onReport;
    this.#runningCount = workerCount;
    const workerData = workerCount === 0 ? undefined : order();
    this.#workers = Array.from({ length: workerCount }, () => this.#start(workerData!));
  }

  /** Lets the messages in that have come meanwhile. Throws if a thread has failed. */
  async catchUp(): Promise<void> {
    if (this.#workers.length > 0) await new Promise(setImmediate);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Waits until there is something new. Throws if a thread has failed, or if none is left to wait for. */
  async wait(): Promise<void> {
    if (this.#runningCount === 0)
      this.#fail(new UsageError("a thread ended before its work was done; see the codec's module"));
    if (this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends the threads, whatever they are doing. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #start(workerData: SizingOrder): Worker {
    const worker = new Worker(WORKER, { workerData });
    worker.on("message", (report: ChunkReport) => {
      if (report.chunk === undefined) this.#fail(errorOf(report.failure!));
      else this.#onReport(report);
      this.#wake?.();
    });
    // What a codec's module leaves behind, such as a timer that throws.
    worker.on("error", (error) => this.#fail(new UsageError(`uncaught: ${messageOf(error)}`)));
    worker.on("exit", () => {
      this.#runningCount--;
      this.#wake?.();
    });
    return worker;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }
}
