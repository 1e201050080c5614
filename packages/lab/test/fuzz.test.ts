// `npm run fuzz`: what comes with zlab stands it, a planted bug doesn't, and what is printed about it replays it.

import { existsSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { zbudDriver } from "@zlab/zbud";
import type { ZpoolDriver } from "@zlab/zpool";
import { describe, expect, test } from "vitest";
import { type RunChunk, runCampaign } from "../src/fuzz/campaign.ts";
import { fuzz } from "../src/fuzz/fuzz.ts";
import { runsOf } from "../src/fuzz/run-chunk.ts";
import { runSeedOf } from "../src/fuzz/target.ts";
import { builtInTargets } from "../src/fuzz/targets.ts";
import { zramTarget } from "../src/fuzz/zram-target.ts";
import { type Outcome, packageDirectory } from "./zlab.ts";

const PAGE_LOSING = "test/fixtures/page-losing-driver.js";

async function run(line: string, signal: AbortSignal = new AbortController().signal): Promise<Outcome> {
  let [stdout, stderr] = ["", ""];
  const environment = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    env: {},
    cwd: packageDirectory,
  };
  const code = await fuzz(line.split(" "), environment, signal);
  return { code, stdout, stderr };
}

interface Report {
  readonly seed: number;
  readonly backends: readonly {
    readonly backend: string;
    readonly runs: number;
    readonly commands: number;
    readonly failure?: { readonly run: number; readonly message: string; readonly counterexample: readonly string[] };
  }[];
}

describe("what comes with zlab", () => {
  test.each(builtInTargets().map((target) => [target.name, target] as const))("%s stands it", (_, target) => {
    const results = runsOf(target, Number(process.env["ZLAB_SEED"] ?? 1), 0, 3);
    expect(results.map(({ failure }) => failure)).toEqual([undefined, undefined, undefined]);
    expect(results.reduce((sum, { commandCount }) => sum + commandCount, 0)).toBeGreaterThan(200);
  });

  test("a table says so", async () => {
    const { code, stdout, stderr } = await run("--backend zbud,z3fold --commands 300 --jobs 1");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^zbud +\d+ +[\d,]+ +[\d.]+ +[\d,]+ +clean$/m);
    expect(stdout).toMatch(/seed 1: [\d,]+ commands, everything checked after each; nothing failed\n$/);
  });
});

describe("a planted bug", () => {
  test("is found, cut down, and replayed by the line that is printed", async () => {
    const found = await run(`--driver ${PAGE_LOSING} --commands 20000 --jobs 1 --seed 3`);
    expect(found.code).toBe(1);
    const [, replay] = /^again: npm run fuzz -- (.+)$/m.exec(found.stdout) ?? [];
    expect(replay).toMatch(
      /^--driver test\/fixtures\/page-losing-driver\.js --backend page-losing --seed 3 --run \d+$/,
    );
    const again = await run(replay!);
    expect(again.code).toBe(1);
    const story = (text: string) => text.slice(text.indexOf("\npage-losing: "), text.indexOf("\nagain: "));
    expect(story(again.stdout)).toBe(story(found.stdout));
    expect(story(again.stdout)).toMatch(/: afterwards .*, but \d+ pages were taken from the machine$/);
    const lines = story(again.stdout).split("\n");
    expect(lines.length).toBeLessThan(32); // 12 objects and their frees, and little else
  });

  test("in a backend is found through the zram device", () => {
    const lying: ZpoolDriver = {
      ...zbudDriver,
      create(machine, name) {
        const pool = zbudDriver.create(machine, name);
        const read = pool.read.bind(pool);
        pool.read = (handle, target, offset, length) => {
          read(handle, target, offset, length);
          if (length > 2000) target[offset + 1999]! ^= 1;
        };
        return pool;
      },
    };
    const target = zramTarget([lying]);
    const results = runsOf(target, 1, 0, 20);
    expect(results.at(-1)!.failure).toBeDefined();
    const { commands, configuration } = target.explain(runSeedOf(1, results.length - 1));
    expect(configuration).toMatch(/^zram of Linux 6\.1[28], \d+ pages, .* over zbud \{\}; /);
    expect(commands.length).toBeLessThan(6);
    expect(commands.at(-1)).toMatch(/page \d+ /);
  });
});

describe("the outcome depends on the seed alone", () => {
  const slow = (results: (run: number) => { commandCount: number; failure: string | undefined }): RunChunk => {
    let turn = 0;
    return async (firstRun, runCount) => {
      for (let wait = (turn++ * 7 + firstRun) % 5; wait > 0; wait--) await Promise.resolve();
      return Array.from({ length: runCount }, (_, i) => results(firstRun + i));
    };
  };
  const { signal } = new AbortController();
  const limits = { commandCount: 2000, isOver: () => false, signal, onProgress: () => {} };

  test.each([1, 2, 5])("with %i workers", async (count) => {
    const result = (of: number) => ({ commandCount: 10 + (of % 3), failure: undefined });
    const workers = Array.from({ length: count }, () => slow(result));
    expect(await runCampaign(workers, limits)).toMatchObject({ runCount: 182, commandCount: 2001, failed: undefined });
  });

  test.each([1, 2, 5])("and the first failure counts, with %i workers", async (count) => {
    const result = (of: number) => ({ commandCount: 1, failure: of >= 99 ? `run ${of}` : undefined });
    const workers = Array.from({ length: count }, () => slow(result));
    const outcome = await runCampaign(workers, limits);
    expect(outcome).toMatchObject({ runCount: 100, commandCount: 100, failed: { run: 99, message: "run 99" } });
  });

  test("as JSON", async () => {
    const line = "--backend xvmalloc,zram --commands 200 --seed 9 --jobs 1 --json";
    const [first, second] = [await run(line), await run(line)];
    expect(first.stdout).toBe(second.stdout);
    const { seed, backends } = JSON.parse(first.stdout) as Report;
    expect(seed).toBe(9);
    expect(backends.map(({ backend }) => backend)).toEqual(["xvmalloc", "zram"]);
  });

  const program = `${packageDirectory}dist/fuzz/main.js`;
  test.skipIf(!existsSync(program))("in threads", async () => {
    const line = "--backend zblock --commands 400 --seed 9 --json";
    const { status, stdout } = spawnSync(process.execPath, [program, ...line.split(" "), "--jobs", "2"], {
      encoding: "utf8",
    });
    expect(status).toBe(0);
    expect(stdout).toBe((await run(`${line} --jobs 1`)).stdout);
  });
});

test("an interruption gives the counts so far", async () => {
  const interruption = new AbortController();
  const ending = run("--backend zbud,z3fold --commands 1000000 --jobs 1", interruption.signal);
  setTimeout(() => interruption.abort(), 30);
  const { code, stdout } = await ending;
  expect(code).toBe(130);
  expect(stdout).toMatch(/^zbud +/m);
  expect(stdout).not.toMatch(/^z3fold/m);
  expect(stdout).toMatch(/nothing failed, interrupted\n$/);
});

test.each([
  ["--backend nosuch", /^fuzz: --backend must be all or some of zsmalloc, .*, not "nosuch"\n$/],
  ["--run 3", /^fuzz: --run needs the backend whose run is meant; add --backend with one of /],
  ["--commands many", /^fuzz: --commands must be a whole number from 1 to 1000000000, not "many"\n$/],
  ["--driver test/fixtures/no-driver.js", /^fuzz: test\/fixtures\/no-driver\.js: exports no driver/],
  ["--nosuch", /^fuzz: unknown option '--nosuch'\n$/],
])("misuse: %s", async (line, message) => {
  const { code, stdout, stderr } = await run(line);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(message);
});

test("--help has examples", async () => {
  const { code, stdout } = await run("--help");
  expect(code).toBe(0);
  expect(stdout).toContain("npm run fuzz -- --backend zbud --seed 5 --run 17");
});
