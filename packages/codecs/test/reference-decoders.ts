// The decoders once more, as plainly as can be: every byte is asked for, and the result is a value, never an exception. They are what
// the fast ones are compared with on damaged streams.

/** The bytes that came out, or why none did. */
export type Decoded =
  | Uint8Array
  | "INPUT_OVERRUN"
  | "INPUT_NOT_CONSUMED"
  | "OUTPUT_OVERRUN"
  | "BAD_OFFSET"
  | "BAD_STREAM";

/** What the kernel's LZ4 decoder accepts; here any failure is just "undefined", and a match with offset 0 is one. */
export function referenceLz4Decode(source: Uint8Array, room: number): Uint8Array | undefined {
  const out: number[] = [];
  let i = 0;
  const more = (nibble: number, remaining: number): number => {
    if (nibble < 15) return nibble;
    let sum = 15;
    for (let byte = 255; byte === 255; sum += byte) {
      if (i >= source.length) return Number.NaN;
      byte = source[i++]!;
      if (source.length - i < remaining) return Number.NaN;
    }
    return sum;
  };
  while (i < source.length) {
    const token = source[i++]!;
    const isRelaxed = token >> 4 !== 15 && i < source.length - 16 && out.length <= room - 32;
    const literals = more(token >> 4, 15);
    if (Number.isNaN(literals)) return undefined;
    const isLast = !isRelaxed && (out.length + literals > room - 12 || i + literals > source.length - 8);
    if (isLast && (i + literals !== source.length || out.length + literals > room)) return undefined;
    out.push(...source.subarray(i, i + literals));
    i += literals;
    if (isLast) return Uint8Array.from(out);
    const offset = source[i]! + 256 * source[i + 1]!;
    i += 2;
    if (offset > out.length || offset === 0) return undefined;
    const match = more(token & 15, 5) + 4;
    if (Number.isNaN(match)) return undefined;
    const isExempt = isRelaxed && (token & 15) !== 15 && offset >= 8;
    if (!isExempt && out.length + match > room - 5) return undefined;
    for (let k = 0; k < match; k++) out.push(out[out.length - offset]!);
  }
  return undefined;
}

export function referenceLzoDecode(source: Uint8Array, room: number): Decoded {
  const out: number[] = [];
  let i = 0;
  let failure: Exclude<Decoded, Uint8Array> | undefined;
  const left = (): number => source.length - i;
  const fail = (why: Exclude<Decoded, Uint8Array>): boolean => {
    failure ??= why;
    return false;
  };
  const copyInput = (count: number): void => {
    for (let k = 0; k < count; k++) out.push(source[i++]!);
  };
  const hasRoom = (count: number): boolean => out.length + count <= room || fail("OUTPUT_OVERRUN");
  const hasInput = (count: number): boolean => left() >= count || fail("INPUT_OVERRUN");
  const extended = (base: number): number => {
    let value = base;
    while (source[i] === 0) {
      value += 255;
      i++;
      if (!hasInput(1)) return 0;
    }
    return value + source[i++]!;
  };
  const word = (): number => source[i]! + 256 * source[i + 1]!;

  if (!hasInput(3)) return failure!;
  let version = 0;
  if (source.length >= 5 && source[0] === 17) {
    version = source[1]!;
    i = 2;
  }
  let state = 0;
  if (source[i]! > 17) {
    const count = source[i++]! - 17;
    const isSound = count <= 3 ? hasInput(count + 3) && hasRoom(count) : hasRoom(count) && hasInput(count + 3);
    if (!isSound) return failure!;
    copyInput(count);
    state = Math.min(count, 4);
  }
  for (;;) {
    const b = source[i++]!;
    let [length, distance, trailing] = [0, 0, 0];
    if (b <= 15 && state === 0) {
      const count = b === 0 ? extended(18) : b + 3;
      if (failure !== undefined || !hasRoom(count) || !hasInput(count + 3)) return failure!;
      copyInput(count);
      state = 4;
      continue;
    }
    if (b <= 15 || b >= 64) {
      const high = source[i++]!;
      trailing = b % 4;
      if (b >= 64) [length, distance] = [Math.floor(b / 32) + 1, 1 + (Math.floor(b / 4) % 8) + 8 * high];
      else if (state === 4) [length, distance] = [3, 2049 + Math.floor(b / 4) + 4 * high];
      else [length, distance] = [2, 1 + Math.floor(b / 4) + 4 * high];
    } else if (b <= 31 && version !== 0 && b >= 24 && word() >= 0xfffc) {
      if (!hasInput(3)) return failure!;
      [length, trailing] = [4 + (b % 8) + 8 * source[i + 2]!, word() % 4];
      i += 3;
    } else {
      const isM3 = b >= 32;
      const short = b % (isM3 ? 32 : 8);
      length = short === 0 ? extended(isM3 ? 33 : 9) : short + 2;
      if (failure !== undefined || !hasInput(2)) return failure!;
      trailing = word() % 4;
      distance = Math.floor(word() / 4) + (isM3 ? 1 : b % 16 >= 8 ? 32_768 : 16_384);
      i += 2;
      if (!isM3 && distance === 16_384) {
        if (length !== 3) return "BAD_STREAM";
        return left() > 0 ? "INPUT_NOT_CONSUMED" : Uint8Array.from(out);
      }
    }
    if (distance > out.length) return "BAD_OFFSET";
    if (!hasRoom(length)) return failure!;
    for (let k = 0; k < length; k++) out.push(distance === 0 ? 0 : out[out.length - distance]!);
    if (!hasInput(trailing + 3) || !hasRoom(trailing)) return failure!;
    copyInput(trailing);
    state = trailing;
  }
}
