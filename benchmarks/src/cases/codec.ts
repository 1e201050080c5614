// One codec on the pages of the corpus: MB of pages (10^6 bytes) per second of CPU time.

import { readFileSync } from "node:fs";
import { zstdDecompressSync } from "node:zlib";
import { isSameFilled, kernelCodecs } from "@zlab/codecs";
import type { CaseResult } from "../case-result.ts";

export interface CodecParameters {
  /** The codec's name as the kernel has it. */
  readonly codec: string;
  /** CPU time of one sample. */
  readonly sampleSeconds: number;
  readonly samples: number;
  /** Only the first so many pages. */
  readonly mostPages?: number;
}

const PAGE_BYTES = 4096;
const WARM_UPS = 1;
const CORPUS = new URL("../../../packages/lab/corpus/pages.bin.zst", import.meta.url);

/** Samples of "compress" and "decompress", over all pages of the corpus that zram would compress. */
export async function runCodecCase(parameters: CodecParameters): Promise<CaseResult> {
  const { codec: name, sampleSeconds, samples, mostPages } = parameters;
  const codec = kernelCodecs().find((candidate) => candidate.name === name);
  if (codec === undefined) throw new Error(`there is no codec "${name}"`);
  const stream = codec.createStream();
  const pages = corpusPages().slice(0, mostPages);
  const compressed = pages.map((page) => stream.compress(page).slice());
  const target = new Uint8Array(PAGE_BYTES);
  const sampled = (pass: () => void): number[] =>
    Array.from({ length: WARM_UPS + samples }, () => megabytesPerSecond(pages.length, sampleSeconds, pass)).slice(
      WARM_UPS,
    );
  return {
    samples: {
      compress: sampled(() => {
        for (let i = 0; i < pages.length; i++) stream.compress(pages[i]!);
      }),
      decompress: sampled(() => {
        for (let i = 0; i < compressed.length; i++) stream.decompress(compressed[i]!, target);
      }),
    },
    facts: { pages: pages.length },
    scavenges: 0,
    otherCollections: 0,
    rssBytes: process.memoryUsage.rss(),
  };
}

function corpusPages(): Uint8Array[] {
  const bytes = new Uint8Array(zstdDecompressSync(readFileSync(CORPUS)));
  const pages = Array.from({ length: bytes.length / PAGE_BYTES }, (_, i) =>
    bytes.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES),
  );
  return pages.filter((page) => !isSameFilled(page));
}

/** Repeats the pass over all pages until so much CPU time has gone; that of other processes doesn't count. */
function megabytesPerSecond(pageCount: number, leastSeconds: number, pass: () => void): number {
  const start = process.cpuUsage();
  let seconds = 0;
  let passes = 0;
  do {
    pass();
    passes++;
    const { user, system } = process.cpuUsage(start);
    seconds = (user + system) / 1e6;
  } while (seconds < leastSeconds);
  return (passes * pageCount * PAGE_BYTES) / 1e6 / seconds;
}
