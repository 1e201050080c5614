// Flips single bits of images and restores them: in the file as it is, where the checksums must report every flip; and in the
// metadata with the checksums written anew, where structure and invariants stand alone. What they don't report must be of a kind
// that is known to be harmless, and is tried: the restored pool runs a program, and may differ from the original only
// in what that kind names.

import { ImageError, MachineError, Prng, ZlabError } from "@zlab/hw-sim";
import { ZPoolError } from "@zlab/zpool";
import { messageOf } from "../../errors.ts";
import { mendChecksums } from "../image-format.ts";
import { restoreImage } from "../restore-image.ts";
import { harmlessKind } from "./harmless.ts";
import { differences } from "./program.ts";
import { type Subject, isContents, observe, placeAt } from "./subjects.ts";

/** `as-is`: any bit of the file. `mended`: a bit of the metadata, and then right checksums. */
export type FlipMode = "as-is" | "mended";

/** What became of a flip. */
export interface FlipResult {
  readonly verdict: "reported" | "harmless" | "failed";
  /** What reported it, or the harmless kind, or what went wrong. */
  readonly by: string;
  /** The part of the file that the bit is in. */
  readonly where: string;
  readonly ms: number;
}

/** A bit of a file. */
export interface Flip {
  readonly byte: number;
  readonly bit: number;
}

/** Spreads the seeds of neighbouring flips. */
const SEED_STEP = 0x9e37_79b1;

/** The flip of that number; it depends on nothing else. Every second one is in a section taken at random, and there in a byte that is not
 * 0, since most of a file is large tables with little in them; the others are anywhere. */
export function chooseFlip(subject: Subject, mode: FlipMode, seed: number, index: number): Flip {
  const prng = new Prng(seed + Math.imul(index, SEED_STEP));
  const { bytes, places } = subject;
  const isEligible = (byte: number): boolean => mode === "as-is" || !isContents(subject, byte);
  const bit = prng.below(8);
  for (;;) {
    let byte = prng.below(bytes.length);
    if (index % 2 === 1) {
      const { offset, lengthBytes } = places[prng.below(places.length)]!;
      if (lengthBytes === 0) continue;
      byte = offset + prng.below(lengthBytes);
      while (bytes[byte] === 0 && byte > offset) byte--;
    }
    if (isEligible(byte)) return { byte, bit };
  }
}

/** Flips the bit, restores, and undoes it. */
export function tryFlip(subject: Subject, mode: FlipMode, { byte, bit }: Flip): FlipResult {
  const startMs = performance.now();
  const bytes = subject.bytes.slice();
  bytes[byte]! ^= 1 << bit;
  if (mode === "mended") mendChecksums(bytes, subject.headBytes, subject.places);
  const where = placeAt(subject, byte)?.name ?? "head or padding";
  const done = (verdict: FlipResult["verdict"], by: string): FlipResult => ({
    verdict,
    by,
    where,
    ms: performance.now() - startMs,
  });
  try {
    const { machine, pool } = restoreImage(bytes, subject.registry);
    return judgeSilence(subject, byte, differences(subject.expected, observe(machine, pool, subject.live)), done);
  } catch (error) {
    const reporter = reporterOf(error);
    return reporter === undefined ? done("failed", `crash: ${messageOf(error)}`) : done("reported", reporter);
  }
}

/** A flip that nothing reported. */
function judgeSilence(
  subject: Subject,
  byte: number,
  differing: readonly string[],
  done: (verdict: FlipResult["verdict"], by: string) => FlipResult,
): FlipResult {
  const place = placeAt(subject, byte);
  const entryBytes = place === undefined ? 1 : [1, 1, 2, 4, 8][place.kind]!;
  const entry = place === undefined ? byte : Math.floor((byte - place.offset) / entryBytes);
  const kind = place && harmlessKind(place, entry, differing);
  if (kind !== undefined) return done("harmless", kind.name);
  return done(
    "failed",
    `silent at entry ${entry}: the pool differs in ${differing.join(", ") || "nothing, which explains nothing"}`,
  );
}

/** Which of the safeguards an error comes from; undefined for an error that is none of zlab's. */
function reporterOf(error: unknown): string | undefined {
  if (!ZlabError.is(error)) return undefined;
  if (error.code === "ZLAB_CORRUPT") {
    if (error instanceof MachineError) return "check of the machine";
    return error instanceof ZPoolError ? "check(3) of the pool" : undefined;
  }
  if (!(error instanceof ImageError)) return "options";
  return REPORTERS[error.code];
}

const REPORTERS: Readonly<Record<string, string>> = {
  ZLAB_IMAGE_CHECKSUM: "checksum",
  ZLAB_IMAGE_UNKNOWN: "structure of the file",
  ZLAB_IMAGE_FORMAT: "structure of the file",
  ZLAB_IMAGE_STATE: "value that no state has",
  ZLAB_IMAGE_SURPLUS: "not 0 where no state is",
  ZLAB_IMAGE_REFUSED: "pages of nobody",
};
