// The result of a comparison, as `--json` prints it and as the tables are made from it.

import { cpus } from "node:os";
import type { BackendVariant } from "../compose.ts";
import type { CompressedPages } from "../pages/compressed-pages.ts";
import type { PageSet, PageSource } from "../pages/page-set.ts";
import type { FailureDetails } from "./run-failure.ts";
import type { RunOutcome } from "./run-backend.ts";

export interface Comparison {
  readonly input: InputSummary;
  /** Null unless times were measured: nothing else depends on it. */
  readonly environment: Environment | null;
  readonly seed: number;
  readonly chainSize: number;
  readonly codecs: readonly CodecSummary[];
  readonly runs: readonly Run[];
  readonly failedRuns: number;
  /** Present if the user ended it: `runs` has what was done until then. */
  readonly interrupted?: true;
}

export interface InputSummary {
  readonly pageBytes: number;
  readonly pages: number;
  readonly sources: readonly PageSource[];
}

export interface Environment {
  readonly cpu: string;
  readonly node: string;
  readonly platform: string;
}

export interface CodecSummary {
  readonly name: string;
  readonly description: string;
  /** Why lengths may differ from the kernel's here; null if they don't. */
  readonly deviation: string | null;
  readonly sameFilledPages: number;
  readonly rawPages: number;
  readonly objects: number;
  readonly objectBytes: number;
}

/** One backend under one codec. Numbers are null where there is nothing to tell. */
export interface Run {
  readonly codec: string;
  readonly backend: string;
  readonly status: RunOutcome["status"];
  readonly objectsStored: number | null;
  readonly objectsRefused: number | null;
  readonly bytesStored: number | null;
  readonly poolPages: number | null;
  readonly poolBytes: number | null;
  /** Stored bytes / pool bytes. */
  readonly density: number | null;
  /** Pool bytes beyond the stored bytes, as a part of the stored bytes. */
  readonly overhead: number | null;
  readonly spanningObjects: number | null;
  readonly pagesAfterChurn: number | null;
  readonly pagesAfterCompaction: number | null;
  readonly nsPerStore: number | null;
  readonly nsPerLoad: number | null;
  readonly nsPerFree: number | null;
  /** Why there is no result, if the backend isn't available for this input. */
  readonly reason: string | null;
  readonly failure: FailureDetails | null;
}

export function summariseInput({ pageBytes, pageCount, sources }: PageSet): InputSummary {
  return {
    pageBytes,
    pages: pageCount,
    sources: sources.map((source) => ({
      name: source.name,
      format: source.format,
      pageCount: source.pageCount,
      zeroFilledBytes: source.zeroFilledBytes,
    })),
  };
}

export function describeEnvironment(): Environment {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? "unknown";
  return {
    cpu: `${processors.length} x ${model}`,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}`,
  };
}

export function summariseCodec({ codec, objects, ...pages }: CompressedPages): CodecSummary {
  return {
    name: codec.name,
    description: codec.description,
    deviation: codec.deviation ?? null,
    sameFilledPages: pages.sameFilledCount,
    rawPages: pages.rawCount,
    objects: objects.length,
    objectBytes: pages.objectBytes,
  };
}

export function summariseRun(variant: BackendVariant, compressed: CompressedPages, outcome: RunOutcome): Run {
  const result = outcome.status === "ok" ? outcome.result : undefined;
  const poolBytes = result === undefined ? undefined : result.poolPages * compressed.pageSet.pageBytes;
  return {
    codec: compressed.codec.name,
    backend: variant.label,
    status: outcome.status,
    objectsStored: finite(result?.objectsStored),
    objectsRefused: finite(result?.objectsRefused),
    bytesStored: finite(result?.bytesStored),
    poolPages: finite(result?.poolPages),
    poolBytes: finite(poolBytes),
    density: finite(result && result.bytesStored / poolBytes!, 4),
    overhead: finite(result && poolBytes! / result.bytesStored - 1, 4),
    spanningObjects: finite(result?.spanningObjects),
    pagesAfterChurn: finite(result?.pagesAfterChurn),
    pagesAfterCompaction: finite(result?.pagesAfterCompaction),
    nsPerStore: finite(result?.nsPerStore, 1),
    nsPerLoad: finite(result?.nsPerLoad, 1),
    nsPerFree: finite(result?.nsPerFree, 1),
    reason: outcome.status === "unavailable" ? outcome.reason : null,
    failure: outcome.status === "failed" ? outcome.failure : null,
  };
}

/** The number, rounded; null if there is none, as with 0 / 0. */
function finite(value: number | null | undefined, decimals = 0): number | null {
  return Number.isFinite(value) ? Number(value!.toFixed(decimals)) : null;
}
