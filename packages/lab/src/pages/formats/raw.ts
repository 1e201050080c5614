// Raw pages, one after the other: what `dd` makes of memory or of a zram device.

import { fileError } from "../../errors.ts";
import type { PageFormat } from "./page-format.ts";

export const rawFormat: PageFormat = {
  name: "raw",
  noun: "raw pages",
  recognises: () => true,
  layOut(source) {
    if (source.byteCount === 0) throw fileError(source.name, "the file is empty; give a file of raw pages");
    return { extents: [{ offset: 0, byteCount: source.byteCount }] };
  },
};
