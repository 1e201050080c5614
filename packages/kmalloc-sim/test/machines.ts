// Machines for the tests: small, and without watermarks, so that the last page can be had.

import { Machine, type MachineOptions, NO_WATERMARKS, type Pfn, isErrno } from "@zlab/hw-sim";

/** One zone of `pages` pages. */
export function smallMachine(pages: number, options: Partial<MachineOptions> = {}): Machine {
  return new Machine({ pageBytes: 4096, zones: [{ kind: "NORMAL", pages, watermarks: NO_WATERMARKS }], ...options });
}

/** Takes all memory and gives every `stride`-th page back, so that no block of two pages is free. Returns what undoes it. */
export function fragment(machine: Machine, stride: number): () => void {
  const owner = machine.registerOwner("fragmenter");
  const held: Pfn[] = [];
  for (let pfn = machine.allocPages(0, 0, owner); !isErrno(pfn); pfn = machine.allocPages(0, 0, owner)) held.push(pfn);
  const kept = held.filter((pfn) => pfn % stride !== 0);
  for (const pfn of held) if (pfn % stride === 0) machine.freePages(pfn, 0);
  return () => {
    for (const pfn of kept) machine.freePages(pfn, 0);
  };
}
