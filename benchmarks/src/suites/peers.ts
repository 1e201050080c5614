// The suite "peers": zsmalloc beside what a TypeScript programmer would store blobs in instead, on the workload of "speed". The peers
// are packages that nothing else needs; they are installed when this suite runs for the first time.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CaseResult } from "../case-result.ts";
import { outputOf } from "../child.ts";
import { buildYardstick } from "../native.ts";
import { type Figure, type Goal, type SuiteReport, makeGoal } from "../report.ts";
import { median, spreadOf } from "../statistics.ts";
import type { Suite, SuiteContext } from "../suite.ts";
import { WorkloadFiles, type WorkloadShape, makeWorkload } from "../workload.ts";

const TOOL = fileURLToPath(new URL("../../../tools/peers/", import.meta.url));
const PEERS = ["Map of Buffers", "lru-cache of Buffers", "@thi.ng/malloc", "lmdb on tmpfs", "WebAssembly malloc"];
const MAIN = "zsmalloc";
const YARDSTICK = "glibc malloc (C)";
const OPERATIONS = ["pair", "store", "load", "free"] as const;
const LIVE = [2_000, 100_000];
/** Memory is compared where there is enough of it. */
const MEMORY_LIVE = 100_000;

export const peersSuite: Suite = {
  name: "peers",
  summary: "pair, store, load, free and memory beside Map, lru-cache, @thi.ng/malloc, lmdb and a WebAssembly malloc",
  isDefault: true,
  run: runPeers,
};

/** Who was measured, with all of its processes. */
interface Row {
  readonly name: string;
  readonly live: number;
  readonly results: CaseResult[];
}

async function runPeers(context: SuiteContext): Promise<SuiteReport> {
  context.progress("peers: installing");
  await outputOf(process.execPath, [join(TOOL, "install.mjs")]);
  const directory = mkdtempSync(join(tmpdir(), "zlab-bench-"));
  try {
    const files = new WorkloadFiles(directory);
    const rows: Row[] = [];
    for (const live of context.isTrial ? [200] : LIVE) rows.push(...(await measureRows(live, context, files)));
    return makeReport(rows);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Every peer once; zsmalloc and the yardstick before and after them. */
async function measureRows(
  live: number,
  { isTrial, runCase, progress }: SuiteContext,
  files: WorkloadFiles,
): Promise<Row[]> {
  const shape: WorkloadShape = isTrial
    ? { live, operations: 500, warmUps: 0, samples: 2 }
    : { live, operations: 50_000, warmUps: 1, samples: 3 };
  const rows: Row[] = [MAIN, YARDSTICK, ...PEERS].map((name) => ({ name, live, results: [] }));
  const built = buildYardstick();
  const native = "missing" in built ? undefined : built;
  const run = async ({ name, results }: Row): Promise<void> => {
    progress(`peers: ${name}, ${live} live`);
    if (name === MAIN) results.push(await runCase({ kind: "speed", parameters: { backend: MAIN, ...shape } }));
    else if (name !== YARDSTICK) results.push(await runPeer(name, files.pathOf(shape)));
    else if (native !== undefined) results.push(await native.run(shape));
  };
  try {
    for (const row of [...rows, rows[0]!, rows[1]!]) await run(row);
  } finally {
    native?.[Symbol.dispose]();
  }
  const storedBytes = makeWorkload(shape).sizes.reduce((sum, bytes) => sum + bytes, 0);
  return rows
    .filter(({ results }) => results.length > 0)
    .map((row) => ({ ...row, results: row.results.map((result) => withStored(result, storedBytes)) }));
}

async function runPeer(name: string, workload: string): Promise<CaseResult> {
  const output = await outputOf(process.execPath, ["--expose-gc", join(TOOL, "peer-case.mjs"), name, workload]);
  return JSON.parse(output) as CaseResult;
}

function withStored(result: CaseResult, storedBytes: number): CaseResult {
  return { ...result, facts: { ...result.facts, storedBytes } };
}

function samplesOf({ results }: Row, operation: string): number[] {
  return results.flatMap(({ samples }) => samples[operation]!);
}

/** Resident bytes beyond the empty process / stored bytes, after the first fill. */
function residentOf({ results }: Row): number {
  return median(results.map(({ facts }) => (facts["filledBytes"]! - facts["emptyBytes"]!) / facts["storedBytes"]!));
}

function makeReport(rows: readonly Row[]): SuiteReport {
  return {
    suite: "peers",
    tables: [peersTable(rows)],
    notes: [
      aheadNote(rows),
      "Resident: bytes beyond the empty process after the fill / stored bytes. lmdb stores in transactions of 1,000 operations without",
      "syncing; without a payload it has nothing to store, so that its pair puts a buffer. @thi.ng/malloc frees by walking a list and is",
      "measured with few operations. WebAssembly: the dlmalloc of Emscripten in sql.js. Buffers are made by allocUnsafeSlow.",
    ],
    figures: rows.flatMap(figuresOf),
    goals: goalsOf(rows),
  };
}

function peersTable(rows: readonly Row[]): SuiteReport["tables"][number] {
  const cells = (row: Row): string[] =>
    OPERATIONS.map((operation) => {
      const { median: middle, p10, p90 } = spreadOf(samplesOf(row, operation));
      return `${middle.toFixed(0)} (${p10.toFixed(0)} to ${p90.toFixed(0)})`;
    });
  return {
    title: "ns per operation: median (p10 to p90); collections; resident memory",
    columns: [
      { title: "live" },
      { title: "store", align: "left" },
      ...OPERATIONS.map((title) => ({ title })),
      { title: "scavenges" },
      { title: "other GC" },
      { title: "resident / stored" },
    ],
    rows: rows.map((row) => [
      row.live.toLocaleString("en"),
      row.name,
      ...cells(row),
      String(median(row.results.map(({ scavenges }) => scavenges))),
      String(median(row.results.map(({ otherCollections }) => otherCollections))),
      row.live === MEMORY_LIVE ? residentOf(row).toFixed(3) : "-",
    ]),
  };
}

/** Where zsmalloc isn't ahead of a peer. */
function aheadNote(rows: readonly Row[]): string {
  const behind = rows
    .filter(({ name }) => PEERS.includes(name))
    .flatMap((row) => {
      const main = rows.find(({ name, live }) => name === MAIN && live === row.live)!;
      const slower = OPERATIONS.filter((name) => median(samplesOf(main, name)) >= median(samplesOf(row, name)));
      const larger = row.live === MEMORY_LIVE && residentOf(main) >= residentOf(row) ? ["memory"] : [];
      const where = [...slower, ...larger];
      return where.length === 0 ? [] : [`${row.name} at ${row.live.toLocaleString("en")} live: ${where.join(", ")}`];
    });
  return behind.length === 0
    ? "zsmalloc is ahead of every peer in every column."
    : `zsmalloc isn't ahead of ${behind.join("; of ")}.`;
}

function figuresOf(row: Row): Figure[] {
  return OPERATIONS.map((operation) => ({
    key: `peers/${row.name}/${row.live}/${operation}`,
    unit: "ns",
    better: "lower",
    samples: samplesOf(row, operation),
  }));
}

function goalsOf(rows: readonly Row[]): Goal[] {
  return rows
    .filter(({ name }) => PEERS.includes(name))
    .flatMap((row) => {
      const main = rows.find(({ name, live }) => name === MAIN && live === row.live)!;
      const ratio = median(samplesOf(main, "pair")) / median(samplesOf(row, "pair"));
      const at = `${row.live.toLocaleString("en")} live`;
      const pair = makeGoal(`${at}: zsmalloc's pair / that of ${row.name}`, "lower", 1, ratio, inRatio);
      if (row.live !== MEMORY_LIVE) return [pair];
      const memory = residentOf(main) / residentOf(row);
      return [pair, makeGoal(`${at}: zsmalloc's memory / that of ${row.name}`, "lower", 1, memory, inRatio)];
    });
}

function inRatio(ratio: number): string {
  return ratio < 0.01 ? ratio.toFixed(5) : ratio.toFixed(2);
}
