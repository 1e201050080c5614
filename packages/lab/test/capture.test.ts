import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { endianness, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type CaptureSystem, capture } from "../src/capture/capture.ts";
import { accessError, parseMaps } from "../src/capture/process-memory.ts";
import type { CaptureOptions } from "../src/commands/capture.ts";
import { type Outcome, zlab } from "./zlab.ts";

const PAGE = 4096;

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "zlab-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** Kinds of pages in pagemap. */
const ENTRIES = { own: 0x8000_0000, absent: 0, swapped: 0x4000_0000, ofFile: 0xa000_0000 } as const;
type PageKind = keyof typeof ENTRIES;

/** A /proc with process 7, whose pages from address 0x1000 on are these; page i is full of the byte i + 1. */
function fakeProc(pages: readonly PageKind[], maps: string, memoryPages: number = pages.length): CaptureSystem {
  const proc = temporaryDirectory();
  mkdirSync(join(proc, "self"));
  mkdirSync(join(proc, "7"));
  const file = (name: string, bytes: Uint8Array | string): void => writeFileSync(join(proc, name), bytes);
  file("self/auxv", new Uint8Array(new BigUint64Array([3n, 64n, 6n, BigInt(PAGE), 0n, 0n]).buffer));
  file("7/comm", "fake\n");
  file("7/maps", maps);
  const words = new Uint32Array(2 * (1 + pages.length));
  for (const [i, kind] of pages.entries()) words[2 * (i + 1) + (endianness() === "LE" ? 1 : 0)] = ENTRIES[kind];
  file("7/pagemap", new Uint8Array(words.buffer));
  const bytes = Array.from({ length: memoryPages }, (_, i) => Buffer.alloc(PAGE, i + 1));
  file("7/mem", Buffer.concat([Buffer.alloc(PAGE), ...bytes]));
  return { platform: "linux", proc };
}

/** Runs `capture` on a stand-in for the system, in a directory of its own. */
async function captureFrom(
  system: CaptureSystem,
  options: Partial<CaptureOptions> = {},
): Promise<Outcome & { directory: string; error: string }> {
  const directory = temporaryDirectory();
  let stdout = "";
  let stderr = "";
  const context = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    env: {},
    cwd: directory,
    action: () => () => Promise.resolve(),
  };
  try {
    const code = await capture({ pid: 7, ...options }, context, system);
    return { code, stdout, stderr, directory, error: "" };
  } catch (error) {
    return { code: 2, stdout, stderr, directory, error: (error as Error).message };
  }
}

const oneMapping = (pageCount: number): string =>
  `1000-${((1 + pageCount) * PAGE).toString(16)} rw-p 00000000 00:00 0 \n`;

describe("the pages that are saved", () => {
  const maps =
    "00001000-00004000 rw-p 00000000 00:00 0                          [heap]\n" +
    '00004000-00006000 rw-p 00003000 fe:01 1234                       /dev/a "b", c.so\n' +
    "00006000-00007000 r-xp 00000000 00:00 0                          [vdso]\n" +
    "00007000-00008000 rw-p 00000000 00:00 0 \n" +
    "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0          [vsyscall]\n";
  const system = (): CaptureSystem =>
    fakeProc(["own", "absent", "own", "ofFile", "own", "own", "swapped", "own"], maps);
  const bytesOf = (directory: string): Set<number>[] => {
    const bytes = readFileSync(join(directory, "memory-7.bin"));
    return Array.from({ length: bytes.length / PAGE }, (_, i) => new Set(bytes.subarray(i * PAGE, (i + 1) * PAGE)));
  };

  test("are resident and the process's own", async () => {
    const { code, stdout, stderr, directory } = await captureFrom(system());
    expect(code).toBe(0);
    expect(bytesOf(directory)).toEqual([1, 3, 5].map((byte) => new Set([byte])));
    expect(readFileSync(join(directory, "memory-7.bin.csv"), "utf8")).toBe(
      'page,address,mapping\n0,0x1000,[heap]\n1,0x3000,[heap]\n2,0x5000,"/dev/a ""b"", c.so"\n',
    );
    expect(stdout).toBe(
      "memory-7.bin: 3 pages of 4 KiB (12.0 KiB) of process 7 (fake); memory-7.bin.csv says where each is from\n",
    );
    expect(stderr).toMatch(/^warning: memory-7\.bin will hold memory of process 7 \(fake\): passwords, keys /);
  });

  test("are in files that only their owner can read", async () => {
    const { directory } = await captureFrom(system());
    expect(readdirSync(directory).toSorted()).toEqual(["memory-7.bin", "memory-7.bin.csv"]);
    for (const name of readdirSync(directory)) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  });

  test("leave files out with --anon-only", async () => {
    const { directory } = await captureFrom(system(), { anonOnly: true });
    expect(bytesOf(directory)).toEqual([1, 3].map((byte) => new Set([byte])));
  });

  test("end with --limit, which is said", async () => {
    const { stdout, directory } = await captureFrom(system(), { limit: 2 });
    expect(bytesOf(directory)).toHaveLength(2);
    expect(stdout).toContain("the process has more pages: --limit ended the capture\n");
    expect((await captureFrom(system(), { limit: 3 })).stdout).not.toContain("--limit");
  });

  test("are told in JSON", async () => {
    const { stdout } = await captureFrom(system(), { json: true, out: "a.bin" });
    expect(JSON.parse(stdout)).toEqual({
      pid: 7,
      command: "fake",
      file: "a.bin",
      index: "a.bin.csv",
      pageBytes: PAGE,
      pages: 3,
      unreadablePages: 0,
      isLimited: false,
    });
  });

  test("may be more than are read at a time", async () => {
    const kinds = Array.from({ length: 600 }, (_, i): PageKind => (i === 300 ? "absent" : "own"));
    const { directory } = await captureFrom(fakeProc(kinds, oneMapping(600)));
    const pages = bytesOf(directory);
    expect(pages).toHaveLength(599);
    expect(pages[299]).toEqual(new Set([300 % 256]));
    expect(pages[598]).toEqual(new Set([600 % 256]));
  });
});

describe("what goes wrong leaves nothing behind:", () => {
  const own = (count: number): PageKind[] => Array.from({ length: count }, () => "own");

  test.each([
    ["another system", { platform: "darwin", proc: "/proc" }, {}, /from Linux's \/proc; this is darwin/],
    ["no such process", fakeProcOf(own(1)), { pid: 8 }, /^there is no process 8; see ps -e$/],
    [
      "a process that ends",
      fakeProcOf(own(600), 256),
      {},
      /^process 7 ended while its memory was read; nothing was saved$/,
    ],
    ["a process without pages", fakeProcOf(["absent", "ofFile"]), {}, /^process 7 \(fake\) has no resident anonymous/],
    ["a kernel thread", fakeProcOf(own(1), 1, ""), {}, /^process 7 \(fake\) has no resident anonymous/],
    [
      "a directory that isn't there",
      fakeProcOf(own(1)),
      { out: "no/a.bin" },
      /^no\/a\.bin: cannot be written: there is no such directory; check the path$/,
    ],
  ] as [string, CaptureSystem | (() => CaptureSystem), Partial<CaptureOptions>, RegExp][])(
    "%s",
    async (_, system, options, message) => {
      const { error, stdout, directory } = await captureFrom(typeof system === "function" ? system() : system, options);
      expect(error).toMatch(message);
      expect(stdout).toBe("");
      expect(readdirSync(directory)).toEqual([]);
    },
  );

  test("a file that is there already is left as it is", async () => {
    const system = fakeProc(own(1), oneMapping(1));
    for (const name of ["a.bin", "a.bin.csv"]) {
      const file = join(temporaryDirectory(), name);
      writeFileSync(file, "mine");
      const { error } = await captureFrom(system, { out: file.replace(/\.csv$/, "") });
      expect(error).toMatch(/is there already; name another file, or remove it$/);
      expect(readFileSync(file, "utf8")).toBe("mine");
      expect(readdirSync(join(file, ".."))).toEqual([name]);
    }
  });

  test("a page that can't be read is left out and counted", async () => {
    const { code, stdout, directory } = await captureFrom(fakeProcWithHole());
    expect(code).toBe(0);
    expect(stdout).toContain("1 page could not be read and is left out\n");
    expect(statSync(join(directory, "memory-7.bin")).size).toBe(PAGE);
  });

  test.each(["EACCES", "EPERM"])("no permission (%s)", (code) => {
    const { message } = accessError(7, Object.assign(new Error("no"), { code }));
    expect(message).toMatch(
      /^reading the memory of process 7 is not permitted; run zlab as root, or .*ptrace_scope is 0$/,
    );
  });

  function fakeProcOf(pages: PageKind[], memoryPages = pages.length, maps = oneMapping(pages.length)) {
    return (): CaptureSystem => fakeProc(pages, maps, memoryPages);
  }

  /** Two pages in a run, of which the second is cut off in the memory file. */
  function fakeProcWithHole(): CaptureSystem {
    const system = fakeProc(own(2), oneMapping(2));
    const mem = join(system.proc, "7", "mem");
    writeFileSync(mem, readFileSync(mem).subarray(0, -100));
    return system;
  }
});

test("maps are read whatever their names", () => {
  expect(
    parseMaps("7ffe0000-7ffe1000 rw-p 00000000 00:00 0 [stack]\n400000-401000 r--p 0 08:01 5 /a b (deleted)\n\n"),
  ).toEqual([
    { start: 0x7ffe0000, end: 0x7ffe1000, name: "[stack]", isFile: false },
    { start: 0x400000, end: 0x401000, name: "/a b (deleted)", isFile: true },
  ]);
});

const hasProc = existsSync("/proc/self/pagemap");

test("a process of this machine gives its pages, or a reason why not", async () => {
  const file = join(temporaryDirectory(), "memory.bin");
  const child = await startChild();
  const { code, stderr } = await zlab(["capture", "--pid", String(child.pid), "--out", file, "--anon-only"]);
  if (!hasProc || (code === 2 && stderr.includes("is not permitted"))) {
    expect(stderr).toMatch(/^zlab: (capture reads|reading the memory of process \d+ is not permitted)/m);
    expect(existsSync(file)).toBe(false);
    return;
  }
  expect(code).toBe(0);
  const bytes = readFileSync(file);
  const index = readFileSync(`${file}.csv`, "utf8").trimEnd().split("\n");
  expect(index).toHaveLength(1 + bytes.length / pageBytesOf(index));
  for (let i = 0; i < 256; i++) expect(bytes.includes(`<zlab ${i} of ${child.pid}>`)).toBe(true);
});

/** The page size that the addresses of an index are multiples of. */
function pageBytesOf(index: readonly string[]): number {
  const addresses = index.slice(1).map((line) => Number(line.split(",")[1]));
  return [65536, 16384].find((size) => addresses.every((address) => address % size === 0)) ?? PAGE;
}

/** A process with 256 marks in its memory. */
async function startChild(): Promise<ChildProcess> {
  const program =
    'const b = Buffer.alloc(1 << 20); for (let i = 0; i < 256; i++) b.write(`<zlab ${i} of ${process.pid}>`, i * 4096 + 8); globalThis.b = b; console.log("ready"); setInterval(() => {}, 1000);';
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return child;
}

test("capture needs a process", async () => {
  expect(await zlab(["capture"])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/required option '--pid <n>'/),
  });
  expect((await zlab(["capture", "--pid", "0"])).stderr).toMatch(/--pid must be a whole number from 1/);
});
