// Copying within a working memory: of literals from the unit to the stream or back, and of what a match repeats.
//
// A short copy moves a fixed number of bytes, whatever its length: up to 16 behind its end are overwritten, and as many read. Both ends
// may be the last ones of unit and stream, because of the slack that a working memory has there.
//
// HOT: all of this, as is what calls it. What short copies need stands in functions of few lines, apart from the rest, because V8 puts a
// function in place of its call only if it is small with all that it calls.

const LONG_COPY = 192; // bytes from which a call of copyWithin or fill, some 50 ns, beats moving words

/** Copies `length` bytes from `from` to `to`, one in the unit and one in the stream. The caller has checked that both ends lie there. */
export function copyLiterals(bytes: Uint8Array, view: DataView, from: number, to: number, length: number): void {
  if (length <= 16) move16(view, from, to);
  else copyMoreLiterals(bytes, view, from, to, length);
}

/** Copies `length` bytes from `offset` bytes back to `to`, as if byte by byte upwards: with an offset shorter than the length the
 * bytes repeat. The caller has checked that `offset` is from 1 to `to` and that the copy ends within the unit. */
export function copyMatch(bytes: Uint8Array, view: DataView, to: number, offset: number, length: number): void {
  if (length <= 16 && offset >= 4) move16(view, to - offset, to);
  else copyMoreOfMatch(bytes, view, to, offset, length);
}

/** Writes zeros. */
export function putZeros(bytes: Uint8Array, view: DataView, to: number, length: number): void {
  if (length > LONG_COPY) bytes.fill(0, to, to + length);
  else for (let i = to; i < to + length; i += 4) view.setInt32(i, 0, true);
}

/** Copies up to three literals, by a word of four bytes. */
export function copyFewLiterals(view: DataView, from: number, to: number): void {
  view.setInt32(to, view.getInt32(from, true), true);
}

/** Moves 16 bytes upwards in words of four, so that `to` may lie four or more behind `from`. */
function move16(view: DataView, from: number, to: number): void {
  view.setInt32(to, view.getInt32(from, true), true);
  view.setInt32(to + 4, view.getInt32(from + 4, true), true);
  view.setInt32(to + 8, view.getInt32(from + 8, true), true);
  view.setInt32(to + 12, view.getInt32(from + 12, true), true);
}

/** Moves that as many times as `length` bytes take. */
function moveWords(view: DataView, from: number, to: number, length: number): void {
  for (let moved = 0; moved < length; moved += 16) move16(view, from + moved, to + moved);
}

function copyMoreLiterals(bytes: Uint8Array, view: DataView, from: number, to: number, length: number): void {
  if (length <= LONG_COPY) moveWords(view, from, to, length);
  else bytes.copyWithin(to, from, from + length);
}

function copyMoreOfMatch(bytes: Uint8Array, view: DataView, to: number, offset: number, length: number): void {
  if (length > LONG_COPY) {
    repeat(bytes, to, offset, length);
  } else if (offset >= 4) {
    moveWords(view, to - offset, to, length);
  } else {
    // Words must lie at least a word apart. Behind four bytes, twice or four times the offset does it.
    for (let i = to; i < to + 4; i++) bytes[i] = bytes[i - offset]!;
    moveWords(view, to + 4 - (offset === 3 ? 6 : 4), to + 4, length - 4);
  }
}

/** A match of any offset, by calls that are worth it for long ones. */
function repeat(bytes: Uint8Array, to: number, offset: number, length: number): void {
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
