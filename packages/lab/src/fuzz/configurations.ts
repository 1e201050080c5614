// Random configurations: machines of all kinds, pools with all options that a driver has.

import {
  type MachineOptions,
  NO_WATERMARKS,
  type Prng,
  type ZoneOptions,
  arm64_16k,
  largePages,
  x86_32,
  x86_64,
} from "@zlab/hw-sim";
import type { PoolOptions } from "@zlab/zpool";

const KIB = 1024;
const MIB = 1024 * KIB;

/** One of several things, all equally likely. */
export function oneOf<T>(prng: Prng, items: readonly T[]): T {
  return items[prng.below(items.length)]!;
}

/** A machine: mostly a small one of odd zones, sometimes one as sold. A quarter of them has no bytes. */
export function drawMachine(prng: Prng): MachineOptions {
  const machine = prng.below(100) < 15 ? drawPreset(prng) : drawZones(prng);
  return {
    ...machine,
    cpus: 1 + prng.below(4),
    forceKmap: prng.below(2) === 0,
    seed: prng.below(2 ** 31),
    ...(prng.below(4) === 0 ? { backing: "size-only" as const } : {}),
  };
}

/** The kernel's own watermarks are in force here; on the 32-bit machine a part of memory is HIGHMEM. */
function drawPreset(prng: Prng): MachineOptions {
  const dice = prng.below(16);
  if (dice === 0) return x86_32(900 * MIB);
  if (dice < 8) return x86_64((1 + prng.below(4)) * MIB);
  if (dice < 12) return arm64_16k((2 + prng.below(4)) * MIB);
  return largePages(64 * KIB, 8 * MIB);
}

function drawZones(prng: Prng): MachineOptions {
  const pageBytes = oneOf(prng, [4096, 4096, 4096, 4096, 16384, 65536]);
  const pages = Math.floor(oneOf(prng, [48, 96, 192, 384]) / (pageBytes === 65536 ? 2 : 1)) + prng.below(17);
  const kinds = oneOf(prng, [
    ["NORMAL"],
    ["NORMAL", "HIGHMEM"],
    ["DMA32", "NORMAL"],
    ["DMA32", "NORMAL", "HIGHMEM"],
  ] as const);
  const zones = kinds.map((kind, i): ZoneOptions => {
    const share = i === 0 && kinds.length > 1 ? 4 : kinds.length;
    return { kind, pages: Math.max(8, Math.floor(pages / share)), watermarks: drawWatermarks(prng) };
  });
  return { pageBytes, zones };
}

function drawWatermarks(prng: Prng): NonNullable<ZoneOptions["watermarks"]> {
  if (prng.below(2) === 0) return NO_WATERMARKS;
  const minPages = prng.below(4);
  return { minPages, lowPages: minPages + prng.below(3), highPages: minPages + 4 };
}

type DrawOptions = (prng: Prng, machine: MachineOptions) => PoolOptions;

/** What each driver's pools can be made with, by its type; other drivers get no options. */
const OPTIONS: Readonly<Record<string, DrawOptions>> = {
  zsmalloc: drawZsmalloc,
  kmalloc: (prng) => ({
    cpus: oneOf(prng, [1, 2, 4, 64]),
    randomizeFreelist: prng.below(2) === 0,
    seed: prng.below(1000),
    fallback: prng.below(4) !== 0,
  }),
  zblock: (prng) => ({ table: oneOf(prng, ["v4", "v4", "early"]) }),
};

function drawZsmalloc(prng: Prng, { pageBytes, backing }: MachineOptions): PoolOptions {
  const era = oneOf(prng, ["linux-6.12", "linux-6.12", "linux-4.x", "linux-3.10", "rfc-2026"]);
  const isOld = era === "linux-3.10";
  const sometimes = <T>(percent: number, options: T): T | object => (prng.below(100) < percent ? options : {});
  return {
    era,
    ...(isOld ? {} : { chainSize: 4 + prng.below(13) }),
    ...(isOld ? {} : sometimes(30, { compaction: oneOf(prng, ["linux-6.12", "before-2023", "ideal"]) })),
    ...sometimes(15, { classDelta: 16 * (1 + prng.below(pageBytes / 256)) }),
    ...sometimes(15, { fullness: oneOf(prng, ["tenths", "quarters"]) }),
    ...sometimes(30, { mapping: "page-table" }),
    ...(backing === "size-only" ? {} : sometimes(30, { layout: "in-page" })),
  };
}

/** Options of a pool of the driver called `type`. */
export function drawOptions(type: string, prng: Prng, machine: MachineOptions): PoolOptions {
  return OPTIONS[type]?.(prng, machine) ?? {};
}

/** A machine on one line: "4 KiB pages, NORMAL 96 + HIGHMEM 96, 2 CPUs, size-only". */
export function describeMachine({ pageBytes, zones, cpus = 1, backing, forceKmap }: MachineOptions): string {
  const zoneText = zones.map(({ kind, pages, watermarks }) => {
    const marks = watermarks === undefined ? "" : ` (watermark ${watermarks.minPages})`;
    return `${kind} ${pages}${marks}`;
  });
  const extras = [forceKmap === true ? ", kmap forced" : "", backing === "size-only" ? ", size-only" : ""].join("");
  return `${pageBytes / KIB} KiB pages, ${zoneText.join(" + ")}, ${cpus} CPU${cpus === 1 ? "" : "s"}${extras}`;
}
