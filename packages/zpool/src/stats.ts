/** What every backend can tell about a pool. Counters of events only grow. */
export interface PoolStats {
  /** Pages owned now. */
  readonly totalPages: number;
  /** Live objects now. */
  readonly objects: number;
  /** Bytes of the slots (or chunks) that the live objects occupy, the backend's headers included. */
  readonly slotBytes: number;
  /** Live objects whose slot lies on more than one page. 0 where objects can't span. */
  readonly spanningObjects: number;
  /** Successful mallocs so far. */
  readonly mallocs: number;
  /** Frees so far. */
  readonly frees: number;
  /** Mallocs that returned an error so far. */
  readonly failures: number;
  /** Pages given back by compaction so far. */
  readonly pagesCompacted: number;
  /** Objects moved by the backend so far. */
  readonly objectsMoved: number;
}
