// Copying within a working memory: of literals from the unit to the stream or back, and of what a match repeats.
//
// A short copy moves a fixed number of bytes, whatever its length: up to 16 behind its end are overwritten, and as many read. Both ends
// may be the last ones of unit and stream, because of the slack that a working memory has there.

const LONG_COPY = 192; // bytes from which a call of copyWithin or fill, some 50 ns, beats moving words

/** Copies `length` bytes from `from` to `to`, one in the unit and one in the stream. The caller has checked that both ends lie there. */
export function copyLiterals(bytes: Uint8Array, view: DataView, from: number, to: number, length: number): void {
  if (length > LONG_COPY) bytes.copyWithin(to, from, from + length);
  else moveWords(view, from, to, length);
}

/** Copies `length` bytes from `offset` bytes back to `to`, as if byte by byte upwards: with an offset shorter than the length the
 * bytes repeat. The caller has checked that `offset` is from 1 to `to` and that the copy ends within the unit. */
export function copyMatch(bytes: Uint8Array, view: DataView, to: number, offset: number, length: number): void {
  if (length > LONG_COPY) {
    copyLongMatch(bytes, to, offset, length);
  } else if (offset >= 4) {
    moveWords(view, to - offset, to, length);
  } else {
    // Words must lie at least a word apart. Behind four bytes, twice or four times the offset does it.
    for (let i = to; i < to + 4; i++) bytes[i] = bytes[i - offset]!;
    moveWords(view, to + 4 - (offset === 3 ? 6 : 4), to + 4, length - 4);
  }
}

/** Writes zeros. */
export function putZeros(bytes: Uint8Array, view: DataView, to: number, length: number): void {
  if (length > LONG_COPY) bytes.fill(0, to, to + length);
  else for (let i = to; i < to + length; i += 4) view.setInt32(i, 0, true);
}

/** Moves 16 bytes, and as many more times 8 as it takes, upwards in words of four, so that `to` may lie four or more behind `from`. */
function moveWords(view: DataView, from: number, to: number, length: number): void {
  moveWord(view, from, to);
  moveWord(view, from + 4, to + 4);
  moveWord(view, from + 8, to + 8);
  moveWord(view, from + 12, to + 12);
  for (let moved = 16; moved < length; moved += 8) {
    moveWord(view, from + moved, to + moved);
    moveWord(view, from + moved + 4, to + moved + 4);
  }
}

/** Moves a word of four bytes: up to three literals, or a part of something longer. */
export function moveWord(view: DataView, from: number, to: number): void {
  view.setInt32(to, view.getInt32(from, true), true);
}

function copyLongMatch(bytes: Uint8Array, to: number, offset: number, length: number): void {
  const start = to - offset;
  const end = to + length;
  if (offset === 1) {
    bytes.fill(bytes[start]!, to, end);
    return;
  }
  // Each copy makes the stretch that repeats twice as long; there is only one if it doesn't overlap itself.
  for (let at = to; at < end;) {
    const copied = Math.min(at - start, end - at);
    bytes.copyWithin(at, start, start + copied);
    at += copied;
  }
}
