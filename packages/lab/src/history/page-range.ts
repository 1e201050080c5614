// How zram splits a range of bytes into pages (specification of zram, sections 3.1 and 6).

/** Pages from `first` to before `end`. */
export interface PageRange {
  readonly first: number;
  readonly end: number;
}

/** The pages that a write changes: of those that it covers in part, the rest is read before and written again. */
export function touchedPages(offsetBytes: number, lengthBytes: number, pageBytes: number): PageRange {
  const first = Math.floor(offsetBytes / pageBytes);
  return { first, end: lengthBytes === 0 ? first : Math.ceil((offsetBytes + lengthBytes) / pageBytes) };
}

/** The pages that a discard frees: those that it covers as a whole. */
export function coveredPages(offsetBytes: number, lengthBytes: number, pageBytes: number): PageRange {
  const first = Math.ceil(offsetBytes / pageBytes);
  return { first, end: Math.max(first, Math.floor((offsetBytes + lengthBytes) / pageBytes)) };
}
