// Images of pools: saved and restored, damaged bit by bit, and from the command line.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GFP_KERNEL, ZlabError, largePages } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { createRegistry, createZsPool } from "../src/compose.ts";
import { checkImages } from "../src/snapshot/flips/check-images.ts";
import { type FlipMode, chooseFlip, tryFlip } from "../src/snapshot/flips/campaign.ts";
import { harmlessKind } from "../src/snapshot/flips/harmless.ts";
import { differences } from "../src/snapshot/flips/program.ts";
import { type Subject, makeSubjects, observe } from "../src/snapshot/flips/subjects.ts";
import { decodeImage, encodeImage, mendChecksums } from "../src/snapshot/image-format.ts";
import { parseHead } from "../src/snapshot/image-head.ts";
import { restoreImage } from "../src/snapshot/restore-image.ts";
import { saveImage } from "../src/snapshot/save-image.ts";
import { zlab, zlabJson } from "./zlab.ts";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);
const FLIPS = 100;
let subjects: Subject[] = [];

beforeAll(() => {
  subjects = makeSubjects(seed);
});

const codeOf = (action: () => unknown): string => {
  try {
    action();
    return "nothing thrown";
  } catch (error) {
    return ZlabError.is(error) ? error.code : String(error);
  }
};

test("a restored pool does exactly what the original did", () => {
  for (const subject of subjects) {
    const { machine, pool } = restoreImage(subject.bytes, subject.registry);
    expect(differences(subject.expected, observe(machine, pool, subject.live)), subject.name).toEqual([]);
  }
});

test("equal states have equal images", () => {
  for (const { bytes, registry } of subjects) {
    const { machine, pool } = restoreImage(bytes, registry);
    expect(Buffer.compare(saveImage(machine, pool), bytes)).toBe(0);
  }
});

test.each<FlipMode>(["as-is", "mended"])("every flipped bit is reported or harmless: %s", (mode) => {
  for (let index = 0; index < FLIPS; index++) {
    const subject = subjects[index % subjects.length]!;
    const flip = chooseFlip(subject, mode, seed, index);
    const result = tryFlip(subject, mode, flip);
    expect(result.verdict, `${subject.name}, ${JSON.stringify(flip)}: ${result.by}`).not.toBe("failed");
    if (mode === "as-is") expect(result.verdict).toBe("reported");
  }
});

/** A copy of a subject's image with a change to a section and right checksums. */
function changed(subject: Subject, section: string, change: (bytes: DataView) => void): Uint8Array {
  const bytes = subject.bytes.slice();
  const { offset, lengthBytes } = subject.places.find(({ name }) => name === section)!;
  change(new DataView(bytes.buffer, offset, lengthBytes));
  mendChecksums(bytes, subject.headBytes, subject.places);
  return bytes;
}

test.each<[string, string, (bytes: DataView) => void]>([
  ["ZLAB_IMAGE_STATE", "pool/zspages", (view) => view.setInt32(4 * 5, 77, true)],
  ["ZLAB_IMAGE_STATE", "pool/handles", (view) => view.setInt32(0, 1, true)],
  ["ZLAB_IMAGE_STATE", "machine/zone.counts", (view) => view.setFloat64(0, 1025, true)],
  ["ZLAB_CORRUPT", "machine/page.state", (view) => view.setUint8(0, 0xff)],
  ["ZLAB_CORRUPT", "pool/handles.free", (view) => view.setInt32(0, 0x7fff_ffff, true)],
  ["ZLAB_CORRUPT", "pool/pool.counters", (view) => view.setFloat64(8, 0, true)],
  ["ZLAB_IMAGE_SURPLUS", "pool/zspages", (view) => view.setInt32(view.byteLength - 4, 1, true)],
])("%s for a wrong value in %s", (code, section, change) => {
  const subject = subjects[0]!;
  expect(codeOf(() => restoreImage(changed(subject, section, change), subject.registry))).toBe(code);
});

test("whatever words the tables hold, restore ends and throws nothing but its own errors", () => {
  const subject = subjects[0]!;
  const { lengthBytes } = subject.places.find(({ name }) => name === "pool/zspages")!;
  for (const value of [-1, 1, 4096, 0x7fff_ffff, -0x8000_0000, 33_000]) {
    for (const [section, count] of [
      ["pool/zspages", 40],
      ["pool/handles", 8],
      ["machine/page.a", 8],
    ] as const) {
      const start = section === "pool/zspages" ? 13 + (value & 31) : 1;
      const bytes = changed(subject, section, (view) => {
        const step = section === "pool/zspages" ? Math.floor(lengthBytes / 4 / count) : 3;
        for (let i = 0; i < count; i++) view.setInt32(4 * (start + i * step), value, true);
      });
      expect(codeOf(() => restoreImage(bytes, subject.registry))).toMatch(/^ZLAB_(?:CORRUPT|IMAGE_)/);
    }
  }
});

test.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
  ["nothing", () => new Uint8Array(), "ZLAB_IMAGE_UNKNOWN"],
  ["another file", () => Buffer.from("a text that is no image at all"), "ZLAB_IMAGE_UNKNOWN"],
  ["a later version", (bytes) => bytes.with(8, 2), "ZLAB_IMAGE_UNKNOWN"],
  ["a file that was cut off", (bytes) => bytes.slice(0, -1), "ZLAB_IMAGE_FORMAT"],
  ["one with something appended", (bytes) => Buffer.concat([bytes, Uint8Array.of(0)]), "ZLAB_IMAGE_FORMAT"],
  ["a copy of the head that differs", (bytes) => bytes.with(bytes.length - 1, 1), "ZLAB_IMAGE_FORMAT"],
  ["a damaged head", (bytes) => bytes.with(40, 1), "ZLAB_IMAGE_CHECKSUM"],
])("refuses %s", (_what, damage, code) => {
  expect(codeOf(() => decodeImage(damage(subjects[0]!.bytes)))).toBe(code);
});

test.each<[string, (head: Record<string, unknown>) => void, RegExp]>([
  ["no backend", (head) => delete head["backend"], /backend in the head must be a text/],
  ["an owner that is none", (head) => (head["ownerNumber"] = 9), /ownerNumber in the head is the number of no owner/],
  ["an option that is a list", (head) => (head["options"] = { era: [] }), /options\.era in the head must be a word/],
  ["zones that are none", (head) => (head["machine"] = { pageBytes: 4096, zones: 1 }), /machine\.zones in the head/],
  [
    "watermarks without numbers",
    (head) =>
      (head["machine"] = { pageBytes: 4096, zones: [{ kind: "NORMAL", pages: 9, watermarks: { minPages: "1" } }] }),
    /machine\.watermarks\.minPages in the head must be a number/,
  ],
])("refuses a head with %s", (_what, change, message) => {
  const head = JSON.parse(decodeImage(subjects[0]!.bytes).text) as Record<string, unknown>;
  change(head);
  expect(() => parseHead(JSON.stringify(head))).toThrow(message);
});

test("has sections of odd lengths, and none twice", () => {
  const sections = [1, 2, 7].map((length) => ({
    name: `x${"y".repeat(length)}`,
    content: new Uint8Array(length).fill(9),
  }));
  const file = decodeImage(Buffer.concat([...encodeImage("{}", sections)]));
  expect(sections.map(({ name }) => file.section(name))).toEqual(sections.map(({ content }) => content));
  const twice = Buffer.concat([...encodeImage("{}", [sections[0]!, sections[0]!])]);
  expect(codeOf(() => decodeImage(twice))).toBe("ZLAB_IMAGE_FORMAT");
});

test("a pool is not written down while others have pages, while it is mapped, or without images", () => {
  const pool = createZsPool(largePages(4096, 2 ** 22), {});
  const handle = pool.malloc(100, GFP_KERNEL) as Handle;
  pool.map(handle, 0);
  expect(codeOf(() => saveImage(pool.machine, pool))).toBe("ZLAB_MAPPED");
  pool.unmap(handle);
  pool.machine.allocPages(0, GFP_KERNEL, pool.machine.registerOwner("another"));
  expect(codeOf(() => saveImage(pool.machine, pool))).toBe("ZLAB_IMAGE_REFUSED");
  const registry = createRegistry(largePages(4096, 2 ** 22));
  const hardened = registry.create("zsmalloc", "pool", { hardened: true }).backend;
  expect(codeOf(() => saveImage(registry.machine, hardened))).toBe("ZLAB_IMAGE_REFUSED");
});

test("a flip is harmless only where its kind can be, and only if nothing else differs", () => {
  const place = { name: "pool/pool.counters", offset: 0, lengthBytes: 56, kind: 4 as const, crc: 0 };
  expect(harmlessKind(place, 4, ["stats.failures"])?.name).toBe("count of events");
  expect(harmlessKind(place, 4, ["stats.failures", "contents"])).toBeUndefined();
  expect(harmlessKind(place, 0, ["stats.totalPages"])).toBeUndefined();
  expect(harmlessKind(place, 4, [])).toBeUndefined();
});

test("the campaign from the command line: counts, JSON, and misuse", () => {
  const outcome = (...argv: string[]): [number, string] => {
    let output = "";
    const terminal = { write: (text: string) => (output += text) };
    return [checkImages(argv, { stdout: terminal, stderr: terminal, env: {}, cwd: "." }), output];
  };
  const [exitCode, json] = outcome("--flips", "10", "--seed", "3", "--json");
  expect([exitCode, JSON.parse(json)]).toMatchObject([
    0,
    { seed: 3, modes: [{ flips: 10 }, { flips: 10, failures: [] }] },
  ]);
  expect(outcome("--flip", "4")[1]).toMatch(/any bit of the file: 1\n[^]*and then right checksums: 1\n/);
  expect(outcome("--flips", "0")).toEqual([2, expect.stringContaining("--flips must be a whole number from 1")]);
});

test("zlab stat --save-image and zlab image", async () => {
  const directory = mkdtempSync(join(tmpdir(), "zlab-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const pages = join(directory, "pages.bin");
  const image = join(directory, "pool.img");
  writeFileSync(
    pages,
    Uint8Array.from({ length: 40 * 4096 }, (_, i) => (i * i) >> (i & 15)),
  );
  const stat = await zlab(["stat", pages, "--codec", "lz4", "--save-image", image]);
  expect(stat.code).toBe(0);
  expect(statSync(image).mode & 0o777).toBe(0o600);
  expect((await zlab(["stat", pages, "--save-image", image])).code).toBe(2);
  const shown = await zlab(["image", image]);
  expect(shown.code).toBe(0);
  expect(shown.stdout).toContain("all sound");
  expect(shown.stdout.endsWith(stat.stdout)).toBe(true);
  expect(await zlabJson(["image", image])).toMatchObject({ sound: true, backend: "zsmalloc", stats: { objects: 40 } });
  const bytes = readFileSync(image);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(image, bytes);
  const damaged = await zlab(["image", image]);
  expect([damaged.code, damaged.stdout]).toEqual([1, expect.stringContaining("section pages, from byte")]);
  expect((await zlab(["image", pages])).stderr).toMatch(/pages\.bin: not an image of a pool; name a file/);
  expect((await zlab(["image", join(directory, "none")])).stderr).toMatch(/none: no such file/);
});
