// The readers of traces: plain, compressed, and the header line by itself.

import { readFileSync, readdirSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import type { Prng } from "@zlab/hw-sim";
import { replayTrace } from "../replay/replay-trace.ts";
import { decodeTrace } from "../replay/trace-file.ts";
import { type FuzzedReader, type Mutation, assertRight } from "./fuzzed-reader.ts";
import { pick, replaced } from "./mutations.ts";

const GOLDEN = new URL("../../../../golden/", import.meta.url);
const FAMILIES = ["zsmalloc-6.12", "zsmalloc-3.10", "zbud-6.12", "z3fold-6.12", "zram-6.18"];
/** Operations of a sample, and checkpoints and the like from further on. */
const LEADING_LINES = 40;
const SPECIAL_LINES = 3;
/** What a compressed trace may become here: enough for all samples, little enough for a campaign. */
const MAX_TRACE_BYTES = 2 ** 22;
const BOMB_BYTES = 2 ** 24;
/** One bomb in so many inputs that might have one. */
const BOMB_RARITY = 16;
let bomb: Uint8Array | undefined;
/** One long line in so many inputs. */
const LONG_LINE_RARITY = 500;
const LONG_LINE_BYTES = 100 * 2 ** 20;

/** The beginning of a golden trace of every family, with a few of its longer lines. */
function sampleTraces(): Buffer[] {
  return FAMILIES.map((family) => {
    const directory = new URL(`${family}/`, GOLDEN);
    const file = readdirSync(directory).find((name) => name.includes("compact") || name.includes("cycles"))!;
    const lines = gunzipSync(readFileSync(new URL(file, directory)))
      .toString()
      .split("\n");
    const special = lines.filter((line) => /^\["[cslm]"/.test(line) && line.length < 4000).slice(0, SPECIAL_LINES);
    return Buffer.from(`${[...lines.slice(0, LEADING_LINES), ...special].join("\n")}\n`);
  });
}

const HEADER_VALUES = [
  "null",
  "0",
  "-1",
  "1e308",
  "268435456",
  "4294967295",
  '"6.12"',
  '"zbud"',
  '"zsmalloc"',
  '"live kernel zram"',
  "[]",
  "{}",
  "16384",
  "65536",
  "true",
  '"\\u001b[2J"',
  "[[[[[[[[1]]]]]]]]",
];

/** Another value for a field of the header, or one more field. */
const changeHeader: Mutation = (bytes, prng) => {
  const end = Math.max(0, bytes.indexOf(0x0a));
  const fields = Array.from(
    Buffer.from(bytes.subarray(0, end))
      .toString()
      .matchAll(/"(\w+)":("[^"]*"|[\w.-]+|\[[^\]]*\])/g),
  );
  if (fields.length === 0) return bytes;
  const { index, 0: text, 1: name } = pick(fields, prng);
  return replaced(bytes, index, text.length, Buffer.from(`"${name}":${pick(HEADER_VALUES, prng)}`));
};

/** Another number for a field of an operation, which stays a valid line. */
const changeField: Mutation = (bytes, prng) => {
  const start = lineStart(bytes, prng);
  const end = bytes.indexOf(0x0a, start);
  const numbers = Array.from(
    Buffer.from(bytes.subarray(start, Math.max(start, end)))
      .toString("latin1")
      .matchAll(/-?\d+/g),
  );
  if (numbers.length === 0) return bytes;
  const { index, 0: text } = pick(numbers, prng);
  const near = [Number(text) - 1, Number(text) + 1, 2 * Number(text), prng.below(5000), prng.next()];
  return replaced(bytes, start + index, text.length, Buffer.from(String(pick(near, prng))));
};

/** Brackets upon brackets. */
const nestDeeply: Mutation = (bytes, prng) => {
  const depth = 1 << (1 + prng.below(15));
  return replaced(
    bytes,
    lineStart(bytes, prng),
    0,
    Buffer.from(`["s",${"[".repeat(depth)}${"]".repeat(prng.below(2) * depth)}]\n`),
  );
};

const LONG_LINES = ["1,", "[],", "{}", '"', "[", "\0", "é"];

/** A line of up to 64 KiB, seldom of 100 MiB. */
const longLine: Mutation = (bytes, prng) => {
  const byteCount = prng.below(LONG_LINE_RARITY) === 0 ? LONG_LINE_BYTES : 1 << prng.below(17);
  const text = pick(LONG_LINES, prng);
  const line = Buffer.alloc(byteCount, text);
  return replaced(bytes, lineStart(bytes, prng), 0, Buffer.concat([Buffer.from('["s",['), line]));
};

function lineStart(bytes: Uint8Array, prng: Prng): number {
  return bytes.indexOf(0x0a, prng.below(bytes.length + 1)) + 1;
}

/** Replays as `zlab replay` does, with and without checking. */
async function replayInput(stored: Uint8Array, variant: number): Promise<void> {
  const bytes = await decodeTrace("input", stored, MAX_TRACE_BYTES);
  assertRight(bytes.length <= Math.max(MAX_TRACE_BYTES, stored.length), `${bytes.length} bytes`);
  const verify = variant % 2 === 0;
  const payload = variant % 8 === 1;
  const backend = variant % 16 === 3 ? "zbud" : undefined;
  const result = replayTrace("input", bytes, { verify, payload, backend, checkpoint: () => {} });
  assertRight(result.operations >= 0 && result.finalPages >= 0, "the number of operations or pages");
  assertRight(JSON.stringify(result).length < 100_000, "the length of the result");
}

const traceReader: FuzzedReader = {
  name: "trace",
  weight: 30,
  samples: sampleTraces,
  mutations: [changeField, changeField, changeField, changeHeader, nestDeeply, longLine],
  read: replayInput,
};

const headerReader: FuzzedReader = {
  name: "trace-header",
  weight: 10,
  samples: () => sampleTraces().map((trace) => trace.subarray(0, trace.indexOf(0x0a) + 1)),
  mutations: [changeHeader],
  read: replayInput,
};

const gzipReader: FuzzedReader = {
  name: "trace-gzip",
  weight: 20,
  samples: () => sampleTraces().map((trace) => gzipSync(trace)),
  mutations: [
    // A bomb, alone or behind a trace.
    (bytes, prng) => {
      if (prng.below(BOMB_RARITY) > 0) return bytes;
      bomb ??= gzipSync(Buffer.alloc(BOMB_BYTES));
      return Buffer.concat([prng.below(2) === 0 ? bytes : Buffer.alloc(0), bomb]);
    },
  ],
  read: replayInput,
};

/** The readers of traces. */
export const TRACE_READERS: readonly FuzzedReader[] = [traceReader, headerReader, gzipReader];
