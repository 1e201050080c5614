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

import { copyFewLiterals, copyLiterals, copyMatch, putZeros } from "./copy.ts";
import { badOffset, badStream, inputNotConsumed, inputOverrun, outputOverrun } from "./errors.ts";
import { type WorkingMemory, memoryToDecode } from "./working-memory.ts";

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
 * BAD_OFFSET or BAD_STREAM; the target is as it was then. */
export function decodeLzo(name: string, source: Uint8Array, target: Uint8Array): number {
  if (source.length < RESERVE) throw inputOverrun(name);
  const memory = memoryToDecode(source, target.length);
  const decodedBytes = decode(name, memory, memory.streamStart + source.length, target.length);
  memory.storeUnit(target, decodedBytes);
  return decodedBytes;
}

/** Decompresses the stream in the memory, which ends at `inputEnd`, to a unit of at most `outputEnd` bytes; returns their number. */
function decode(name: string, memory: WorkingMemory, inputEnd: number, outputEnd: number): number {
  const { bytes, view } = memory;
  let input = memory.streamStart;
  const hasVersion = inputEnd - input >= SHORTEST_WITH_VERSION && bytes[input] === VERSION_MARK;
  const hasZeroRuns = hasVersion && bytes[input + 1] !== 0;
  if (hasVersion) input += 2;
  let output = copyFirstLiterals(name, memory, input, inputEnd, outputEnd);
  if (output > 0) input += 1 + output;
  let state = Math.min(output, AFTER_RUN);
  // HOT: one turn for about 15 bytes of a page.
  for (;;) {
    const instruction = bytes[input++]!;
    let length = 0;
    let distance = 0;
    let trailing = instruction & 3;
    if (instruction >= 64) {
      length = (instruction >> 5) + 1;
      distance = 1 + ((instruction >> 2) & 7) + (bytes[input++]! << 3);
    } else if (instruction < 16 && state === 0) {
      const last = instruction === 0 ? skipZeros(name, bytes, input, inputEnd) : input - 1;
      length = instruction === 0 ? RUN_BASE + 255 * (last - input) + bytes[last]! : instruction + 3;
      input = last + 1;
      checkRun(name, length, inputEnd - input, outputEnd - output, outputEnd);
      copyLiterals(bytes, view, input, output, length);
      input += length;
      output += length;
      state = AFTER_RUN;
      continue;
    } else if (instruction < 16) {
      length = state === AFTER_RUN ? 3 : 2;
      distance = 1 + (instruction >> 2) + (bytes[input++]! << 2) + (state === AFTER_RUN ? M1_RUN_DISTANCE : 0);
    } else if (hasZeroRuns && isZeroRun(instruction, view.getUint16(input, true))) {
      if (inputEnd - input < 3) throw inputOverrun(name);
      trailing = bytes[input]! & 3;
      length = 4 + (instruction & 7) + (bytes[input + 2]! << 3);
      input += 3;
    } else {
      const lengthBits = instruction >= 32 ? 31 : 7;
      length = instruction & lengthBits;
      if (length === 0) {
        const last = skipZeros(name, bytes, input, inputEnd - 2);
        length = lengthBits + 255 * (last - input) + bytes[last]!;
        input = last + 1;
      }
      length += 2;
      const word = view.getUint16(input, true);
      input += 2;
      trailing = word & 3;
      distance = (instruction >= 32 ? 1 : M4_DISTANCE + ((instruction & 8) << 11)) + (word >> 2);
      if (distance === M4_DISTANCE && instruction < 32) {
        checkEnd(name, instruction, inputEnd - input);
        return output;
      }
    }
    if (distance > output) throw badOffset(name, distance, output);
    if (length > outputEnd - output) throw outputOverrun(name, outputEnd);
    if (distance > 0) copyMatch(bytes, view, output, distance, length);
    else putZeros(bytes, view, output, length);
    output += length;
    checkTrailing(name, trailing, inputEnd - input, outputEnd - output, outputEnd);
    copyFewLiterals(view, input, output);
    input += trailing;
    output += trailing;
    state = trailing;
  }
}

/** The first byte of a stream may be a number of literals, which is no instruction. Copies them; returns how many there are. */
function copyFirstLiterals(
  name: string,
  memory: WorkingMemory,
  first: number,
  inputEnd: number,
  outputEnd: number,
): number {
  const length = Math.max(memory.bytes[first]! - FIRST_LITERALS, 0);
  if (length === 0) return 0;
  const input = first + 1;
  if (length < AFTER_RUN) checkTrailing(name, length, inputEnd - input, outputEnd, outputEnd);
  else checkRun(name, length, inputEnd - input, outputEnd, outputEnd);
  copyLiterals(memory.bytes, memory.view, input, 0, length);
  return length;
}

/** Whether the instruction, with the word that follows it, is a zero run and not an M4 match. */
function isZeroRun(instruction: number, word: number): boolean {
  return instruction >= 24 && instruction < 32 && word >= 0xfffc;
}

/** Position of the first byte from `input` on that isn't 0. Throws if there is none before `end`. */
function skipZeros(name: string, bytes: Uint8Array, input: number, end: number): number {
  let last = input;
  while (last < end && bytes[last] === 0) last++;
  if (last >= end) throw inputOverrun(name);
  return last;
}

/** Throws unless a literal run fits into what is left of the input and into the room for output. */
function checkRun(name: string, length: number, leftBytes: number, roomBytes: number, targetBytes: number): void {
  if (length > roomBytes) throw outputOverrun(name, targetBytes);
  if (length + RESERVE > leftBytes) throw inputOverrun(name);
}

/** The same for up to three literals behind an instruction; in another order, which decides what error a stream with both faults gives. */
function checkTrailing(name: string, length: number, leftBytes: number, roomBytes: number, targetBytes: number): void {
  if (length + RESERVE > leftBytes) throw inputOverrun(name);
  if (length > roomBytes) throw outputOverrun(name, targetBytes);
}

function checkEnd(name: string, instruction: number, leftBytes: number): void {
  if (instruction !== END_MARKER) throw badStream(name, "an end marker with a wrong length");
  if (leftBytes > 0) throw inputNotConsumed(name, leftBytes);
}
