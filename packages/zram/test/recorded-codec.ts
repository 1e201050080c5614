// A stand-in for a compressor of the kernel that this project does not have: its lengths are those that were observed, and its
// compressed form of a page is a number by which the page is found again.

import type { Codec } from "@zlab/codecs";
import { type StoredLengths, golden, pageOf } from "./experiments.ts";

interface Recording {
  readonly page: Uint8Array;
  readonly lengths: StoredLengths;
}

const recordings: readonly Recording[] = golden.page_sizes.rows.map(([recipe, lengths]) => ({
  page: pageOf(recipe),
  lengths,
}));

const numberOfPage = new Map(recordings.map(({ page }, number) => [Buffer.from(page).toString("latin1"), number]));

/** A codec with the lengths that were recorded for this name. */
export function recordedCodec(name: string): Codec {
  return {
    name,
    description: `${name}, recorded`,
    parameters: { level: 0 },
    createStream(parameters) {
      const level = parameters?.["level"] ?? 0;
      const key = level === 0 ? name : `${name}@${level}`;
      const compress = (unit: Uint8Array): Uint8Array => {
        const number = numberOfPage.get(Buffer.from(unit).toString("latin1"));
        const length = number === undefined ? undefined : recordings[number]!.lengths[key];
        if (length === undefined) throw new Error(`${key}: no length was recorded for this page`);
        const compressed = new Uint8Array(typeof length === "number" ? length : unit.length);
        new DataView(compressed.buffer).setUint32(0, number!);
        return compressed;
      };
      return {
        compress,
        compressedSize: (unit) => compress(unit).length,
        decompress(compressed, target) {
          const number = new DataView(compressed.buffer, compressed.byteOffset).getUint32(0);
          target.set(recordings[number]!.page);
        },
      };
    },
  };
}
