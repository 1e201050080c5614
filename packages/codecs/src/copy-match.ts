// Copying within the output of a decoder.

const SHORT_COPY = 16; // bytes up to which a loop beats a call of copyWithin or fill

/** Copies `length` bytes from `offset` bytes back to `at`, as if byte by byte upwards: with an offset shorter than the length the
 * bytes repeat. The caller has checked that `offset` is from 1 to `at` and that the copy ends within `bytes`. */
export function copyMatch(bytes: Uint8Array, at: number, offset: number, length: number): void {
  if (length <= SHORT_COPY) {
    for (let to = at, from = at - offset, end = at + length; to < end; to++, from++) bytes[to] = bytes[from]!;
  } else if (offset >= length) {
    bytes.copyWithin(at, at - offset, at - offset + length);
  } else if (offset === 1) {
    bytes.fill(bytes[at - 1]!, at, at + length);
  } else {
    repeat(bytes, at, offset, length);
  }
}

/** Copies what repeats; each copy makes the repeated stretch twice as long. */
function repeat(bytes: Uint8Array, at: number, offset: number, length: number): void {
  const start = at - offset;
  const end = at + length;
  for (let to = at; to < end;) {
    const copied = Math.min(to - start, end - to);
    bytes.copyWithin(to, start, start + copied);
    to += copied;
  }
}

/** Copies `length` literals. The caller has checked both ends. */
export function copyLiterals(source: Uint8Array, from: number, target: Uint8Array, at: number, length: number): void {
  if (length <= SHORT_COPY) for (let i = 0; i < length; i++) target[at + i] = source[from + i]!;
  else target.set(source.subarray(from, from + length), at);
}
