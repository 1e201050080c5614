// Machines ready to use.

import type { MachineOptions, ZoneOptions } from "./machine-options.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** x86-64: 4 KiB pages, the first 4 GiB DMA32, the rest NORMAL. */
export function x86_64(memoryBytes: number = GIB): MachineOptions {
  const pages = Math.floor(memoryBytes / 4096);
  const dma32Pages = Math.min(pages, (4 * GIB) / 4096);
  const zones: ZoneOptions[] = [{ kind: "DMA32", pages: dma32Pages }];
  if (pages > dma32Pages) zones.push({ kind: "NORMAL", pages: pages - dma32Pages });
  return { pageBytes: 4096, zones, cpus: 2 };
}

/** 32-bit x86: 4 KiB pages, 896 MiB permanently mapped, the rest HIGHMEM. */
export function x86_32(memoryBytes: number = 4 * GIB): MachineOptions {
  const pages = Math.floor(memoryBytes / 4096);
  const lowPages = Math.min(pages, (896 * MIB) / 4096);
  const zones: ZoneOptions[] = [{ kind: "NORMAL", pages: lowPages }];
  if (pages > lowPages) zones.push({ kind: "HIGHMEM", pages: pages - lowPages });
  return { pageBytes: 4096, zones, cpus: 2 };
}

/** arm64 with 16 KiB pages. */
export function arm64_16k(memoryBytes: number = GIB): MachineOptions {
  return largePages(16 * KIB, memoryBytes);
}

/** A machine with any supported page size and one zone of memory; 64 KiB is what arm64 and ppc64 servers use. */
export function largePages(pageBytes: number, memoryBytes: number = GIB): MachineOptions {
  return { pageBytes, zones: [{ kind: "NORMAL", pages: Math.floor(memoryBytes / pageBytes) }], cpus: 2 };
}
