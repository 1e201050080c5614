// What a pool tells about itself: rows per class, the contract's totals, and the text of the kernel's statistics file,
// /sys/kernel/debug/zsmalloc/<pool>/classes, in the two layouts it has had. (Spec: zsmalloc 6.12, statistics file; the kernel's
// zsmalloc document of 2015.)

import type { PoolStats } from "@zlab/zpool";
import type { ZsPool } from "./zs-pool.ts";
import type { ClassId } from "./table-layout.ts";

/** One distinct class. */
export interface ClassRow {
  readonly classIndex: number;
  readonly sizeBytes: number;
  /** Zspages by fullness group, from the empty to the full. */
  readonly zspagesByGroup: readonly number[];
  /** Slots, free ones included. */
  readonly objectsAllocated: number;
  /** Live objects. */
  readonly objectsUsed: number;
  readonly pagesUsed: number;
  readonly pagesPerZspage: number;
  /** Pages that compaction could free. */
  readonly freeablePages: number;
}

export function classRows(pool: ZsPool): ClassRow[] {
  const { zspages } = pool;
  const groups = Array.from({ length: zspages.groupCount }, (_, group) => group);
  return zspages.classes.map((c) => ({
    classIndex: zspages.indexOf(c),
    sizeBytes: zspages.sizeBytesOf(c),
    zspagesByGroup: groups.map((group) => zspages.countOf(c, group)),
    objectsAllocated: pool.objectsAllocatedOf(c),
    objectsUsed: zspages.usedOf(c),
    pagesUsed: zspages.zspagesOf(c) * zspages.pagesOf(c),
    pagesPerZspage: zspages.pagesOf(c),
    freeablePages: pool.freeablePages(c),
  }));
}

/** Completes the pool's counters to the statistics of the contract. Counting spanning objects walks all zspages. */
export function poolStatistics(
  pool: ZsPool,
  counters: Omit<PoolStats, "objects" | "slotBytes" | "spanningObjects">,
): PoolStats {
  let objects = 0;
  let slotBytes = 0;
  let spanningObjects = 0;
  for (const c of pool.zspages.classes) {
    const used = pool.zspages.usedOf(c);
    objects += used;
    slotBytes += used * pool.zspages.sizeBytesOf(c);
    if (used > 0) spanningObjects += spanningObjectsOf(pool, c);
  }
  return { ...counters, objects, slotBytes, spanningObjects };
}

function spanningObjectsOf({ machine: { pageBytes }, zspages }: ZsPool, c: ClassId): number {
  const sizeBytes = zspages.sizeBytesOf(c);
  const slots: number[] = [];
  for (let slot = 0; slot < zspages.capacityOf(c); slot++) {
    if (((slot * sizeBytes) % pageBytes) + sizeBytes > pageBytes) slots.push(slot);
  }
  let spanning = 0;
  if (slots.length === 0) return spanning;
  zspages.forEach(c, (z) => {
    for (const slot of slots) if (zspages.isAllocated(zspages.slotAt(z, slot))) spanning++;
  });
  return spanning;
}

/** A column of the statistics file: its title, its width, and its value for a row; undefined leaves the total blank. */
interface Column {
  readonly title: string;
  readonly width: number;
  readonly valueOf: (row: ClassRow) => number;
  readonly summed: boolean;
}

/** The text of the statistics file: a line of titles, a line per distinct class, a blank line, a line of totals. */
export function formatClassesFile(pool: ZsPool): string {
  const rows = classRows(pool);
  const columns = pool.config.bands.groupCount === 4 ? columnsOf2015() : columnsOf612();
  const line = (cells: readonly string[]): string =>
    ` ${cells.map((cell, i) => cell.padStart(columns[i]!.width)).join(" ")}\n`;
  const total = (column: Column, i: number): string => {
    if (i === 0) return "Total";
    return column.summed ? String(rows.reduce((sum, row) => sum + column.valueOf(row), 0)) : "";
  };
  return [
    line(columns.map((column) => column.title)),
    ...rows.map((row) => line(columns.map((column) => String(column.valueOf(row))))),
    "\n",
    line(columns.map(total)),
  ].join("");
}

function columnsOf612(): Column[] {
  const groups = Array.from({ length: 11 }, (_, i) => ({
    title: bandTitle(i + 1),
    width: 9,
    valueOf: (row: ClassRow): number => row.zspagesByGroup[i + 1]!,
    summed: true,
  }));
  return [
    ...classAndSize(),
    ...groups,
    ...objectsAndPages(),
    { title: "freeable", width: 8, valueOf: (row) => row.freeablePages, summed: true },
  ];
}

/** "10%" to "90%", then "99%" for the nearly full and "100%" for the full. */
function bandTitle(group: number): string {
  if (group === 10) return "99%";
  return `${group === 11 ? 100 : group * 10}%`;
}

function columnsOf2015(): Column[] {
  return [
    ...classAndSize(),
    { title: "almost_full", width: 11, valueOf: (row) => row.zspagesByGroup[2]!, summed: true },
    { title: "almost_empty", width: 12, valueOf: (row) => row.zspagesByGroup[1]!, summed: true },
    ...objectsAndPages(),
  ];
}

function classAndSize(): Column[] {
  return [
    { title: "class", width: 5, valueOf: (row) => row.classIndex, summed: false },
    { title: "size", width: 5, valueOf: (row) => row.sizeBytes, summed: false },
  ];
}

function objectsAndPages(): Column[] {
  return [
    { title: "obj_allocated", width: 13, valueOf: (row) => row.objectsAllocated, summed: true },
    { title: "obj_used", width: 10, valueOf: (row) => row.objectsUsed, summed: true },
    { title: "pages_used", width: 10, valueOf: (row) => row.pagesUsed, summed: true },
    { title: "pages_per_zspage", width: 16, valueOf: (row) => row.pagesPerZspage, summed: false },
  ];
}
