import { truncateSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readPageFiles } from "../src/pages/page-files.ts";
import type { PageSet } from "../src/pages/page-set.ts";
import { elfCore, limeDump, numberedPages, swapImage } from "./image-files.ts";
import { packageDirectory, temporaryFile, zlab, zlabJson } from "./zlab.ts";

const read = (bytes: Uint8Array, pageBytes?: number): PageSet =>
  readPageFiles([temporaryFile("image", bytes)], packageDirectory, pageBytes);
const allBytes = (pages: PageSet): Uint8Array => new Uint8Array(Buffer.concat(pages.pages));
const padded = (...parts: Uint8Array[]): Uint8Array =>
  new Uint8Array(Buffer.concat(parts.map((part) => Buffer.concat([part, Buffer.alloc(-part.length & 4095)]))));

const low = { address: 0x1000n, bytes: numberedPages(0, 3) };
const high = { address: 0xffff_e000n, bytes: numberedPages(3, 2) };

describe("ELF core files", () => {
  test.each([
    [64, true],
    [64, false],
    [32, true],
    [32, false],
  ] as const)("of %d bits, little-endian %s", (bits, isLittleEndian) => {
    const pages = read(elfCore([low, high], { bits, isLittleEndian }));
    expect(pages.sources).toMatchObject([{ format: "elf-core", pageCount: 5, zeroFilledBytes: 0 }]);
    expect(allBytes(pages)).toEqual(padded(low.bytes, high.bytes));
    expect(pages.describe(2)).toMatch(/^page 2 of .*image \(address 0x3000\)$/);
    expect(pages.describe(3)).toMatch(/\(address 0xffffe000\)$/);
    expect(pages.describe(4)).toMatch(/\(address 0xfffff000\)$/);
  });

  test("count the bytes that are in the file only", () => {
    const pages = read(
      elfCore([
        { ...low, memoryBytes: 100 * 4096 },
        { address: 0n, bytes: new Uint8Array(0), memoryBytes: 4096 },
      ]),
    );
    expect(pages.pageCount).toBe(3);
  });

  test("may have segments that end within a page", () => {
    const cut = { address: 0n, bytes: low.bytes.subarray(0, 5000) };
    const pages = read(elfCore([cut, high]));
    expect(allBytes(pages)).toEqual(padded(cut.bytes, high.bytes));
    expect(pages.sources[0]!.zeroFilledBytes).toBe(2 * 4096 - 5000);
  });

  test.each([32, 64] as const)("of %d bits may have their number of segments elsewhere", (bits) => {
    expect(allBytes(read(elfCore([low, high], { bits, extendedCount: true })))).toEqual(padded(low.bytes, high.bytes));
  });

  test("are no other ELF files: those are raw pages", () => {
    expect(read(elfCore([low], { type: 2 })).sources[0]!.format).toBe("raw");
  });
});

describe("LiME dumps", () => {
  test("are ranges one after the other", () => {
    const cut = { address: 0x10_0000_0000n, bytes: high.bytes.subarray(0, 4100) };
    const pages = read(limeDump([low, cut]));
    expect(pages.sources).toMatchObject([{ format: "lime", pageCount: 5, zeroFilledBytes: 2 * 4096 - 4100 }]);
    expect(allBytes(pages)).toEqual(padded(low.bytes, cut.bytes));
    expect(pages.describe(4)).toMatch(/\(address 0x1000001000\)$/);
  });
});

describe("images of swap areas", () => {
  test.each([4096, 16384, 65536])("tell their page size of %d", (pageBytes) => {
    const bytes = numberedPages(0, 3, pageBytes);
    for (const isLittleEndian of [true, false]) {
      const pages = read(swapImage(bytes, pageBytes, { isLittleEndian }));
      expect(pages.sources).toMatchObject([{ format: "swap", pageCount: 3, zeroFilledBytes: 0 }]);
      expect(pages.pageBytes).toBe(pageBytes);
      expect(allBytes(pages)).toEqual(bytes);
    }
  });

  test("are read without their bad pages and without what follows them", () => {
    const bytes = numberedPages(0, 4);
    const image = padded(swapImage(bytes, 4096, { bad: [4, 2, 9] }), new Uint8Array(8192).fill(9));
    expect(allBytes(read(image))).toEqual(padded(bytes.subarray(0, 4096), bytes.subarray(8192, 12288)));
  });

  test("stand beside other files of their page size only", async () => {
    const swap = temporaryFile("swap.img", swapImage(numberedPages(0, 1, 16384), 16384));
    const raw = temporaryFile("raw.bin", numberedPages(0, 4));
    expect(readPageFiles([raw, swap], packageDirectory)).toMatchObject({ pageBytes: 16384, pageCount: 2 });
    const { code, stderr } = await zlab(["stat", swap, "--page-size", "4096"]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/swap area with pages of 16384 bytes, not 4096; give --page-size 16384, or --format raw\n$/);
  });
});

describe("all files", () => {
  test("may be larger than what is read at a time, have any number of ranges, and end within a page", () => {
    const bytes = numberedPages(0, 600);
    const ranges = Array.from({ length: 300 }, (_, i) => ({
      address: BigInt(i) << 20n,
      bytes: bytes.slice(i * 8192, (i + 1) * 8192 - (i === 299 ? 100 : 0)),
    }));
    bytes.fill(0, -100);
    const pages = read(limeDump(ranges));
    expect(allBytes(pages)).toEqual(bytes);
    for (const i of [599, 0, 301]) expect(pages.page(i)).toEqual(bytes.subarray(i * 4096, (i + 1) * 4096));
  });

  test("may have holes, which are pages of zeros", async () => {
    const file = temporaryFile("sparse.bin", numberedPages(0, 1));
    truncateSync(file, 1000 * 4096);
    const { code, stderr } = await zlab(["stat", file]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^1,000 pages .* 1 object stored .* 999 same-filled pages are not stored\n$/);
  });

  test("are what --format says", async () => {
    const file = temporaryFile("core", elfCore([low]));
    const found = await zlabJson<{ input: object }>(["stat", file, "--format", "raw"]);
    expect(found.input).toMatchObject({ pages: 4, sources: [{ format: "raw" }] });
    const { stderr } = await zlab(["stat", file, "--format", "lime"]);
    expect(stderr).toMatch(/core: offset 0: no LiME header; this is no LiME dump, or it is damaged\n$/);
  });

  test("are named with their format", async () => {
    const file = temporaryFile("core", elfCore([{ address: 0n, bytes: low.bytes.subarray(0, 5000) }]));
    const { stdout } = await zlab(["compare", file, "--backends", "zbud", "--codec", "lz4", "--no-times"]);
    expect(stdout).toMatch(/^input {4}2 pages of 4 KiB \(8\.0 KiB\) from .*core \(elf-core\)$/m);
    expect(stdout).toMatch(
      /^note .*core has memory ranges that end within a page: 3,192 bytes were filled with zeros$/m,
    );
  });
});

describe("damage is told with file and offset", () => {
  const core = elfCore([low, high]);
  const lime = limeDump([low, high]);
  const swap = swapImage(low.bytes, 4096);
  const patched = (bytes: Uint8Array, offset: number, ...values: number[]): Uint8Array => {
    const copy = bytes.slice();
    copy.set(values, offset);
    return copy;
  };
  const cases: readonly [string, string, Uint8Array, RegExp][] = [
    ["a core without magic", "elf-core", low.bytes, /: offset 0: no ELF header; this is no core file/],
    ["a core of 3 bytes", "elf-core", core.subarray(0, 3), /: offset 0: no ELF header/],
    ["an unknown class", "elf-core", patched(core, 4, 3), /: offset 4: class 3 is neither 32 nor 64 bits/],
    ["an unknown byte order", "elf-core", patched(core, 5, 0), /: offset 5: byte order 0 is neither/],
    ["an executable", "elf-core", elfCore([low], { type: 2 }), /: offset 16: ELF type 2 is no core file \(4\)/],
    [
      "a cut ELF header",
      "elf-core",
      core.subarray(0, 40),
      /: offset 0: the ELF header needs 64 bytes, but the file ends at/,
    ],
    [
      "cut program headers",
      "elf-core",
      core.subarray(0, 100),
      /: offset 64: the table of 3 program headers needs 168 bytes/,
    ],
    [
      "short program headers",
      "elf-core",
      patched(core, 54, 8),
      /: offset 54: program headers of 8 bytes are too short/,
    ],
    ["a table far away", "elf-core", patched(core, 32 + 7, 0x7f), /: offset \d+: the table of 3 program headers needs/],
    [
      "a cut segment",
      "elf-core",
      core.subarray(0, -1),
      /: offset 176: segment 2 ends at offset 20732, but the file at 20731/,
    ],
    ["a segment of 2^63 bytes", "elf-core", patched(core, 64 + 56 + 32 + 7, 0x80), /: offset 120: segment 1 ends at/],
    ["a core without segments", "elf-core", elfCore([]), /: offset 64: no PT_LOAD segment has bytes in the file/],
    ["an empty file", "elf-core", new Uint8Array(0), /: offset 0: no ELF header/],
    ["a dump without magic", "lime", low.bytes, /: offset 0: no LiME header/],
    ["an empty dump", "lime", new Uint8Array(0), /: offset 0: the header of a range needs 32 bytes/],
    [
      "a cut range",
      "lime",
      lime.subarray(0, -1),
      /: offset 12320: the range 0xffffe000-0xffffffff ends at offset 20544/,
    ],
    ["a cut range header", "lime", lime.subarray(0, 12330), /: offset 12320: the header of a range needs 32 bytes/],
    ["a second range without magic", "lime", patched(lime, 12320, 0), /: offset 12320: no LiME header/],
    ["another version of LiME", "lime", patched(lime, 12324, 2), /: offset 12324: version 2 of LiME is not known/],
    [
      "a range that ends before it begins",
      "lime",
      patched(lime, 17, 0),
      /: offset 8: the range 0x1000-0xff ends before/,
    ],
    ["no signature", "swap", low.bytes, /: offset 4086: no signature SWAPSPACE2 at any of 4086, 16374, 65526/],
    ["another version of swap", "swap", patched(swap, 1024, 2), /: offset 1024: the version of the swap area is not 1/],
    ["a cut swap area", "swap", swap.subarray(0, -1), /: offset 1028: 3 pages of 4096 bytes end at offset 16384, but/],
    ["an empty swap area", "swap", patched(swap, 1028, 0), /: offset 1028: the swap area has no page/],
    ["too many bad pages", "swap", patched(swap, 1032, 0, 4), /: offset 1032: 1024 bad pages don't fit/],
    [
      "only bad pages",
      "swap",
      swapImage(low.bytes, 4096, { bad: [1, 2, 3] }),
      /: offset 1032: all pages of the swap area/,
    ],
    ["a cut section header", "elf-core", cutSectionHeader(), /: offset 232: section header 0 needs 48 bytes/],
  ];

  test.each(cases)("%s", async (_, format, bytes, message) => {
    const { code, stdout, stderr } = await zlab(["stat", temporaryFile("image", bytes), "--format", format]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^zlab: [^\n]*image: offset \d+: [^\n]*\n$/);
    expect(stderr).toMatch(message);
  });
});

function cutSectionHeader(): Uint8Array {
  return elfCore([low, high], { extendedCount: true }).subarray(0, 260);
}
