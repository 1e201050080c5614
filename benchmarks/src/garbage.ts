// Counts garbage collections. The entries of the performance timeline arrive one turn of the event loop after the collection, so
// reading the counts waits for that.

import { PerformanceObserver, constants } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";

/** Turns of the event loop after which an entry has certainly come, in ms. */
const DELIVERY_MS = 20;

export interface GarbageCounts {
  /** Collections of the young generation. */
  readonly scavenges: number;
  /** All others. */
  readonly otherCollections: number;
}

export class GarbageCounter implements Disposable {
  #scavenges = 0;
  #others = 0;
  readonly #observer: PerformanceObserver = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = (entry as { detail?: { kind?: number } }).detail?.kind;
      if (kind === constants.NODE_PERFORMANCE_GC_MINOR) this.#scavenges++;
      else this.#others++;
    }
  });

  constructor() {
    this.#observer.observe({ entryTypes: ["gc"] });
  }

  /** The collections since the counter was made or this was called last. */
  async take(): Promise<GarbageCounts> {
    await setTimeout(DELIVERY_MS);
    const counts = { scavenges: this.#scavenges, otherCollections: this.#others };
    this.#scavenges = 0;
    this.#others = 0;
    return counts;
  }

  [Symbol.dispose](): void {
    this.#observer.disconnect();
  }
}
