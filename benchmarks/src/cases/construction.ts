// What it takes before anything is stored: importing the library, and making a pool.

import { performance } from "node:perf_hooks";
import type { CaseResult } from "../case-result.ts";

export interface ConstructionParameters {
  /** "import": the library's three packages. "pool": pools of zsmalloc from the registry. */
  readonly what: "import" | "pool";
  readonly samples: number;
}

/** Milliseconds: one sample for an import, since a process imports once; the first pool of the process apart from the others. */
export async function runConstructionCase({ what, samples }: ConstructionParameters): Promise<CaseResult> {
  const ms = what === "import" ? [await importMs()] : await poolMs(samples);
  return {
    samples: { ms: what === "import" ? ms : ms.slice(1) },
    facts: { first: ms[0]! },
    scavenges: 0,
    otherCollections: 0,
    rssBytes: process.memoryUsage.rss(),
  };
}

async function importMs(): Promise<number> {
  const start = performance.now();
  await Promise.all([import("@zlab/hw-sim"), import("@zlab/zpool"), import("@zlab/zsmalloc")]);
  return performance.now() - start;
}

async function poolMs(samples: number): Promise<number[]> {
  const { createPool, machineFor } = await import("@zlab/lab");
  const { variantOf } = await import("./pools.ts");
  const { createZpool } = createPool(variantOf("zsmalloc"), machineFor(4096, 0));
  return Array.from({ length: 1 + samples }, () => {
    const start = performance.now();
    const pool = createZpool();
    const ms = performance.now() - start;
    pool.destroy();
    return ms;
  });
}
