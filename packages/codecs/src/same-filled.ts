// Pages that consist of one machine word over and over. zram keeps the word and stores nothing.

/** Bytes of a machine word: 8 on a 64-bit kernel, 4 on a 32-bit one. */
export type WordBytes = 4 | 8;

/** Whether all words of the page are equal, whatever their value. A pattern whose period divides the word counts, a longer one doesn't.
 * The page's length is a positive multiple of `wordBytes`. */
export function isSameFilled(page: Uint8Array, wordBytes: WordBytes = 8): boolean {
  // Like the kernel, look at the last word first: most pages that begin with zeros end with something else.
  for (let i = 0, last = page.length - wordBytes; i < wordBytes; i++) if (page[i] !== page[last + i]) return false;
  const halves = halvesOf(page);
  const step = wordBytes >> 2;
  for (let i = step; i < halves.length; i++) if (halves[i] !== halves[i - step]) return false;
  return true;
}

/** The word that fills the page, little-endian; undefined if the page is not same-filled. */
export function sameFilledWord(page: Uint8Array, wordBytes: WordBytes = 8): bigint | undefined {
  if (!isSameFilled(page, wordBytes)) return undefined;
  let word = 0n;
  for (let i = wordBytes - 1; i >= 0; i--) word = (word << 8n) | BigInt(page[i]!);
  return word;
}

/** The page as 32-bit numbers; a copy where its place in memory doesn't allow a view. */
function halvesOf(page: Uint8Array): Uint32Array {
  const aligned = page.byteOffset % 4 === 0 ? page : new Uint8Array(page);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
}
