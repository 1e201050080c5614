// The LZ4 block decoder of Linux: it accepts the streams that the kernel accepts and gives the same bytes, with one exception
// on purpose. A match with offset 0, which the format forbids, makes the kernel put out zero bytes; here it is an error.

import { copyLiterals, copyMatch } from "./copy.ts";
import { badOffset, badStream, inputOverrun, outputOverrun } from "./errors.ts";
import { type WorkingMemory, memoryToDecode } from "./working-memory.ts";

const LENGTH_NIBBLE = 15;
const SHORTEST_MATCH = 4;
const LITERAL_TAIL = 5; // no match may end within so many last bytes of the output
// Literals that end within these last bytes of the output or the input must be the last ones.
const OUTPUT_MARGIN = 12;
const INPUT_MARGIN = 8;
// Far enough from both ends, a sequence of up to 14 literals and 18 bytes of match is "relaxed": not tested against them.
const RELAXED_INPUT = 16;
const RELAXED_OUTPUT = 32;
const RELAXED_OFFSET = 8; // and its match neither, if the offset is at least this

/** Decompresses a block into `target`; returns the number of bytes it gave, which may be fewer than there is room for.
 * Throws a `CodecError` with ZLAB_CODEC_INPUT_OVERRUN, OUTPUT_OVERRUN, BAD_OFFSET or BAD_STREAM; the target is as it was then. */
export function decodeLz4(source: Uint8Array, target: Uint8Array): number {
  if (source.length === 0) throw inputOverrun("lz4");
  const memory = memoryToDecode(source, target.length);
  const decodedBytes = decode(memory, memory.streamStart + source.length, target.length);
  memory.storeUnit(target, decodedBytes);
  return decodedBytes;
}

/** Decompresses the stream in the memory, which ends at `inputEnd`, to a unit of at most `outputEnd` bytes; returns their number. */
function decode(memory: WorkingMemory, inputEnd: number, outputEnd: number): number {
  const { bytes, view } = memory;
  let input = memory.streamStart;
  let output = 0;
  // Every sequence but the last leaves at least one byte of input, so there always is a token. HOT: one turn for about 15 bytes of a page.
  for (;;) {
    const token = bytes[input++]!;
    let literals = token >> 4;
    const isRelaxed =
      literals !== LENGTH_NIBBLE && input < inputEnd - RELAXED_INPUT && output <= outputEnd - RELAXED_OUTPUT;
    if (literals === LENGTH_NIBBLE) {
      let byte = 0;
      do {
        // 15 more bytes than this one, since there are at least 15 literals
        if (inputEnd - input <= LENGTH_NIBBLE) throw inputOverrun("lz4");
        byte = bytes[input++]!;
        literals += byte;
      } while (byte === 255);
    }
    if (!isRelaxed && (output + literals > outputEnd - OUTPUT_MARGIN || input + literals > inputEnd - INPUT_MARGIN)) {
      checkLastLiterals(inputEnd - input - literals, outputEnd - output - literals, outputEnd);
      copyLiterals(bytes, view, input, output, literals);
      return output + literals;
    }
    copyLiterals(bytes, view, input, output, literals);
    input += literals;
    output += literals;

    const offset = view.getUint16(input, true);
    input += 2;
    if (offset === 0 || offset > output) throw badOffset("lz4", offset, output);
    let match = token & LENGTH_NIBBLE;
    const isTested = !isRelaxed || match === LENGTH_NIBBLE || offset < RELAXED_OFFSET;
    if (match === LENGTH_NIBBLE) {
      let byte = 0;
      do {
        if (inputEnd - input <= LITERAL_TAIL) throw inputOverrun("lz4");
        byte = bytes[input++]!;
        match += byte;
      } while (byte === 255);
    }
    match += SHORTEST_MATCH;
    if (isTested && output + match > outputEnd - LITERAL_TAIL) throw outputOverrun("lz4", outputEnd);
    copyMatch(bytes, view, output, offset, match);
    output += match;
  }
}

/** The last sequence has literals only and exhausts the input. Throws unless it does, given what input and room it leaves. */
function checkLastLiterals(leftBytes: number, roomBytes: number, targetBytes: number): void {
  if (leftBytes < 0) throw inputOverrun("lz4");
  if (roomBytes < 0) throw outputOverrun("lz4", targetBytes);
  if (leftBytes > 0) throw badStream("lz4", "a match so close to the end that none can follow it");
}
