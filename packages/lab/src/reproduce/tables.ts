// All published tables that are known, in the order of their numbers: those that are reproduced, and why the others are not.

import { UsageError } from "../errors.ts";
import { largePageTable, syntheticTable } from "./chain-rule-proposal.ts";
import { compactionTable } from "./compaction-rework.ts";
import { kernelBuildTable } from "./kernel-build.ts";
import { classListTable, clustersTable } from "./kernel-document.ts";
import type { PublishedTable } from "./reproduction.ts";
import { truncationTable } from "./truncation.ts";
import { zramModelTable } from "./zram-model.ts";
import { zblockComparison, zswapTable } from "./zswap-backends.ts";

export const PUBLISHED_TABLES: readonly PublishedTable[] = [
  clustersTable,
  classListTable,
  kernelBuildTable,
  syntheticTable,
  largePageTable,
  truncationTable,
  compactionTable,
  zswapTable,
  zblockComparison,
  zramModelTable,
];

/** A table of the list that is not reproduced. */
export interface UnreproducedTable {
  readonly id: string;
  readonly title: string;
  readonly reason: string;
}

export const UNREPRODUCED_TABLES: readonly UnreproducedTable[] = [
  { id: "T6", title: "(none)", reason: "the number is not used: the list of tables has no T6" },
  { id: "T8", title: "(none)", reason: "the number is not used: the list of tables has no T8" },
  {
    id: "T13",
    title: "larger compression units (Barry Song, 2024)",
    reason: "its pages are not public, and half of its figures are times of another machine",
  },
  {
    id: "T14",
    title: "incompressible pages in zswap as they are (SeongJae Park, 2025)",
    reason:
      "its figures are speeds of a whole system, which their author calls rough; nothing of an allocator is in them",
  },
  {
    id: "T15",
    title: "compressors of zram as users quote them",
    reason: "its data are not public, and its latencies are those of another machine",
  },
];

export interface TableSelection {
  readonly reproduced: readonly PublishedTable[];
  readonly unreproduced: readonly UnreproducedTable[];
}

/** The tables named ("T4", "t4"); all if none are. Throws a `UsageError` for a name that isn't in the list. */
export function selectTables(names: readonly string[]): TableSelection {
  if (names.length === 0) return { reproduced: PUBLISHED_TABLES, unreproduced: UNREPRODUCED_TABLES };
  const wanted = new Set(names.map((name) => name.toUpperCase()));
  const known = [...PUBLISHED_TABLES, ...UNREPRODUCED_TABLES].map(({ id }) => id);
  for (const id of wanted) {
    if (!known.includes(id)) throw new UsageError(`there is no published table "${id}"; there are T1 to T15`);
  }
  return {
    reproduced: PUBLISHED_TABLES.filter(({ id }) => wanted.has(id)),
    unreproduced: UNREPRODUCED_TABLES.filter(({ id }) => wanted.has(id)),
  };
}
