// The LZO1X decoder of Linux, for both variants: it accepts the streams that the kernel accepts, gives the same bytes, and
// refuses the others for the same reason.
//
//   instruction byte   meaning                      distance
//   0000 llll          literal run                                             after none, or a run of four or more: below
//   0000 ddtt  H       M1: match of 2               1 + dd + 4 H               after 1 to 3 trailing literals
//   0000 ddtt  H       M1': match of 3              2049 + dd + 4 H            after a literal run
//   0001 hlll .. w     M4: match of lll + 2         16384 + 16384 h + w / 4    or zero run, or end marker
//   001l llll .. w     M3: match of lllll + 2       1 + w / 4
//   llld ddtt  H       M2: match of lll + 1         1 + ddd + 8 H              lll is at least 2
//
// tt, or the two lowest bits of the 16-bit number w, count the literals that trail the match. A length of 0 is continued in
// the next bytes. The decoder never reads behind the input because, wherever it reads an instruction, at least three bytes are left.

import { copyLiterals, copyMatch } from "./copy-match.ts";
import { badOffset, badStream, inputNotConsumed, inputOverrun, outputOverrun } from "./errors.ts";

const RESERVE = 3; // bytes of input known to remain where an instruction is read: the length of the end marker
const VERSION_MARK = 17;
const SHORTEST_WITH_VERSION = 5; // a stream without content has the same first byte
const FIRST_LITERALS = 17; // more than this as the first byte: literals without an instruction
const AFTER_RUN = 4; // the state after a literal run; otherwise it is the number of trailing literals
const RUN_BASE = 18; // length of a literal run beyond which it is extended
const M1_RUN_DISTANCE = 2048; // added to the distance of M1 after a literal run
const M4_DISTANCE = 16_384;
const END_MARKER = 17;

/** Decompresses a stream of either variant into `target`; returns the number of bytes it gave, which may be fewer than there is
 * room for. `name` is for messages. Throws a `CodecError` with ZLAB_CODEC_INPUT_OVERRUN, INPUT_NOT_CONSUMED, OUTPUT_OVERRUN,
 * BAD_OFFSET or BAD_STREAM. */
export function decodeLzo(name: string, source: Uint8Array, target: Uint8Array): number {
  const inputEnd = source.length;
  if (inputEnd < RESERVE) throw inputOverrun(name);
  const hasVersion = inputEnd >= SHORTEST_WITH_VERSION && source[0] === VERSION_MARK;
  const hasZeroRuns = hasVersion && source[1] !== 0;
  let input = hasVersion ? 2 : 0;
  let output = 0;
  let state = 0;
  let length = Math.max(source[input]! - FIRST_LITERALS, 0);
  if (length > 0) {
    input++;
    state = Math.min(length, AFTER_RUN);
    if (state < AFTER_RUN) output = putTrailing(name, source, input, target, output, length);
    else output = putRun(name, source, input, target, output, length);
    input += length;
  }
  for (;;) {
    const instruction = source[input++]!;
    let distance = 0;
    let trailing = instruction & 3;
    if (instruction >= 64) {
      length = (instruction >> 5) + 1;
      distance = 1 + ((instruction >> 2) & 7) + (source[input++]! << 3);
    } else if (instruction < 16 && state === 0) {
      const last = instruction === 0 ? skipZeros(name, source, input, 0) : input - 1;
      length = instruction === 0 ? RUN_BASE + 255 * (last - input) + source[last]! : instruction + 3;
      input = last + 1;
      output = putRun(name, source, input, target, output, length);
      input += length;
      state = AFTER_RUN;
      continue;
    } else if (instruction < 16) {
      length = state === AFTER_RUN ? 3 : 2;
      distance = 1 + (instruction >> 2) + (source[input++]! << 2) + (state === AFTER_RUN ? M1_RUN_DISTANCE : 0);
    } else if (hasZeroRuns && isZeroRun(instruction, source, input)) {
      if (inputEnd - input < 3) throw inputOverrun(name);
      trailing = source[input]! & 3;
      length = 4 + (instruction & 7) + (source[input + 2]! << 3);
      input += 3;
    } else {
      const lengthBits = instruction >= 32 ? 31 : 7;
      length = instruction & lengthBits;
      if (length === 0) {
        const last = skipZeros(name, source, input, 2);
        length = lengthBits + 255 * (last - input) + source[last]!;
        input = last + 1;
      }
      length += 2;
      const word = source[input]! | (source[input + 1]! << 8);
      input += 2;
      trailing = word & 3;
      distance = (instruction >= 32 ? 1 : M4_DISTANCE + ((instruction & 8) << 11)) + (word >> 2);
      if (distance === M4_DISTANCE && instruction < 32) {
        assertEnd(name, instruction, inputEnd - input);
        return output;
      }
    }
    if (distance > output) throw badOffset(name, distance, output);
    if (length > target.length - output) throw outputOverrun(name, target.length);
    if (distance > 0) copyMatch(target, output, distance, length);
    else target.fill(0, output, output + length);
    output = putTrailing(name, source, input, target, output + length, trailing);
    input += trailing;
    state = trailing;
  }
}

/** Whether the instruction, whose second byte is at `input`, is a zero run and not an M4 match. */
function isZeroRun(instruction: number, source: Uint8Array, input: number): boolean {
  return instruction >= 24 && instruction < 32 && source[input + 1] === 0xff && source[input]! >= 0xfc;
}

/** Position of the first byte from `input` on that isn't 0. Throws unless there is one and `moreBytes` behind it. */
function skipZeros(name: string, source: Uint8Array, input: number, moreBytes: number): number {
  let last = input;
  while (source[last] === 0) last++;
  if (last + moreBytes >= source.length) throw inputOverrun(name);
  return last;
}

/** Copies a literal run; returns the new end of the output. */
function putRun(
  name: string,
  source: Uint8Array,
  input: number,
  target: Uint8Array,
  output: number,
  length: number,
): number {
  if (length > target.length - output) throw outputOverrun(name, target.length);
  if (length + RESERVE > source.length - input) throw inputOverrun(name);
  copyLiterals(source, input, target, output, length);
  return output + length;
}

/** Copies up to three literals behind an instruction; returns the new end of the output. Checks in another order than `putRun`, which
 * decides what error a stream with both faults gives. */
function putTrailing(
  name: string,
  source: Uint8Array,
  input: number,
  target: Uint8Array,
  output: number,
  length: number,
): number {
  if (length + RESERVE > source.length - input) throw inputOverrun(name);
  if (length > target.length - output) throw outputOverrun(name, target.length);
  for (let i = 0; i < length; i++) target[output + i] = source[input + i]!;
  return output + length;
}

function assertEnd(name: string, instruction: number, leftBytes: number): void {
  if (instruction !== END_MARKER) throw badStream(name, "an end marker with a wrong length");
  if (leftBytes > 0) throw inputNotConsumed(name, leftBytes);
}
