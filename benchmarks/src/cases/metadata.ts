// The exact count of a zsmalloc pool's metadata: every word of its tables and of the machine's that is in use, by what it grows with.
//
//   with the objects   a cell for each handle and a word for each slot, free slots included
//   with the pages     a page's descriptor and its frame number, the header of its zspage, and what full segments leave over
//   with neither       the class records, and the part of each class's newest segment that no zspage has used yet

import { type ZsPool } from "@zlab/zsmalloc";

/** What is counted, in bytes. */
export interface MetadataCount {
  readonly handleCells: number;
  readonly slotWords: number;
  readonly zspageHeaders: number;
  readonly frameNumbers: number;
  /** Ends of segments that are too short for a zspage, records of released zspages, and the class of each segment. */
  readonly segments: number;
  /** Class records and the unused parts of the newest segments: at most a segment of 4 to 8 KiB for each class. */
  readonly fixed: number;
  readonly descriptors: number;
}

const WORD_BYTES = 4;
const HEADER_WORDS = 4; // of a zspage: state, next, previous, sequence
/** State and order, owner, and the two words of the holder (hw-sim, page-table.ts). */
const DESCRIPTOR_BYTES = 1 + 2 + 4 + 4;

/** Counts the tables of a pool. */
export function countMetadata(pool: ZsPool): MetadataCount {
  const { zspages } = pool;
  const sum = (of: (c: (typeof zspages.classes)[number]) => number): number =>
    zspages.classes.reduce((total, c) => total + of(c), 0);
  const slots = sum((c) => pool.objectsAllocatedOf(c));
  const headerWords = HEADER_WORDS * sum((c) => zspages.zspagesOf(c));
  const pages = pool.totalPages();
  const classOfSegment = zspages.copySegments();
  const usedSegments = classOfSegment.filter((c) => c !== 0).length;
  const words = zspages.copyWords().length;
  const segmentWords = words / classOfSegment.length;
  const unusedWords = sum((c) => {
    const recordWords = HEADER_WORDS + zspages.capacityOf(c) + zspages.pagesOf(c);
    const segments = classOfSegment.filter((other) => other === c).length;
    return (segments * Math.floor(segmentWords / recordWords) - zspages.recordsOf(c)) * recordWords;
  });
  const restWords = usedSegments * segmentWords - headerWords - slots - pages - unusedWords;
  return {
    handleCells: WORD_BYTES * pool.handles.cellCount,
    slotWords: WORD_BYTES * slots,
    zspageHeaders: WORD_BYTES * headerWords,
    frameNumbers: WORD_BYTES * pages,
    segments: WORD_BYTES * (restWords + usedSegments),
    descriptors: DESCRIPTOR_BYTES * pages,
    fixed: WORD_BYTES * (words - usedSegments * segmentWords + unusedWords),
  };
}
