// The readers of memory images and of the built-in corpus.

import { readFileSync } from "node:fs";
import { zstdCompressSync } from "node:zlib";
import { Prng } from "@zlab/hw-sim";
import { memorySource } from "../pages/byte-source.ts";
import { decodeCorpus } from "../pages/corpus.ts";
import { parseCorpusSizes } from "../pages/corpus-sizes.ts";
import { type FormatName, formatOf } from "../pages/formats/formats.ts";
import { PageBlock } from "../pages/page-block.ts";
import { PageSet } from "../pages/page-set.ts";
import { type FuzzedReader, type Mutation, assertRight } from "./fuzzed-reader.ts";
import { fieldMutation, replaced } from "./mutations.ts";
import { type ElfOptions, elfCore, limeDump, swapImage } from "./sample-images.ts";

const PAGE_BYTES = 4096;
/** A range of a byte may become a page, so an input of so many bytes at most so many pages. */
const MIN_BYTES_PER_PAGE = 32;

function pagesOf(pageCount: number, seed: number): Uint8Array {
  const prng = new Prng(seed);
  const words = Uint32Array.from({ length: (pageCount * PAGE_BYTES) / 4 }, () => prng.below(8));
  return new Uint8Array(words.buffer);
}

/** A reader of one format, with the name given or found out. */
function imageReader(
  name: string,
  format: FormatName | undefined,
  samples: () => Uint8Array[],
  mutations: readonly Mutation[],
): FuzzedReader {
  return { name, weight: 10, samples, mutations, read: (bytes, variant) => readImage(bytes, variant, format) };
}

/** Lays the image out as `readPageFiles` does and reads every page. */
function readImage(bytes: Uint8Array, variant: number, formatName: FormatName | undefined): void {
  const source = memorySource("input", bytes);
  const format = formatOf(source, variant % 2 === 0 ? formatName : undefined);
  const layout = format.layOut(source);
  const pageBytes = layout.pageBytes ?? [4096, 16384, 65536][variant % 3]!;
  const pages = new PageSet(pageBytes, [new PageBlock(source, format.name, layout.extents, pageBytes)]);
  const most = Math.ceil(bytes.length / MIN_BYTES_PER_PAGE);
  assertRight(pages.pageCount > 0 && pages.pageCount <= most, `${pages.pageCount} pages in ${bytes.length} bytes`);
  const byteCount = layout.extents.reduce((sum, extent) => sum + extent.byteCount, 0);
  assertRight(byteCount <= bytes.length, `${byteCount} bytes of pages in ${bytes.length} bytes`);
  for (let pageIndex = 0; pageIndex < pages.pageCount; pageIndex++) {
    assertRight(pages.page(pageIndex).length === pageBytes, `the length of page ${pageIndex}`);
  }
  assertRight(pages.describe(pages.pageCount - 1).startsWith("page "), "the description of the last page");
}

/** Fields of a 64-bit ELF header and of its first four program headers; a 32-bit one has others at some of the places. */
const ELF_FIELDS = [
  ...([
    [4, 2],
    [16, 2],
    [28, 4],
    [32, 8],
    [40, 8],
    [42, 2],
    [44, 2],
    [54, 2],
    [56, 2],
    [60, 2],
  ] as const),
  ...[0, 1, 2, 3].flatMap((entry) =>
    (
      [
        [0, 4],
        [8, 8],
        [16, 8],
        [32, 8],
        [40, 8],
      ] as const
    ).map(([at, width]) => [64 + 56 * entry + at, width] as const),
  ),
];

function elfSamples(): Uint8Array[] {
  const segments = [0, 1, 2].map((i) => ({ address: BigInt(i + 1) << 20n, bytes: pagesOf(1 + (i % 2), i) }));
  const options: ElfOptions[] = [{}, { bits: 32 }, { isLittleEndian: false }, { extendedCount: true }];
  return options.map((option) => elfCore(segments, option));
}

function limeRange(i: number, pageCount: number): { address: bigint; bytes: Uint8Array } {
  return { address: BigInt(i) << 24n, bytes: pagesOf(pageCount, i) };
}

function limeSamples(): Uint8Array[] {
  return [limeDump([limeRange(0, 1)]), limeDump([limeRange(0, 2), limeRange(1, 1), limeRange(7, 2)])];
}

/** A dump of nothing but ranges of a byte: as many pages as a file of its length can have. */
const tinyRanges: Mutation = (_bytes, prng) => {
  const count = 1 + prng.below(1000);
  return limeDump(Array.from({ length: count }, (_, i) => ({ address: BigInt(i), bytes: Uint8Array.of(i) })));
};

function swapSamples(): Uint8Array[] {
  return [
    swapImage(pagesOf(3, 1), PAGE_BYTES),
    swapImage(pagesOf(6, 2), PAGE_BYTES, { bad: [2, 5], isLittleEndian: false }),
    swapImage(pagesOf(8, 3), 16_384),
  ];
}

const CORPUS_PAGES = 4;
/** More than a corpus may have. */
const BOMB_BYTES = 2 ** 27;
/** One bomb in so many inputs that might have one. */
const BOMB_RARITY = 64;
let bomb: Uint8Array | undefined;

/** Corpus files are packed together: the table, a NUL byte, the compressed pages. */
const corpusReader: FuzzedReader = {
  name: "corpus",
  weight: 6,
  samples: () => {
    const rows = Array.from({ length: CORPUS_PAGES }, (_, i) => `${i},python, "heap" ${i % 2}\n`);
    return [
      Buffer.concat([Buffer.from(`page,source\n${rows.join("")}\0`), zstdCompressSync(pagesOf(CORPUS_PAGES, 1))]),
    ];
  },
  mutations: [
    // A frame that unpacks to far more than it should.
    (bytes, prng) => {
      if (prng.below(BOMB_RARITY) > 0) return bytes;
      bomb ??= zstdCompressSync(new Uint8Array(BOMB_BYTES));
      return Buffer.concat([bytes.subarray(0, bytes.indexOf(0) + 1), bomb]);
    },
    // One row more or less.
    (bytes, prng) => {
      const [row] = /\d+,[^\n]*\n/.exec(Buffer.from(bytes).toString("latin1")) ?? [""];
      return replaced(bytes, bytes.indexOf(0), 0, Buffer.from(prng.below(2) === 0 ? row : `${CORPUS_PAGES},x\n`));
    },
  ],
  read(bytes, variant) {
    const end = bytes.indexOf(0);
    const text = Buffer.from(bytes.subarray(0, Math.max(0, end))).toString();
    const pages = decodeCorpus(bytes.subarray(end + 1), text, [4096, 16384][variant % 2]!);
    assertRight(pages.pageCount * pages.pageBytes >= pages.pageCount * PAGE_BYTES, "the length of the corpus");
    for (let i = 0; i < pages.pageCount; i++) pages.describe(i);
  },
};

const corpusSizesReader: FuzzedReader = {
  name: "corpus-sizes",
  weight: 6,
  samples: () => {
    const file = new URL("../../corpus/truth-pages.csv", import.meta.url);
    return [Buffer.from(readFileSync(file, "utf8").split("\n").slice(0, 80).join("\n"))];
  },
  mutations: [],
  read(bytes) {
    const sizes = parseCorpusSizes(Buffer.from(bytes).toString(), "lzo-rle");
    assertRight(
      sizes.every((size) => Number.isInteger(size) && size >= 0 && size <= PAGE_BYTES),
      "a length",
    );
  },
};

/** The readers of pages. */
export const PAGE_READERS: readonly FuzzedReader[] = [
  imageReader("raw", "raw", () => [pagesOf(2, 1), pagesOf(1, 2).subarray(0, 1000)], []),
  imageReader("elf-core", "elf-core", elfSamples, [fieldMutation(ELF_FIELDS)]),
  imageReader("lime", "lime", limeSamples, [
    fieldMutation([
      [0, 4],
      [4, 4],
      [8, 8],
      [16, 8],
    ]),
    tinyRanges,
  ]),
  imageReader("swap", "swap", swapSamples, [
    fieldMutation([
      [1024, 4],
      [1028, 4],
      [1032, 4],
      [1536, 4],
      [1540, 4],
      [4086, 8],
    ]),
  ]),
  corpusReader,
  corpusSizesReader,
];
