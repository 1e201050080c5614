// Figures that others published about zsmalloc, as they stand in their sources; docs/published-tables.md says where. They are
// in the program only here. Numbers that were worked out from a source, and do not stand in it, are said to be so.

/** T1: chain size, clusters and watermark in the kernel's zsmalloc document; and, not from there, the clusters of the rule since
 * 6.3 (the document's are those of the rule before). */
export const clustersByChain: readonly (readonly [number, number, number, number])[] = [
  [4, 69, 3264, 69],
  [5, 86, 3408, 86],
  [6, 93, 3504, 94],
  [7, 112, 3584, 110],
  [8, 123, 3632, 119],
  [9, 140, 3680, 136],
  [10, 143, 3712, 141],
  [11, 159, 3744, 153],
  [12, 164, 3776, 159],
  [13, 180, 3792, 173],
  [14, 183, 3808, 179],
  [15, 188, 3840, 186],
  [16, 191, 3840, 192],
];

type Listing = readonly (readonly [index: number, sizeBytes: number, pagesPerZspage: number])[];

const chain4: Listing = [
  [94, 1536, 3],
  [100, 1632, 2],
  [202, 3264, 4],
  [254, 4096, 1],
];

const chain8: Listing = [
  [202, 3264, 4],
  [211, 3408, 5],
  [217, 3504, 6],
  [222, 3584, 7],
  [225, 3632, 8],
  [254, 4096, 1],
];

/** The rows below and above the one in which the two rules differ. */
const chain16Before: Listing = [
  [202, 3264, 4],
  [206, 3328, 13],
  [207, 3344, 9],
  [208, 3360, 14],
  [211, 3408, 5],
];
const chain16After: Listing = [
  [214, 3456, 11],
  [217, 3504, 6],
  [219, 3536, 13],
  [222, 3584, 7],
  [223, 3600, 15],
  [225, 3632, 8],
  [228, 3680, 9],
  [230, 3712, 10],
  [232, 3744, 11],
  [234, 3776, 12],
  [235, 3792, 13],
  [236, 3808, 14],
  [238, 3840, 15],
  [254, 4096, 1],
];

/** T2: classes listed in the kernel's zsmalloc document. Its one list for chain 16 is that of the first rule here; of the other
 * rule one row differs. */
export const classListings: readonly (readonly [rule: string, chainSize: number, rows: Listing])[] = [
  ["used-percent", 4, chain4],
  ["min-waste", 4, chain4],
  ["used-percent", 8, chain8],
  ["min-waste", 8, chain8],
  ["used-percent", 16, [...chain16Before, [212, 3424, 16], ...chain16After]],
  ["min-waste", 16, [...chain16Before, [213, 3440, 16], ...chain16After]],
];

/** T12: request, slot, pages and objects of a zspage, and the bytes of pages per object; 4 KiB pages, chain 8. */
export const classCost: readonly (readonly [number, number, number, number, number])[] = [
  [100, 112, 7, 256, 112],
  [111, 128, 1, 32, 128],
  [1024, 1056, 8, 31, 1057],
  [2048, 2176, 8, 15, 2184.5],
  [3255, 3264, 4, 5, 3276.8],
  [3624, 3632, 8, 9, 3640.9],
  [3625, 4096, 1, 1, 4096],
];

/** T12: from how many bytes a request takes a whole page, at chain 8. */
export const HUGE_CLASS_SIZE_BYTES = 3625;

/** T2: bytes left over in a zspage of 1, 2, … pages, and the share of used bytes in whole per cents. */
export const chainWaste: readonly {
  readonly slotBytes: number;
  readonly wasteBytes: readonly number[];
  readonly usedPercent: readonly number[];
}[] = [
  { slotBytes: 1568, wasteBytes: [960, 352, 1312, 704, 96], usedPercent: [76, 95, 89, 95, 99] },
  { slotBytes: 208, wasteBytes: [144, 80, 16, 160], usedPercent: [96, 99, 99, 99] },
];

/** T2: pages of a zspage of 208-byte slots at chain 4, before and since the change of the rule. */
export const CHAIN_OF_208 = { "used-percent": 2, "min-waste": 3 } as const;

/** A class in a statistics file: slot size, slots, objects in them, pages, pages of a zspage, pages that compaction can free. */
export type StatisticsRow = readonly [
  slotBytes: number,
  allocated: number,
  used: number,
  pages: number,
  pagesPerZspage: number,
  freeable: number,
];

/** T2: sample rows of the statistics file in the document. */
export const sampleRows: readonly StatisticsRow[] = [
  [512, 3464, 3346, 433, 1, 14],
  [528, 4154, 3793, 536, 4, 44],
  [544, 4170, 3965, 556, 2, 26],
];

/** T7: the column of freeable pages in 2016, chain 4. */
export const rowsOf2016: readonly StatisticsRow[] = [
  [224, 146, 5, 8, 4, 4],
  [256, 1840, 1672, 115, 1, 10],
  [816, 745, 735, 149, 1, 2],
  [848, 361, 306, 76, 4, 8],
  [864, 378, 268, 81, 3, 21],
  [896, 117, 57, 26, 2, 12],
  [1744, 196, 76, 84, 3, 51],
  [1808, 63, 63, 28, 4, 0],
  [2048, 568, 408, 284, 1, 80],
  [2336, 8631, 5747, 4932, 4, 1648],
  [2448, 10090, 8736, 6054, 3, 810],
  [2720, 15738, 14926, 10492, 2, 540],
  [3072, 136, 130, 102, 3, 3],
];

/** T3: artefacts of a kernel build on zram with chains of 4 and of 8. */
export const kernelBuild = {
  chain4: { objects: 412973, pages: 159955, memUsedBytes: 655175680, hugePages: 34048 },
  chain8: { objects: 412978, pages: 156666, memUsedBytes: 641703936, hugePages: 33591 },
} as const;

/** T4: the workload of the proposal of January 2026, 1,337 objects of each size from 32 to 4,080 bytes in steps of 16, has so many
 * objects and bytes. */
export const SYNTHETIC_OBJECTS = 339598;
export const SYNTHETIC_BYTES = 698213488;

/** T4: what it takes under the rule since 6.3 and the proposed one. The rows of chain 8 were worked out, not published. */
export const syntheticWorkload: readonly (readonly [
  rule: "min-waste" | "rfc-2026",
  chainSize: number,
  poolPages: number,
  usedPermille: number,
  spanningObjects: number,
  copiedBytes: number,
])[] = [
  ["min-waste", 10, 175111, 973, 110377, 278318624],
  ["rfc-2026", 10, 175920, 968, 103256, 265378608],
  ["min-waste", 8, 176136, 967, 100864, 250658192],
  ["rfc-2026", 8, 176803, 964, 95997, 243781120],
];

/** T5: 16 KiB pages, chain 8: step between classes, need with its header, slot, pages and objects of a zspage, bytes left over at its
 * end, and bytes lost to the merging of classes. */
export const largePageClasses: readonly (readonly [number, number, number, number, number, number, number])[] = [
  [64, 1072, 1120, 8, 117, 32, 5616],
  [64, 1088, 1120, 8, 117, 32, 3744],
  [64, 1104, 1120, 8, 117, 32, 1872],
  [64, 1120, 1120, 8, 117, 32, 0],
  [16, 1072, 1072, 4, 61, 144, 0],
  [16, 1088, 1088, 1, 15, 64, 0],
  [16, 1104, 1104, 6, 89, 48, 0],
  [16, 1120, 1120, 8, 117, 32, 0],
];

/** T5: nominal sizes, classes and threshold of whole pages there. */
export const largePagePlan = { indexCount: 257, classCount: 121, hugeClassSizeBytes: 14553 } as const;

/** T7: bytes of the pool after each step, with chains of up to 4 and up to 16 pages. */
export const truncation: readonly { readonly step: string; readonly chain4: number; readonly chain16: number }[] = [
  { step: "full", chain4: 1016832000, chain16: 968470528 },
  { step: "binaries cut in half", chain4: 715878400, chain16: 744165376 },
  { step: "texts cut in half", chain4: 388759552, chain16: 417140736 },
  { step: "all removed", chain4: 6467584, chain16: 6754304 },
];

/** T9: objects copied by a compaction, before and after each half of the rework of 2023. */
export const compactionRework = { oldGroupsOld: 323977, oldGroupsNew: 262944, newGroupsNew: 213978 } as const;

/** T10: largest pool of each backend under zswap, bytes. */
export const zswapPools = { zsmalloc: 1137659904, zbud: 1535741952, z3fold: 1151303680 } as const;

/** T11: kilobytes swapped out and what they took. */
export const zblockBuild = {
  zblock: { poolKilobytes: 162328, storedKilobytes: 754468 },
  zsmalloc: { poolKilobytes: 175704, storedKilobytes: 778692 },
} as const;

/** T11: block types as order and slots; with a header of 40 bytes the slots have these sizes. */
export const zblockTable: readonly (readonly [order: number, slots: number, slotBytes: number])[] = (
  "0:63:64 0:32:120 0:21:192 0:15:264 0:12:336 0:10:400 0:9:448 0:8:504 2:29:560 1:13:624 0:6:672 1:11:736 0:5:808 " +
  "1:9:904 1:8:1016 3:29:1128 2:13:1256 2:12:1360 2:11:1480 2:10:1632 2:9:1816 3:17:1920 2:8:2040 3:15:2176 3:14:2336 " +
  "3:13:2512 2:6:2720 3:11:2968 3:10:3272 3:9:3632 2:4:4080"
)
  .split(" ")
  .map((row) => row.split(":").map(Number) as [number, number, number]);
