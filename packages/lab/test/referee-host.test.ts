import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { kernelFacts, slabScans } from "../src/referee/kernel-facts.ts";
import { pageAlignedBuffer } from "../src/referee/page-aligned-buffer.ts";
import { verifyKernel } from "../src/referee/verify-kernel.ts";
import { FakeHost, systemError } from "./referee-fakes.ts";

const MM_STAT = "/sys/block/zram1/mm_stat";
const HOT_REMOVE = "/sys/class/zram-control/hot_remove";
const SHORT = ["--operations", "200", "--algorithm", "lz4"];

async function verify(host: FakeHost, argv: readonly string[] = SHORT, signal = new AbortController().signal) {
  let stdout = "";
  let stderr = "";
  const environment = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    env: {},
    cwd: ".",
  };
  const code = await verifyKernel(argv, environment, host, signal);
  return { code, stdout, stderr };
}

/** Lets the comparison end after the first operation, for tests of what is before and after it. */
function endAtOnce(host: FakeHost): FakeHost {
  host.overrides.set(MM_STAT, () => "0\n");
  return host;
}

/** Nothing is left of the added device, and the machine's own was not touched. */
function expectCleanUp(host: FakeHost): void {
  expect(host.devices).toEqual(["zram0"]);
  expect([...host.nodes.keys()]).toEqual(["/dev/zram0"]);
  expect(host.openCount).toBe(0);
  expect(host.touched.filter((path) => path.includes("zram0"))).toEqual([]);
}

describe("verify:kernel", () => {
  test("compares, says so, and leaves the machine as it was", async () => {
    const host = new FakeHost();
    const { code, stdout, stderr } = await verify(host, ["--operations", "200", "--algorithm", "lz4,lzo-rle"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("kernel     Linux 6.18.44-test, zspages of up to 8 pages (/proc/config.gz)\n");
    expect(stdout).toMatch(/^lz4 +100 +3,260 /m);
    expect(stdout).toMatch(/^lzo-rle +100 +3,260 /m);
    expect(stdout).toMatch(/=> After each of 6,520 operations \(200 of them seeded\) all nine columns .*\n$/);
    expectCleanUp(host);
  });

  test("prints JSON", async () => {
    const { stdout } = await verify(new FakeHost(), [...SHORT, "--seed", "5", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      kernel: { release: "6.18.44-test", era: "6.18", chainSize: 8, device: "zram1", canDiscard: true },
      seed: 5,
      runs: [{ algorithm: "lz4", seededCount: 200, operationCount: 3360, columnsCompared: 9 * 3360 }],
    });
  });

  test("reports a difference by column and ends with 1", async () => {
    const host = new FakeHost();
    let readCount = 0;
    host.overrides.set(MM_STAT, () => (++readCount >= 500 ? "1 2 3 4 5 6 7 8 9\n" : undefined));
    const { code, stdout } = await verify(host);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^lz4: operation 500, write of contents 499 to page 499:\n/m);
    expect(stdout).toMatch(/^mem_used_total +3 +\d+$/m);
    expect(stdout).toMatch(/=> The simulator and the kernel differ with lz4\.\n$/);
    expectCleanUp(host);
  });

  test("does without blkdiscard, and says so", async () => {
    const host = new FakeHost();
    host.overrides.set("blkdiscard", () => "not found");
    const { code, stdout } = await verify(host);
    expect(code).toBe(0);
    expect(stdout).toContain("blkdiscard is missing");
    expectCleanUp(host);
  });

  test("compares what the kernel has of what was asked for", async () => {
    const host = new FakeHost();
    host.overrides.set("/sys/block/zram1/comp_algorithm", () => "lzo-rle [lz4] \n");
    const { code, stdout } = await verify(host, ["--operations", "9", "--algorithm", "lz4,zstd"]);
    expect(code).toBe(0);
    expect(stdout).toContain("not in this kernel: zstd\n");
    expect((await verify(host, ["--algorithm", "zstd"])).stdout).toBe("skipped: this kernel's zram has none of zstd\n");
    expectCleanUp(host);
  });

  test.each([
    [["--operations", "many"], /--operations must be a whole number/],
    [["--algorithm", "lz5"], /--algorithm must be some of lzo-rle, lzo, lz4, zstd, deflate, not "lz5"/],
    [["--nosuch"], /unknown option '--nosuch'/],
  ])("refuses %j", async (argv, message) => {
    const host = new FakeHost();
    const { code, stderr } = await verify(host, argv);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(host.touched).toEqual([]);
  });

  test("explains itself", async () => {
    const { code, stdout } = await verify(new FakeHost(), ["--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("--operations <n>");
  });
});

describe("where there is nothing to compare with", () => {
  const cases: readonly (readonly [string, (host: FakeHost) => void])[] = [
    ["zram is a part of Linux, and this is darwin", (host) => (host.platform = "darwin")],
    [
      "the oldest kernel whose rules are known is Linux 6.12, and this is 6.1.0-9",
      (host) => (host.kernelRelease = "6.1.0-9"),
    ],
    ["there is no /sys/class/zram-control", (host) => (host.hasControl = false)],
    ["only root may add a zram device", (host) => (host.userId = 1000)],
    ["/sys/class/zram-control/hot_remove can't be written", (host) => (host.isControlWritable = false)],
  ];

  test.each(cases)("skips without adding a device: %s", async (reason, arrange) => {
    const host = new FakeHost();
    arrange(host);
    const { code, stdout } = await verify(host);
    expect(code).toBe(0);
    expect(stdout.startsWith(`skipped: ${reason}`)).toBe(true);
    expect(stdout.indexOf("\n")).toBe(stdout.length - 1);
    expect(host.touched).toEqual([]);
    expect(JSON.parse((await verify(host, [...SHORT, "--json"])).stdout)).toEqual({ skipped: stdout.slice(9, -1) });
  });

  test("skips where no device can be added", async () => {
    const host = new FakeHost();
    host.overrides.set("/sys/class/zram-control/hot_add", () => {
      throw systemError("ENOMEM");
    });
    expect(await verify(host)).toMatchObject({
      code: 0,
      stdout: "skipped: no zram device could be added: ENOMEM: refused\n",
    });
    expectCleanUp(host);
  });

  test("skips where pages are larger, and removes the device", async () => {
    const host = new FakeHost();
    host.pageBytes = "16384";
    expect((await verify(host)).stdout).toMatch(/^skipped: the pages of this kernel have 16384 bytes/);
    expectCleanUp(host);
  });
});

describe("the added device", () => {
  test("is removed after a failure", async () => {
    const host = new FakeHost();
    host.overrides.set("blkdiscard", () => (host.commands.length > 20 ? "BLKDISCARD ioctl failed" : undefined));
    const { code, stderr } = await verify(host);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^verify:kernel: blkdiscard -o \d+ -l 32768 \/dev\/zram1: BLKDISCARD ioctl failed\n$/);
    expectCleanUp(host);
  });

  test("is removed after a signal, whose reason is passed on", async () => {
    const host = new FakeHost();
    const interruption = new AbortController();
    host.overrides.set("blkdiscard", () => {
      interruption.abort("SIGTERM");
      return undefined;
    });
    await expect(verify(host, SHORT, interruption.signal)).rejects.toBe("SIGTERM");
    expectCleanUp(host);
  });

  test("is removed after a signal that makes a command fail", async () => {
    const host = new FakeHost();
    const interruption = new AbortController();
    host.overrides.set("blkdiscard", () => {
      if (host.commands.length < 5) return undefined;
      setTimeout(() => interruption.abort("SIGINT"), 0);
      return "blkdiscard ended with SIGINT";
    });
    await expect(verify(host, SHORT, interruption.signal)).rejects.toBe("SIGINT");
    expectCleanUp(host);
  });

  test("is removed when the process ends otherwise", async () => {
    const host = new FakeHost();
    let devicesAtExit: string[] = [];
    let readCount = 0;
    host.overrides.set(MM_STAT, () => {
      if (++readCount !== 10) return undefined;
      host.exitActions.forEach((action) => action());
      devicesAtExit = host.devices;
      throw new Error("the process is ending");
    });
    await verify(host);
    expect(devicesAtExit).toEqual(["zram0"]);
    expect(host.touched.filter((path) => path === HOT_REMOVE)).toHaveLength(1);
    expectCleanUp(host);
  });

  test("is removed when somebody who looked into it has closed it", async () => {
    const host = endAtOnce(new FakeHost());
    let busyCount = 0;
    host.overrides.set(HOT_REMOVE, () => {
      if (++busyCount <= 3) throw systemError("EBUSY");
      return undefined;
    });
    expect((await verify(host)).code).toBe(1);
    expect(host.pauseCount).toBe(3);
    expectCleanUp(host);
  });

  test("that can't be removed is named, with what to do", async () => {
    const host = endAtOnce(new FakeHost());
    host.overrides.set(HOT_REMOVE, () => {
      throw systemError("EBUSY");
    });
    const { code, stderr } = await verify(host);
    expect(code).toBe(2);
    expect(stderr).toContain("do it by hand: echo 1 > /sys/class/zram-control/hot_remove");
  });

  test("gets a node where none appears, which is removed too", async () => {
    const host = endAtOnce(new FakeHost());
    host.makesNodes = false;
    expect((await verify(host)).code).toBe(1);
    expect(host.commands).toContain("mknod /dev/zram1 b 252:1".replace(":", " "));
    expectCleanUp(host);
  });

  test("is not looked for behind a node of another device", async () => {
    const host = new FakeHost();
    host.makesNodes = false;
    host.nodes.set("/dev/zram1", "8:0");
    const { code, stdout } = await verify(host);
    expect(code).toBe(0);
    expect(stdout).toBe("skipped: /dev/zram1 is 8:0, not the device 252:1 that was added\n");
    expect(host.nodes.get("/dev/zram1")).toBe("8:0");
    expect(host.devices).toEqual(["zram0"]);
    expect(host.touched).not.toContain("/dev/zram1");
  });

  test("is left to somebody who has taken it", async () => {
    const host = new FakeHost();
    let isTaken = false;
    host.overrides.set("/sys/block/zram1/comp_algorithm", () => {
      if (!isTaken) host.control.device(1).attributes.write("disksize", "1M");
      isTaken = true;
      return undefined;
    });
    const { code, stdout } = await verify(host);
    expect(code).toBe(0);
    expect(stdout).toBe("skipped: zram1 was added, but somebody else has set it up meanwhile; it is left alone\n");
    expect(host.devices).toEqual(["zram0", "zram1"]);
    expect(host.control.device(1).disksizeBytes).toBe(2 ** 20);
    expect(host.openCount).toBe(0);
  });

  test("is never one that was there before", async () => {
    const host = new FakeHost();
    host.overrides.set("/sys/class/zram-control/hot_add", () => "0\n");
    const { code, stderr } = await verify(host);
    expect(code).toBe(2);
    expect(stderr).toBe("verify:kernel: hot_add named zram0, which was there before; it is left alone\n");
    expectCleanUp(host);
  });
});

describe("the facts of a kernel", () => {
  test("are read from its configuration", () => {
    const host = new FakeHost();
    host.files.set("/proc/config.gz", gzipSync("CONFIG_ZSMALLOC_CHAIN_SIZE=5\n"));
    expect(kernelFacts(host)).toEqual({
      release: "6.18.44-test",
      era: "6.18",
      chainSize: 5,
      configFile: "/proc/config.gz",
      canDiscard: true,
    });
    host.files.delete("/proc/config.gz");
    host.files.set("/boot/config-6.18.44-test", Buffer.from("CONFIG_X=y\nCONFIG_ZSMALLOC_CHAIN_SIZE=16\n"));
    expect(kernelFacts(host)).toMatchObject({ chainSize: 16, configFile: "/boot/config-6.18.44-test" });
    host.files.delete("/boot/config-6.18.44-test");
    expect(kernelFacts(host)).toMatchObject({ chainSize: 8, configFile: undefined });
  });

  test.each([
    ["6.12.0", "6.12"],
    ["6.17.9-1-arch", "6.12"],
    ["6.18-rc1", "6.18"],
    ["7.2.1", "6.18"],
  ])("%s has the rules of %s", (kernelRelease, era) => {
    const host = new FakeHost();
    host.kernelRelease = kernelRelease;
    expect(kernelFacts(host).era).toBe(era);
  });

  test("include how often its caches were scanned", () => {
    const host = new FakeHost();
    host.files.set("/proc/vmstat", Buffer.from("a 1\nslabs_scanned 4711\nb 2\n"));
    expect(slabScans(host)).toBe(4711);
    host.files.delete("/proc/vmstat");
    expect(slabScans(host)).toBe(0);
  });
});

test("memory for direct I/O is a multiple of pages and long enough", () => {
  expect(pageAlignedBuffer(65_537).length).toBe(131_072);
  expect(pageAlignedBuffer(1).byteOffset).toBe(0);
});
