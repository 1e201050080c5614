// Units that are hard on the encoders, as fast-check arbitraries.

import fc from "fast-check";

export const seed: number = Number(process.env["ZLAB_SEED"] ?? 1);

/** One stretch of a unit: how it is made from what is there already. */
type Stretch =
  | { readonly kind: "run"; readonly byte: number; readonly length: number }
  | { readonly kind: "noise"; readonly seed: number; readonly mask: number; readonly length: number }
  | { readonly kind: "ramp"; readonly first: number; readonly step: number; readonly length: number }
  | { readonly kind: "repeat"; readonly distance: number; readonly length: number }
  | { readonly kind: "flip"; readonly distance: number };

/** Distances around the limits of the formats: of M2, M3, both blocks, a page, and the smallest. */
const DISTANCES = [
  1, 2, 3, 4, 7, 8, 9, 16, 2047, 2048, 2049, 4095, 4096, 16_383, 16_384, 16_385, 32_767, 32_768, 32_831, 49_151,
];

const distance = fc.oneof(fc.constantFrom(...DISTANCES), fc.integer({ min: 1, max: 65_535 }));
const length = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 40 }) },
  { weight: 3, arbitrary: fc.integer({ min: 200, max: 300 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 20_000 }) },
);

const stretch: fc.Arbitrary<Stretch> = fc.oneof(
  fc.record({ kind: fc.constant("run" as const), byte: fc.constantFrom(0, 0, 0, 255, 97), length }),
  fc.record({ kind: fc.constant("noise" as const), seed: fc.nat(), mask: fc.constantFrom(1, 3, 15, 255), length }),
  fc.record({ kind: fc.constant("ramp" as const), first: fc.nat(255), step: fc.nat(3), length }),
  fc.record({ kind: fc.constant("repeat" as const), distance, length }),
  fc.record({ kind: fc.constant("flip" as const), distance: fc.integer({ min: 1, max: 300 }) }),
);

function append(unit: Uint8Array, at: number, made: Stretch): number {
  if (made.kind === "flip") {
    if (made.distance <= at) unit[at - made.distance]! ^= 1;
    return at;
  }
  const end = Math.min(at + made.length, unit.length);
  let state = made.kind === "noise" ? made.seed | 1 : 0;
  for (let i = at; i < end; i++) {
    if (made.kind === "run") unit[i] = made.byte;
    else if (made.kind === "ramp") unit[i] = made.first + made.step * (i - at);
    else if (made.kind === "repeat") unit[i] = i >= made.distance ? unit[i - made.distance]! : 0;
    else {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      unit[i] = (state >>> 16) & made.mask;
    }
  }
  return end;
}

/** A unit of exactly `bytes` bytes: the stretches over and over, until it is full. */
function unitOf(bytes: number, stretches: readonly Stretch[]): Uint8Array {
  const unit = new Uint8Array(bytes);
  for (let at = 0, turn = 0; at < bytes && turn < bytes + 10; turn++) {
    at = append(unit, at, stretches[turn % stretches.length]!);
  }
  return unit;
}

/** Units of lengths from this arbitrary. */
export function units(bytes: fc.Arbitrary<number>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(bytes, fc.array(stretch, { minLength: 1, maxLength: 30 }))
    .map(([n, stretches]) => unitOf(n, stretches));
}

/** Lengths: of pages, small ones, around the ends of blocks, any. */
export const anyLength: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(4096, 16_384, 65_536),
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 49_145, max: 49_240 }),
  fc.integer({ min: 0, max: 65_536 }),
);
