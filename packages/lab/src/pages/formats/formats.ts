// The formats of memory images that zlab reads.

import { type ByteSource, readHead } from "../byte-source.ts";
import { elfCoreFormat } from "./elf-core.ts";
import { limeFormat } from "./lime.ts";
import { HEAD_BYTES, type PageFormat } from "./page-format.ts";
import { rawFormat } from "./raw.ts";
import { swapFormat } from "./swap.ts";

export type FormatName = "raw" | "elf-core" | "lime" | "swap";

const FORMATS: Readonly<Record<FormatName, PageFormat>> = {
  raw: rawFormat,
  "elf-core": elfCoreFormat,
  lime: limeFormat,
  swap: swapFormat,
};

/** The format of that name, or the one that the file's first bytes tell. What nothing else is, is raw pages. */
export function formatOf(source: ByteSource, name?: FormatName): PageFormat {
  if (name !== undefined) return FORMATS[name];
  const head = readHead(source, HEAD_BYTES);
  return [elfCoreFormat, limeFormat, swapFormat].find((format) => format.recognises(head)) ?? rawFormat;
}
