// Measures how fast every codec is on the pages of the corpus, in one thread, and says whether the goals are met. The unit is MB (10^6
// bytes of uncompressed pages) per second of CPU time. Counted are the pages that are not same-filled, as zram compresses no others.
//
// Each codec is measured in a process of its own, as otherwise the first ones make the later ones slower. Its operations take turns, so
// that what disturbs the machine for a while shows in the spread of all three and not in the median of one.
//
// Usage: node scripts/measure-speed.mjs [--unit-bytes 4096|16384|65536] [--json] [CODEC...]

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import * as os from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import * as zlib from "node:zlib";
import { isSameFilled, kernelCodecs } from "@zlab/codecs";

const WARM_UP_SECONDS = 0.3;
const PASSES = 9;
const PASS_SECONDS = 0.12;

/** MB/s that were set as goals. */
const GOALS = {
  lz4: { compress: 500, decompress: 800 },
  lzo: { decompress: 800 },
  "lzo-rle": { compress: 300, decompress: 800 },
};

function readUnits(unitBytes) {
  const corpus = new URL("../../lab/corpus/pages.bin.zst", import.meta.url);
  const bytes = new Uint8Array(zlib.zstdDecompressSync(readFileSync(corpus)));
  const units = Array.from({ length: Math.floor(bytes.length / unitBytes) }, (_, i) =>
    bytes.subarray(i * unitBytes, (i + 1) * unitBytes),
  );
  return units.filter((unit) => !isSameFilled(unit));
}

/** MB/s of `work` over the items again and again, each of which stands for a unit. */
function speedOf(items, unitBytes, work, minSeconds) {
  let unitCount = 0;
  let seconds = 0;
  const start = process.cpuUsage();
  do {
    for (const item of items) work(item);
    unitCount += items.length;
    const { user, system } = process.cpuUsage(start);
    seconds = (user + system) / 1e6;
  } while (seconds < minSeconds);
  return (unitCount * unitBytes) / 1e6 / seconds;
}

/** All speeds of a codec: median, lowest and highest by operation. */
function measure(codec, unitBytes) {
  const stream = codec.createStream();
  const units = readUnits(unitBytes);
  const compressed = units.map((unit) => stream.compress(unit).slice());
  const target = new Uint8Array(unitBytes);
  const operations = [
    ["compress", units, (unit) => stream.compress(unit)],
    ["size only", units, (unit) => stream.compressedSize(unit)],
    ["decompress", compressed, (bytes) => stream.decompress(bytes, target)],
  ];
  const speeds = operations.map(() => []);
  for (const [, items, work] of operations) speedOf(items, unitBytes, work, WARM_UP_SECONDS);
  for (let pass = 0; pass < PASSES; pass++) {
    operations.forEach(([, items, work], i) => speeds[i].push(speedOf(items, unitBytes, work, PASS_SECONDS)));
  }
  return operations.map(([operation], i) => {
    const sorted = speeds[i].toSorted((a, b) => a - b).map(Math.round);
    const median = sorted[PASSES >> 1];
    const goal = GOALS[codec.name]?.[operation];
    const result = { codec: codec.name, operation, median, lowest: sorted[0], highest: sorted[PASSES - 1] };
    return goal === undefined ? result : { ...result, goal, isMet: median >= goal };
  });
}

/** The same, by a new process. */
function measureApart(name, unitBytes) {
  const script = fileURLToPath(import.meta.url);
  const args = [script, "--one", "--unit-bytes", String(unitBytes), name];
  if (process.stderr.isTTY) process.stderr.write(`\rmeasuring ${name.padEnd(10)}`);
  const { stdout, status } = spawnSync(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  if (status !== 0) throw new Error(`measuring ${name} failed`);
  return JSON.parse(stdout);
}

function print({ cpu, runtime, unitBytes, results }) {
  console.log(`${cpu}, one thread; ${runtime}; units of ${unitBytes} bytes`);
  console.log(`MB of pages per second of CPU time: median, lowest and highest of ${PASSES} passes\n`);
  console.log("codec     operation   median  lowest  highest  goal");
  for (const { codec, operation, median, lowest, highest, goal, isMet } of results) {
    const numbers = [String(median).padStart(6), String(lowest).padStart(6), String(highest).padStart(7)];
    const verdict = goal === undefined ? "" : `${String(goal).padStart(6)}  ${isMet ? "met" : "NOT MET"}`;
    console.log(`${codec.padEnd(10)}${operation.padEnd(12)}${numbers.join("  ")}${verdict}`);
  }
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    "unit-bytes": { type: "string", default: "4096" },
    json: { type: "boolean", default: false },
    one: { type: "boolean", default: false },
  },
});
const unitBytes = Number(values["unit-bytes"]);
const codecs = kernelCodecs();
const names = positionals.length > 0 ? positionals : codecs.map(({ name }) => name);
const unknown = names.find((name) => !codecs.some((codec) => codec.name === name));
if (unknown !== undefined) {
  console.error(`There is no codec "${unknown}"; there are ${codecs.map(({ name }) => name).join(", ")}.`);
  process.exitCode = 1;
} else if (![4096, 16_384, 65_536].includes(unitBytes)) {
  console.error(`--unit-bytes is ${values["unit-bytes"]}; pages have 4096, 16384 or 65536 bytes.`);
  process.exitCode = 1;
} else if (values.one) {
  console.log(
    JSON.stringify(codecs.filter(({ name }) => names.includes(name)).flatMap((codec) => measure(codec, unitBytes))),
  );
} else {
  const { node, v8 } = process.versions;
  const report = {
    cpu: os.cpus()[0]?.model ?? "unknown CPU",
    runtime: `Node ${node}, V8 ${v8}`,
    unitBytes,
    results: names.flatMap((name) => measureApart(name, unitBytes)),
  };
  if (values.json) console.log(JSON.stringify(report, undefined, 2));
  else print(report);
}
