// The images whose bits are flipped: pools of all eras and of different machines, after some random operations.

import { type Machine, type MachineOptions, NO_WATERMARKS, Prng } from "@zlab/hw-sim";
import type { PoolOptions, ZpoolBackend, ZpoolRegistry } from "@zlab/zpool";
import { createRegistry } from "../../compose.ts";
import { type SectionPlace, decodeImage } from "../image-format.ts";
import { PAGES_SECTION, saveImage } from "../save-image.ts";
import { type LiveObject, type Observation, observeProgram, playAtRandom } from "./program.ts";

interface Recipe {
  readonly backend: string;
  readonly options: PoolOptions;
  readonly machine: MachineOptions;
  readonly operations: number;
}

const ONE_ZONE: MachineOptions = {
  pageBytes: 4096,
  zones: [{ kind: "NORMAL", pages: 400, watermarks: NO_WATERMARKS }],
};
/** Two zones, the first of which begins with a block that was never touched. */
const TWO_ZONES: MachineOptions = {
  pageBytes: 4096,
  zones: [
    { kind: "NORMAL", pages: 1060, watermarks: { minPages: 500, lowPages: 1000, highPages: 1010 } },
    { kind: "HIGHMEM", pages: 70, watermarks: { minPages: 2, lowPages: 4, highPages: 6 } },
  ],
  cpus: 2,
};

const RECIPES: readonly Recipe[] = [
  { backend: "zsmalloc", options: {}, machine: ONE_ZONE, operations: 250 },
  { backend: "zsmalloc", options: { chainSize: 4 }, machine: TWO_ZONES, operations: 200 },
  { backend: "zsmalloc", options: { era: "linux-4.x" }, machine: ONE_ZONE, operations: 150 },
  { backend: "zsmalloc", options: { era: "linux-3.10" }, machine: TWO_ZONES, operations: 120 },
  { backend: "zsmalloc", options: { era: "rfc-2026", layout: "in-page" }, machine: ONE_ZONE, operations: 100 },
];

/** An image, and what the pool did after it was written. */
export interface Subject {
  readonly name: string;
  readonly registry: ZpoolRegistry;
  readonly bytes: Uint8Array;
  readonly headBytes: number;
  readonly places: readonly SectionPlace[];
  /** Objects in the image. */
  readonly live: readonly LiveObject[];
  /** What the original gave in the program that follows. */
  readonly expected: Observation;
}

/** Makes the images; they depend on the seed alone. */
export function makeSubjects(seed: number): Subject[] {
  return RECIPES.map((recipe, i) => makeSubject(recipe, seed + i));
}

function makeSubject({ backend, options, machine: machineOptions, operations }: Recipe, seed: number): Subject {
  const registry = createRegistry(machineOptions);
  const { machine } = registry;
  const pool = registry.driver(backend).create(machine, "flipped", options);
  const live: LiveObject[] = [];
  playAtRandom(pool, live, operations, new Prng(seed));
  const bytes = saveImage(machine, pool);
  const { places } = decodeImage(bytes);
  const words = Object.entries(options).map(([name, value]) => `${name} ${String(value)}`);
  return {
    name: [backend, ...words].join(", "),
    registry,
    bytes,
    headBytes: places[0]!.offset,
    places,
    live: [...live],
    expected: observe(machine, pool, live),
  };
}

/** What a pool gives in the program that follows the image. */
export function observe(machine: Machine, pool: ZpoolBackend, live: readonly LiveObject[]): Observation {
  return observeProgram(machine, pool, [...live]);
}

/** The section that a byte of the file is in; undefined for heads and padding. */
export function placeAt({ places }: Subject, byte: number): SectionPlace | undefined {
  return places.find(({ offset, lengthBytes }) => byte >= offset && byte < offset + lengthBytes);
}

/** Whether a byte belongs to the contents of objects, and so not to the metadata. */
export function isContents(subject: Subject, byte: number): boolean {
  return placeAt(subject, byte)?.name === PAGES_SECTION;
}
