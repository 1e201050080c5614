// zsmalloc as it was in several kernels. An era is a set of policies; the engine knows policies only, never a version.

import { type PoolOptions, ZPoolError } from "@zlab/zpool";
import { CHAIN_RULES, type ChainRule } from "./chain-rules.ts";
import { COMPACTIONS, type Compaction } from "./compact.ts";
import { FULLNESS_BANDS, type FullnessBands, type FullnessName } from "./fullness.ts";
import { type SizeClassPlan, planSizeClasses } from "./size-classes.ts";

export type EraName = "linux-6.12" | "rfc-2026" | "linux-4.x" | "linux-3.10";

export interface Era {
  readonly name: EraName;
  /** Which versions, and what is typical of them. */
  readonly description: string;
  readonly rule: ChainRule;
  readonly defaultChainSize: number;
  /** Smallest and largest chain that the kernel can be built with. */
  readonly chainSizes: readonly [number, number];
  readonly merge: boolean;
  readonly headerBytes: number;
  readonly fullness: FullnessName;
  /** In which order objects are moved; nowhere if handles are direct. */
  readonly compaction: Compaction;
  /** `indirect`: a handle names a cell that holds the object's place, so objects can move. `direct`: it encodes the place. */
  readonly handles: "indirect" | "direct";
  /** Bytes at the start of a slot that malloc fills with POISON_BYTE. */
  readonly poisonBytes: number;
}

/** What 3.10 writes over the free-list link of a slot that it hands out. */
export const POISON_BYTE = 0x5a;

const LINUX_6_12: Era = {
  name: "linux-6.12",
  description: "6.4 to 6.18: chains of 4 to 16 pages chosen by least waste, eleven fullness groups, compaction",
  rule: "min-waste",
  defaultChainSize: 8,
  chainSizes: [4, 16],
  merge: true,
  headerBytes: 8,
  fullness: "tenths",
  compaction: "linux-6.12",
  handles: "indirect",
  poisonBytes: 0,
};

export const ERAS: Readonly<Record<EraName, Era>> = {
  "linux-6.12": LINUX_6_12,
  "rfc-2026": {
    ...LINUX_6_12,
    name: "rfc-2026",
    description: "proposed in January 2026, not merged: longer chains only for a real gain, classes 16 bytes apart",
    rule: "rfc-2026",
  },
  "linux-4.x": {
    name: "linux-4.x",
    description: "4.2 to 6.2: chains chosen by used per cent, four fullness groups, compaction",
    rule: "used-percent",
    defaultChainSize: 4,
    chainSizes: [4, 16],
    merge: true,
    headerBytes: 8,
    fullness: "quarters",
    compaction: "before-2023",
    handles: "indirect",
    poisonBytes: 0,
  },
  "linux-3.10": {
    name: "linux-3.10",
    description: "2013, drivers/staging: handles encode the place, no merging, no compaction",
    rule: "used-percent",
    defaultChainSize: 4,
    chainSizes: [4, 4],
    merge: false,
    headerBytes: 0,
    fullness: "quarters",
    compaction: "before-2023",
    handles: "direct",
    poisonBytes: 8,
  },
};

/** Where slot headers and free-list links are kept: beside the pages only, or written into them too. */
export type Layout = "side" | "in-page";
/** How an object that spans two pages is mapped: through the CPU's copy buffer, or by mapping both pages side by side. */
export type MappingMethod = "copy" | "page-table";

/** Options of a zsmalloc pool, resolved. */
export interface ZsmallocConfig {
  readonly era: Era;
  readonly plan: SizeClassPlan;
  readonly bands: FullnessBands;
  readonly compaction: Compaction;
  readonly layout: Layout;
  readonly mapping: MappingMethod;
}

const KNOWN = ["era", "chainSize", "rule", "classDelta", "fullness", "compaction", "layout", "mapping"] as const;

const FULLNESS_NAMES = Object.keys(FULLNESS_BANDS) as FullnessName[];

/** Checks pool options and works out what they mean on pages of `pageBytes`. Throws ZLAB_POOL_OPTIONS. */
export function resolveOptions(pageBytes: number, options: PoolOptions = {}): ZsmallocConfig {
  for (const key of Object.keys(options)) oneOf("option", key, KNOWN);
  const era = ERAS[oneOf("era", options["era"] ?? "linux-6.12", Object.keys(ERAS) as EraName[])];
  const rule = oneOf("rule", options["rule"] ?? era.rule, CHAIN_RULES);
  return {
    era,
    bands: FULLNESS_BANDS[oneOf("fullness", options["fullness"] ?? era.fullness, FULLNESS_NAMES)],
    compaction: compactionOf(era, options["compaction"]),
    layout: oneOf("layout", options["layout"] ?? "side", ["side", "in-page"] as const),
    mapping: oneOf("mapping", options["mapping"] ?? "copy", ["copy", "page-table"] as const),
    plan: planSizeClasses({
      pageBytes,
      chainSize: chainSizeOf(era, options["chainSize"]),
      rule,
      classDeltaBytes: classDeltaOf(pageBytes, rule, options["classDelta"]),
      merge: era.merge,
      headerBytes: era.headerBytes,
    }),
  };
}

function chainSizeOf(era: Era, value: unknown): number {
  const chainSize = value ?? era.defaultChainSize;
  const [least, most] = era.chainSizes;
  if (typeof chainSize === "number" && Number.isInteger(chainSize) && chainSize >= least && chainSize <= most) {
    return chainSize;
  }
  const allowed = least === most ? `${least}` : `${least} to ${most}`;
  throw new ZPoolError("ZLAB_POOL_OPTIONS", `chain size ${String(value)} is not possible: ${era.name} has ${allowed}`);
}

function compactionOf(era: Era, value: unknown): Compaction {
  if (value === undefined || era.handles === "indirect")
    return oneOf("compaction", value ?? era.compaction, COMPACTIONS);
  throw new ZPoolError("ZLAB_POOL_OPTIONS", `${era.name} has no compaction: its handles encode the places of objects`);
}

/** The proposal of 2026 keeps 16 bytes on every page size. */
function classDeltaOf(pageBytes: number, rule: ChainRule, value: unknown): number {
  const delta = value ?? (rule === "rfc-2026" ? 16 : pageBytes / 256);
  if (
    typeof delta === "number" &&
    Number.isInteger(delta) &&
    delta >= 16 &&
    delta <= pageBytes / 16 &&
    delta % 16 === 0
  ) {
    return delta;
  }
  throw new ZPoolError(
    "ZLAB_POOL_OPTIONS",
    `class delta ${String(value)} is not possible: use a multiple of 16 from 16 to ${pageBytes / 16} bytes`,
  );
}

function oneOf<T extends string>(what: string, value: unknown, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  if (found !== undefined) return found;
  throw new ZPoolError(
    "ZLAB_POOL_OPTIONS",
    `zsmalloc has no ${what} "${String(value)}"; there are: ${known.join(", ")}`,
  );
}
