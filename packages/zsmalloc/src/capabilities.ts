// What a pool can do, by its options.

import type { Capabilities } from "@zlab/zpool";
import type { ZsmallocConfig } from "./eras.ts";

export function capabilitiesOf(pageBytes: number, { era }: ZsmallocConfig): Capabilities {
  return {
    maxBytes: pageBytes,
    movable: true,
    sleepMapped: false,
    compact: era.handles === "indirect",
    crossPage: true,
    maxPageOrder: 0,
    images: false,
  };
}
