// One operation of a block trace, in bytes of a disk, as all formats give it.

/** A write gives pages a content; a discard frees them; zeroing is the request that block devices have for writing zeros; a compaction
 * is of the device and has no range. */
export type OperationKind = "write" | "discard" | "zero" | "compact";

/** The content of a write that names none. */
export const ANY_CONTENT = -1;

/** Filled in again for every line, so that a trace of millions makes no objects. */
export class BlockOperation {
  kind: OperationKind = "compact";
  /** Number of the disk, in the order in which they occur. */
  diskIndex = 0;
  offsetBytes = 0;
  lengthBytes = 0;
  /** Page of the input that the first page of the range gets, the next ones the next; or `ANY_CONTENT`. */
  contentPage: number = ANY_CONTENT;

  set(kind: OperationKind, diskIndex: number, offsetBytes: number, lengthBytes: number): void {
    this.kind = kind;
    this.diskIndex = diskIndex;
    this.offsetBytes = offsetBytes;
    this.lengthBytes = lengthBytes;
    this.contentPage = ANY_CONTENT;
  }
}
