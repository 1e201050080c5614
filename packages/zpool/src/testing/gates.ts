// Which promises apply to a backend, by its capabilities and by the machine.

import type { Gate } from "./property.ts";

export const COMPACTS: Gate = { name: "compact", applies: ({ capabilities }) => capabilities.compact };
export const NOT_MOVABLE: Gate = { name: "not movable", applies: ({ capabilities }) => !capabilities.movable };
export const DIRECT: Gate = { name: "not crossPage", applies: ({ capabilities }) => !capabilities.crossPage };
/** A backend that asks for larger blocks may do with a smaller one when it doesn't get them. */
export const SINGLE_PAGES: Gate = {
  name: "single pages",
  applies: ({ capabilities }) => capabilities.maxPageOrder === 0,
};
export const EXACT_FIT: Gate = { name: "not looseFit", applies: ({ capabilities }) => capabilities.looseFit !== true };
export const WITH_BYTES: Gate = { name: "a machine with bytes", applies: ({ hasBytes }) => hasBytes };
export const SEVERAL_CPUS: Gate = { name: "several CPUs", applies: ({ cpuCount }) => cpuCount > 1 };
export const MOVABLE_WITH_HIGHMEM: Gate = {
  name: "movable, a machine with HIGHMEM",
  applies: ({ capabilities, hasHighmem }) => capabilities.movable && hasHighmem,
};
export const SIZE_ONLY_POSSIBLE: Gate = {
  name: "a machine given by its options",
  applies: ({ newSizeOnlyMachine }) => newSizeOnlyMachine !== undefined,
};
