// The attributes: what each takes, refuses and shows, by the rules of Linux that the experiments don't reach.

import { describe, expect, test } from "vitest";
import { makeDevice, noisePage, readText, written } from "./devices.ts";

const NO_STATS = "       0        0        0        0        0        0        0        0        0\n";

describe("files and their modes", () => {
  const { zram } = makeDevice();

  test.each([
    [
      0o644,
      ["disksize", "comp_algorithm", "recomp_algorithm", "backing_dev", "writeback_limit", "writeback_limit_enable"],
    ],
    [0o444, ["initstate", "io_stat", "mm_stat", "debug_stat", "bd_stat", "stat", "size", "queue/rotational"]],
    [0o200, ["reset", "algorithm_params", "recompress", "mem_limit", "mem_used_max", "compact", "idle", "writeback"]],
  ])("%o", (mode, names) => {
    for (const name of names) {
      expect([name, zram.attributes.modeOf(name)]).toEqual([name, mode]);
      if (mode === 0o444) expect([name, written(zram, name, "1")]).toEqual([name, "EACCES"]);
      if (mode === 0o200) expect([name, readText(zram, name)]).toEqual([name, "EACCES"]);
      if (mode !== 0o444) expect([name, written(zram, name, "")]).toEqual([name, 0]);
    }
  });

  test("what was not built in does not exist", () => {
    const features = { multiCompression: false, writeback: false, tracking: false };
    const plain = makeDevice({ features, era: "6.12" }).zram;
    for (const name of ["recomp_algorithm", "recompress", "backing_dev", "writeback", "bd_stat", "writeback_limit"]) {
      expect(plain.attributes.exists(name)).toBe(false);
      expect(readText(plain, name)).toBe("ENOENT");
    }
    expect(plain.attributes.names()).toContain("max_comp_streams");
    expect(written(plain, "algorithm_params", "priority=1")).toBe("EINVAL");
    expect(written(plain, "disksize", "1M")).toBe(2);
    expect(written(plain, "idle", "1")).toBe("EINVAL");
    expect(written(plain, "idle", "all")).toBe(3);
  });
});

describe("memory sizes", () => {
  test.each([
    ["4097", 8192],
    ["0x10", 4096],
    ["010000", 4096],
    ["4K", 4096],
    ["1g", 2 ** 30],
    ["2T", 2 ** 41],
    ["1Mfoo", 2 ** 20],
    ["8192\n", 8192],
    ["0", 0],
    ["16e", 0],
  ])("mem_limit takes %j as %i", (text, bytes) => {
    const { zram } = makeDevice();
    expect(written(zram, "mem_limit", text)).toBe(text.length);
    expect(zram.mmStat()[3]).toBe(bytes);
  });

  test.each([" 4096", "-1", "+1", "abc", "\n"])("mem_limit refuses %j", (text) => {
    expect(written(makeDevice().zram, "mem_limit", text)).toBe("EINVAL");
  });

  test("a limit survives disksize and takes effect at the next store", () => {
    const { zram } = makeDevice();
    written(zram, "mem_limit", "4K");
    written(zram, "disksize", "1M");
    expect(zram.write(0, noisePage(1, 1000))).toBeLessThan(0);
    expect(zram.write(0, noisePage(1, 4096))).toBe(0);
  });
});

describe("disksize", () => {
  test.each([
    ["0xffffffffffffffff", "ENOMEM"],
    ["4e", "ENOMEM"],
    ["16e", "EINVAL"],
    ["", 0],
    ["-1", "EINVAL"],
  ])("%j gives %s", (text, result) => {
    const { zram } = makeDevice();
    expect(written(zram, "disksize", text)).toBe(result);
    expect(zram.attributes.read("disksize")).toBe("0\n");
  });

  test("on an initialised device the value is looked at first", () => {
    const { zram } = makeDevice();
    written(zram, "disksize", "1M");
    expect(written(zram, "disksize", "abc")).toBe("EINVAL");
    expect(written(zram, "disksize", "2M")).toBe("EBUSY");
    expect(zram.attributes.read("size")).toBe("2048\n");
  });

  test("a refused level loses all settings of algorithms", () => {
    const { zram } = makeDevice();
    written(zram, "comp_algorithm", "lz4");
    written(zram, "recomp_algorithm", "algo=deflate priority=2");
    written(zram, "algorithm_params", "algo=deflate level=10");
    expect(written(zram, "disksize", "1M")).toBe("EINVAL");
    expect(zram.attributes.read("comp_algorithm")).toBe("[lzo-rle] lzo lz4 zstd deflate \n");
    expect(zram.attributes.read("recomp_algorithm")).toBe("");
    expect(written(zram, "disksize", "1M")).toBe(2);
  });

  test("a device that could not be made holds nothing", () => {
    const { zram, machine } = makeDevice();
    const free = machine.freePageCount();
    for (const size of ["4p", "64T"]) expect(written(zram, "disksize", size)).toBe("ENOMEM");
    expect(machine.freePageCount()).toBe(free);
    expect(() => zram.config.pools.unregister("zsmalloc")).not.toThrow();
    expect(() => written(zram, "disksize", "1M")).toThrow("no backend");
    expect(zram.attributes.read("initstate")).toBe("0\n");
  });
});

describe("algorithms", () => {
  test("are listed with the selected one in brackets", () => {
    const { zram } = makeDevice();
    expect(written(zram, "comp_algorithm", "lz4\n")).toBe(4);
    expect(zram.attributes.read("comp_algorithm")).toBe("lzo-rle lzo [lz4] zstd deflate \n");
    written(zram, "recomp_algorithm", "algo=zstd priority=3");
    written(zram, "recomp_algorithm", "priority=1 algo=lzo priority=2");
    expect(zram.attributes.read("recomp_algorithm")).toBe(
      "#2: lzo-rle [lzo] lz4 zstd deflate \n#3: lzo-rle lzo lz4 [zstd] deflate \n",
    );
  });

  test.each([
    ["comp_algorithm", "x".repeat(127), "EINVAL"],
    ["comp_algorithm", "x".repeat(128), "E2BIG"],
    ["comp_algorithm", "lz4 ", "EINVAL"],
    ["comp_algorithm", "lz4hc", "EINVAL"],
    ["comp_algorithm", "lz4", "EBUSY"],
    ["recomp_algorithm", `algo=${"x".repeat(128)}`, "E2BIG"],
    ["recomp_algorithm", "algo=lz4 priority=99999999999", "ERANGE"],
    ["algorithm_params", "level=1.5", "EINVAL"],
    ["algorithm_params", "level=2147483648", "ERANGE"],
    ["algorithm_params", "priority=1", 10],
  ])("%s on an initialised device: %j gives %s", (name, text, result) => {
    const { zram } = makeDevice();
    written(zram, "disksize", "1M");
    expect(written(zram, name, text)).toBe(result);
  });

  test("each write of parameters replaces all of them, even if it fails at the dictionary", () => {
    const { zram } = makeDevice();
    written(zram, "comp_algorithm", "deflate");
    written(zram, "algorithm_params", "level=-5");
    expect(written(zram, "algorithm_params", "level=9 dict=nowhere")).toBe("EINVAL");
    expect(written(zram, "disksize", "1M")).toBe(2);
  });

  test("windows of deflate came with 6.18", () => {
    for (const [era, result] of [
      ["6.12", 2],
      ["6.18", "EINVAL"],
    ] as const) {
      const { zram } = makeDevice({ era });
      written(zram, "comp_algorithm", "deflate");
      written(zram, "algorithm_params", "deflate.winbits=77");
      expect(written(zram, "disksize", "1M")).toBe(result);
    }
  });

  test("dictionaries are refused where the kernel would use them, and ignored elsewhere", () => {
    for (const [name, result] of [
      ["zstd", "EINVAL"],
      ["lz4", "EINVAL"],
      ["lzo", 2],
    ] as const) {
      const { zram } = makeDevice();
      written(zram, "comp_algorithm", name);
      expect(written(zram, "algorithm_params", `dict=${import.meta.filename}`)).toBeGreaterThan(5);
      expect(written(zram, "disksize", "1M")).toBe(result);
    }
  });

  test("only lz4 follows a level that is changed in use", () => {
    for (const [name, follows] of [
      ["lz4", true],
      ["zstd", false],
    ] as const) {
      const { zram } = makeDevice();
      const page = noisePage(7, 4096).map((byte) => byte & 3);
      written(zram, "comp_algorithm", name);
      written(zram, "disksize", "1M");
      zram.write(0, page);
      const before = zram.mmStat()[1]!;
      expect(written(zram, "algorithm_params", name === "lz4" ? "level=30" : "level=-30")).toBeGreaterThan(0);
      zram.write(4096, page);
      expect(zram.mmStat()[1] !== 2 * before).toBe(follows);
    }
  });

  test("levels out of range are brought into it where the kernel does so", () => {
    for (const [name, level] of [
      ["lz4", "-7"],
      ["lz4", "1000000"],
      ["zstd", "100"],
      ["lzo", "5"],
    ] as const) {
      const { zram } = makeDevice();
      written(zram, "comp_algorithm", name);
      written(zram, "algorithm_params", `level=${level}`);
      expect(written(zram, "disksize", "1M")).toBe(2);
      expect(zram.write(0, noisePage(3, 500))).toBe(0);
    }
  });
});

describe("reset", () => {
  test.each([
    ["0", "EINVAL"],
    ["x", "EINVAL"],
    ["-1", "EINVAL"],
    ["0x1", "EINVAL"],
    ["65536", "ERANGE"],
    ["65535", 5],
    ["1\n", 2],
    ["1\n\n", "EINVAL"],
  ])("%j gives %s", (text, result) => expect(written(makeDevice().zram, "reset", text)).toBe(result));

  test("is refused while the device is open", () => {
    const { zram } = makeDevice();
    written(zram, "disksize", "1M");
    const first = zram.open();
    using second = zram.open();
    first.close();
    first.close();
    expect(written(zram, "reset", "1")).toBe("EBUSY");
    second.close();
    expect(written(zram, "reset", "1")).toBe(1);
    expect(zram.attributes.read("initstate")).toBe("0\n");
  });

  test("forgets everything but the budget of writeback", () => {
    const { zram, machine } = makeDevice();
    const free = machine.freePageCount();
    written(zram, "comp_algorithm", "lz4");
    written(zram, "recomp_algorithm", "algo=zstd");
    written(zram, "mem_limit", "8M");
    written(zram, "writeback_limit", "7");
    written(zram, "writeback_limit_enable", "9");
    written(zram, "disksize", "1M");
    zram.write(0, noisePage(1, 4096));
    expect(machine.freePageCount()).toBe(free - 1);
    written(zram, "reset", "1");
    expect(machine.freePageCount()).toBe(free);
    expect(zram.attributes.read("mm_stat")).toBe(NO_STATS);
    expect(zram.attributes.read("stat").trim().split(/ +/)).toEqual(Array.from({ length: 17 }, () => "0"));
    expect(zram.attributes.read("comp_algorithm")).toContain("[lzo-rle]");
    expect(zram.attributes.read("recomp_algorithm")).toBe("");
    expect(zram.attributes.read("writeback_limit")).toBe("7\n");
    expect(zram.attributes.read("writeback_limit_enable")).toBe("1\n");
  });
});

test.each([
  ["mem_used_max", "99999999999999999999999"],
  ["writeback_limit", "-1"],
  ["writeback_limit", "99999999999999999999999"],
  ["writeback_limit_enable", "yes"],
  ["idle", "99999999999999999999999"],
])("%s has one error for whatever is wrong: %j", (name, text) => {
  const { zram } = makeDevice();
  written(zram, "disksize", "1M");
  expect(written(zram, name, text)).toBe("EINVAL");
});

describe("block_state", () => {
  test("shows times, columns and letters", () => {
    let now = 7_000_000;
    const { zram } = makeDevice({ clock: () => now });
    written(zram, "disksize", "1M");
    zram.write(4096, noisePage(1, 4096));
    now = 12_345_678_901;
    zram.write(0, new Uint8Array(4096));
    written(zram, "idle", "1");
    expect(zram.blockState()).toBe(
      "           0        12345.678901 s.....\n           1            7.000000 ..hi..\n",
    );
  });

  test("idle by age: strictly before the cutoff, and a read or write is an access", () => {
    let now = 1_000_000;
    const { zram } = makeDevice({ clock: () => now });
    written(zram, "disksize", "1M");
    for (const page of [0, 1, 2]) zram.write(page * 4096, noisePage(page + 1, 900));
    now = 5_000_000;
    zram.read(4096, new Uint8Array(4096));
    now = 11_000_000;
    written(zram, "idle", "10");
    expect(zram.blockState()).not.toContain("i");
    now = 11_000_001;
    written(zram, "idle", "10");
    expect(
      zram
        .blockState()
        .split("\n")
        .map((line) => line.at(-3)),
    ).toEqual(["i", ".", "i", undefined]);
    zram.write(2 * 4096, noisePage(9, 900));
    expect(
      zram
        .blockState()
        .split("\n")
        .map((line) => line.at(-3)),
    ).toEqual(["i", ".", ".", undefined]);
  });
});

test("wide values push columns, as in the kernel", () => {
  const { zram } = makeDevice(
    {},
    { pageBytes: 4096, zones: [{ kind: "NORMAL", pages: 1 << 18 }], backing: "size-only" },
  );
  written(zram, "disksize", "1G");
  for (let page = 0; page < 30_000; page++) zram.store!.storeLength(page, 4096);
  expect(zram.attributes.read("mm_stat")).toBe(
    "122880000 122880000 122880000        0 122880000        0        0    30000    30000\n",
  );
});
