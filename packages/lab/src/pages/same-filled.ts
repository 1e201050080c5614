// Pages that consist of one machine word over and over. zram and zswap store the word and no object.

const WORD_BYTES = 8;

/** Whether all 64-bit words of the page are equal. The page's length is a multiple of 8. */
export function isSameFilled(page: Uint8Array): boolean {
  if (page.byteOffset % 4 !== 0) return isSameFilled(page.slice());
  const halves = new Uint32Array(page.buffer, page.byteOffset, page.length / 4);
  const step = WORD_BYTES / 4;
  for (let i = step; i < halves.length; i++) if (halves[i] !== halves[i - step]) return false;
  return true;
}
