// Hardened pools of every backend: each kind of misuse is found, objects lie where a plain pool puts them, and stale handles stay
// stale. `npm run check:hardened` tries the same with 10,000 cases.

import { GFP_KERNEL, Machine, Prng, isErrno } from "@zlab/hw-sim";
import { type Handle, MapMode, type ZpoolBackend, hardenedDriver } from "@zlab/zpool";
import { conformanceMachine, runMisuseCampaign } from "@zlab/zpool/testing";
import { describe, expect, test } from "vitest";
import { type BackendVariant, backendVariants } from "../src/compose.ts";
import { checkHardened } from "../src/hardened/check-hardened.ts";
import { zlabJson } from "./zlab.ts";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);
const variants = backendVariants();
const CASES = 50;

test.each(variants)("$label: misuse is found, right use is not", ({ driver, options }) => {
  const { problems, tallies } = runMisuseCampaign({ driver, options, cases: CASES, seed });
  expect(problems).toEqual([]);
  expect(tallies.reduce((sum, { found }) => sum + found, 0)).toBe(CASES);
});

/** What a pool tells of itself after each of some random operations. */
function* statistics(pool: ZpoolBackend, machine: Machine): Generator {
  const prng = new Prng(seed);
  const live: Handle[] = [];
  const largestBytes = Math.min(pool.capabilities.maxBytes, machine.pageBytes);
  for (let round = 0; round < 200; round++) {
    const cpu = prng.below(machine.cpus.count);
    machine.cpus.runOn(cpu, () => {
      const handle = pool.malloc(1 + prng.below(largestBytes), GFP_KERNEL);
      if (!isErrno(handle)) live.push(handle);
      const chosen = prng.below(live.length);
      pool.map(live[chosen]!, MapMode.RW);
      pool.unmap(live[chosen]!);
      if (prng.below(100) < 45) pool.free(live.splice(chosen, 1)[0]!);
      if (round % 50 === 49) pool.compact?.();
    });
    yield { stats: pool.stats(), freePages: machine.freePageCount() };
  }
}

test.each(variants)("$label: objects are placed as in a plain pool", ({ driver, options }) => {
  const [plain, hardened] = [driver, hardenedDriver(driver)].map((each) => {
    const machine = new Machine(conformanceMachine());
    return [...statistics(each.create(machine, "pool", options), machine)];
  });
  expect(hardened).toEqual(plain);
});

const zsmalloc: BackendVariant = variants[0]!;

test("a handle stays stale when its cell has been used more often than 16 bits can count", () => {
  const machine = new Machine({ ...conformanceMachine(), backing: "size-only" });
  const pool = hardenedDriver(zsmalloc.driver).create(machine, "pool");
  const stale = pool.malloc(10, GFP_KERNEL) as Handle;
  pool.free(stale);
  for (let round = 0; round < 2 ** 16 + 500; round++) pool.free(pool.malloc(10, GFP_KERNEL) as Handle);
  pool.malloc(10, GFP_KERNEL);
  expect(() => pool.read(stale, new Uint8Array(1), 0, 1)).toThrow(/used after free, by read/);
});

test("when two CPUs write to one object whose mappings are copies, no write is taken for a stray one", () => {
  const machine = new Machine(conformanceMachine());
  const pool = hardenedDriver(zsmalloc.driver).create(machine, "pool", { mapping: "page-table" }); // writes only changes
  const handles = Array.from({ length: 8 }, () => pool.malloc(3000, GFP_KERNEL) as Handle);
  for (const handle of handles) {
    const mine = pool.map(handle, MapMode.RW);
    machine.cpus.runOn(1, () => {
      const theirs = pool.map(handle, MapMode.RW);
      theirs.bytes[theirs.offset] = 2;
      pool.unmap(handle);
    });
    mine.bytes[mine.offset + 2999] = 3;
    pool.unmap(handle);
  }
  pool.check(3);
});

test("conformance --hardened checks hardened pools", async () => {
  const argv = ["conformance", "zbud", "--hardened", "--runs", "1", "--property", "capabilities-agree"];
  const { drivers } = await zlabJson<{ drivers: unknown[] }>(argv);
  expect(drivers).toMatchObject([{ driver: "zbud", kept: 1, broken: 0 }]);
});

describe("check:hardened", () => {
  function check(...argv: string[]): { code: number; stdout: string; stderr: string } {
    const [out, err]: string[][] = [[], []];
    const environment = {
      stdout: { write: (text: string) => out!.push(text) },
      stderr: { write: (text: string) => err!.push(text) },
      env: {},
      cwd: ".",
    };
    const code = checkHardened(argv, environment);
    return { code, stdout: out!.join(""), stderr: err!.join("") };
  }

  test("tells how many cases of each kind were found", () => {
    const { code, stdout } = check("--cases", "10", "--backend", "zbud", "--seed", "3");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^cases of misuse found, seed 3\n/);
    expect(stdout).toMatch(/^zbud +2 of 2 +2 of 2 +2 of 2 +2 of 2 +2 of 2$/m);
    expect(stdout).toMatch(/\n=> 10 of 10 found, no false alarm\n$/);
  });

  test("measures costs", () => {
    const { code, stdout } = check("--cost", "--in-process", "--backend", "zbud", "--bytes", "8", "--rounds", "1");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^zbud +free and malloc( +[\d,.]+){5}$/m);
    expect(stdout).toMatch(/bytes per object with 100,000 live: zbud -?\d+\n$/);
  });

  test("says what it can do", () => {
    expect(check("--help")).toMatchObject({ code: 0, stdout: expect.stringContaining("npm run check:hardened") });
  });

  test.each([
    [["--backend", "zcache"], /--backend must be some of zsmalloc, .*, not "zcache"/],
    [["--cases", "0"], /--cases must be a whole number from 1/],
    [["--nonsense"], /unknown option '--nonsense'/],
  ])("%j is misuse", (argv, message) => {
    const { code, stdout, stderr } = check(...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^check:hardened: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });
});
