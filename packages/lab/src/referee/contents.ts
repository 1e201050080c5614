// Contents of pages by number: the built-in corpus, and behind it pages that are made from the number. The made ones are there for
// what real pages seldom show: every compressed length, lengths around the threshold of huge pages, fill words of all kinds.

import { Prng } from "@zlab/hw-sim";
import { PAGE_BYTES } from "./operations.ts";

/** The content that is a page of zeros. */
export const ZERO_CONTENT = 0xffff_ffff;

/** Compressed lengths from which on pages are stored as they are, by chain size. (zram of Linux 6.18.) */
const HUGE_THRESHOLDS = [3257, 3401, 3497, 3577, 3625, 3673, 3705, 3769, 3833] as const;
/** What lz4 adds to random bytes behind a run; lzo adds up to 12 more. */
const LEAST_OVERHEAD_BYTES = 20;

type Maker = (page: Uint8Array, random: Prng) => void;

export class Contents {
  readonly #corpus: readonly Uint8Array[];
  readonly #makers: readonly Maker[];

  /** `corpus`: one page or more of 4096 bytes. */
  constructor(corpus: readonly Uint8Array[]) {
    this.#corpus = corpus;
    const blend: Maker = (page, random) => this.#blend(page, random);
    const edit: Maker = (page, random) => this.#edit(page, random);
    this.#makers = [
      blend,
      blend,
      edit,
      fillWithWord,
      nearlyFill,
      startRandom,
      startRandom,
      meetThreshold,
      randomize,
      repeat,
    ];
  }

  /** Pages of the corpus; contents with lower numbers are these. */
  get corpusCount(): number {
    return this.#corpus.length;
  }

  /** Fills a page of 4096 bytes; `content` is a 32-bit unsigned number. The same number gives the same bytes. */
  fill(page: Uint8Array, content: number): void {
    const real = this.#corpus[content];
    if (real !== undefined) {
      page.set(real);
      return;
    }
    if (content === ZERO_CONTENT) {
      page.fill(0);
      return;
    }
    const random = new Prng(content);
    this.#makers[random.below(this.#makers.length)]!(page, random);
  }

  /** The head of one real page and the tail of another. */
  #blend(page: Uint8Array, random: Prng): void {
    const cut = random.below(PAGE_BYTES);
    page.set(this.#any(random));
    page.set(this.#any(random).subarray(cut), cut);
  }

  /** A real page with some bytes changed. */
  #edit(page: Uint8Array, random: Prng): void {
    page.set(this.#any(random));
    for (let left = 1 + random.below(64); left > 0; left--) page[random.below(PAGE_BYTES)] = random.below(256);
  }

  #any(random: Prng): Uint8Array {
    return this.#corpus[random.below(this.#corpus.length)]!;
  }
}

/** Same-filled with 0, a byte, or a pattern of 2, 4 or 8 bytes. */
function fillWithWord(page: Uint8Array, random: Prng): void {
  const patternBytes = [0, 1, 2, 4, 8][random.below(5)]!;
  page.fill(0);
  fillRandom(page.subarray(0, patternBytes), random);
  spread(page, Math.max(1, patternBytes));
}

/** One byte short of being same-filled. */
function nearlyFill(page: Uint8Array, random: Prng): void {
  fillWithWord(page, random);
  page[random.below(PAGE_BYTES)]! ^= 1 + random.below(255);
}

/** Random bytes, then one byte to the end: any compressed length. */
function startRandom(page: Uint8Array, random: Prng): void {
  page.fill(random.below(256));
  fillRandom(page.subarray(0, random.below(PAGE_BYTES)), random);
}

/** Zeros, then as many random bytes as it takes to compress to within a few bytes of a threshold of huge pages, half of the time that of
 * chains of 8 pages. Zeros at the end would not do: lzo skips through the random bytes in strides, and meets the zeros late. */
function meetThreshold(page: Uint8Array, random: Prng): void {
  const threshold = random.below(2) === 0 ? 3625 : HUGE_THRESHOLDS[random.below(HUGE_THRESHOLDS.length)]!;
  page.fill(0);
  fillRandom(page.subarray(PAGE_BYTES - (threshold - LEAST_OVERHEAD_BYTES - random.below(16))), random);
}

function randomize(page: Uint8Array, random: Prng): void {
  fillRandom(page, random);
}

/** A pattern longer than a word. */
function repeat(page: Uint8Array, random: Prng): void {
  const patternBytes = 9 + random.below(120);
  fillRandom(page.subarray(0, patternBytes), random);
  spread(page, patternBytes);
}

function fillRandom(target: Uint8Array, random: Prng): void {
  for (let i = 0; i < target.length; i++) target[i] = random.next() >>> 24;
}

/** Repeats the first bytes of a page to its end. */
function spread(page: Uint8Array, patternBytes: number): void {
  for (let filled = patternBytes; filled < page.length; filled *= 2) {
    page.copyWithin(filled, 0, Math.min(filled, page.length - filled));
  }
}
