// The reader of pool images. Most damage ends at a checksum, so that half of the inputs are written anew from what they hold, with right
// checksums: with other numbers in the head, tables that are cut, missing or of another kind, and critical numbers in their entries.

import { Buffer } from "node:buffer";
import { GFP_KERNEL, type MachineOptions, NO_WATERMARKS, Prng, type StateTable, isErrno } from "@zlab/hw-sim";
import type { ZpoolRegistry } from "@zlab/zpool";
import { createRegistry } from "../compose.ts";
import { type ImageFile, type Section, decodeImage, encodeImage } from "../snapshot/image-format.ts";
import { restoreImage } from "../snapshot/restore-image.ts";
import { PAGES_SECTION, saveImage } from "../snapshot/save-image.ts";
import { playAtRandom } from "../snapshot/flips/program.ts";
import { type FuzzedReader, type Mutation, assertRight } from "./fuzzed-reader.ts";
import { pick } from "./mutations.ts";

const MACHINE: MachineOptions = {
  pageBytes: 4096,
  zones: [
    { kind: "NORMAL", pages: 1100, watermarks: NO_WATERMARKS },
    { kind: "HIGHMEM", pages: 40, watermarks: NO_WATERMARKS },
  ],
  cpus: 2,
};

const HEAD_NUMBERS = [
  "0",
  "-1",
  "0.5",
  "1e999",
  "null",
  "4097",
  "16384",
  "65536",
  "268435456",
  "4294967296",
  '"x"',
  "[]",
];
const ENTRIES = [0, 1, -1, 2, 7, 255, 256, 1023, 1024, 4096, 65_535, 65_536, 2 ** 30, 2 ** 31 - 1, -(2 ** 31), 0.5];

function samples(): Uint8Array[] {
  const registry = createRegistry(MACHINE);
  return (["linux-6.12", "linux-3.10"] as const).map((era, i) => {
    const { machine } = createRegistry({ ...MACHINE, backing: i === 0 ? "array-buffer" : "size-only" });
    const pool = registry.driver("zsmalloc").create(machine, "image", { era });
    if (i === 0) playAtRandom(pool, [], 12, new Prng(5));
    else for (let bytes = 40; bytes < 120; bytes += 20) pool.malloc(bytes, GFP_KERNEL);
    return saveImage(machine, pool);
  });
}

/** Writes an image anew after a change to its text and sections; what is no sound file stays as it is. */
function rewritten(change: (text: string, sections: Section[], prng: Prng) => string): Mutation {
  return (bytes, prng) => {
    const file = decodeOrNothing(bytes);
    if (file === undefined) return bytes;
    const sections = file.places.map(({ name }) => ({ name, content: file.section(name) }));
    const text = change(file.text, sections, prng);
    return Buffer.concat([...encodeImage(text, sections)]);
  };
}

function decodeOrNothing(bytes: Uint8Array): ImageFile | undefined {
  try {
    return decodeImage(bytes);
  } catch {
    return undefined;
  }
}

/** Other bytes of objects, which the reader must take. */
const contents: Mutation = rewritten((text, sections, prng) => {
  const bytes = sections.find(({ name }) => name === PAGES_SECTION)?.content as Uint8Array | undefined;
  if (bytes !== undefined) bytes[prng.below(bytes.length)] = prng.below(256);
  return text;
});

const mutations: readonly Mutation[] = [
  contents,
  contents,
  contents,
  // A number of the head.
  rewritten((text, _sections, prng) => {
    const { index, 0: number } = pick(Array.from(text.matchAll(/\d+/g)), prng);
    return `${text.slice(0, index)}${pick(HEAD_NUMBERS, prng)}${text.slice(index + number.length)}`;
  }),
  // Some entries of a table.
  rewritten((text, sections, prng) => {
    const table = pick(sections, prng).content as StateTable;
    for (let left = 1 + prng.below(3); left > 0; left--) table[prng.below(table.length)] = pick(ENTRIES, prng);
    return text;
  }),
  // An entry that is copied over another.
  rewritten((text, sections, prng) => {
    const table = pick(sections, prng).content as StateTable;
    const filled = table.findIndex((entry, i) => entry !== 0 && i >= prng.below(table.length + 1));
    if (filled >= 0) table[prng.below(table.length)] = table[filled]!;
    return text;
  }),
  // A section that is gone, cut, or of another kind.
  rewritten((text, sections, prng) => {
    const chosen = prng.below(sections.length);
    const { name, content } = sections[chosen]!;
    const table = content as StateTable;
    if (prng.below(3) === 0) sections.splice(chosen, 1);
    else if (prng.below(2) === 0) sections[chosen] = { name, content: table.slice(0, prng.below(table.length + 1)) };
    else sections[chosen] = { name, content: Float64Array.from(table.subarray(0, 100)) };
    return text;
  }),
];

let drivers: ZpoolRegistry | undefined;

function read(bytes: Uint8Array): void {
  drivers ??= createRegistry(MACHINE);
  const { machine, pool } = restoreImage(bytes, drivers);
  const { objects } = pool.stats();
  const handle = pool.malloc(100, GFP_KERNEL);
  if (!isErrno(handle)) {
    assertRight(pool.stats().objects === objects + 1, "the number of objects after a malloc");
    pool.free(handle);
  }
  pool.compact?.();
  pool.check(3);
  machine.check();
}

export const poolImageReader: FuzzedReader = { name: "pool-image", weight: 8, samples, mutations, read };
