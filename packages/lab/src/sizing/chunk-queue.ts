// The pages of the input in chunks, which threads take one after the other: whoever is done with one takes the next, so that none waits
// for another at the end.

/** Small enough that all threads end at about the same time; as much as is read at a time. */
const CHUNK_BYTES = 2 ** 20;

export class ChunkQueue {
  readonly pageCount: number;
  readonly chunkCount: number;
  /** The memory, for other threads. */
  readonly shared: SharedArrayBuffer;
  readonly #pagesPerChunk: number;
  readonly #next: Int32Array; // one number: the chunk that is taken next

  /** All chunks, or those that another thread's queue has left. */
  constructor(pageCount: number, pageBytes: number, shared?: SharedArrayBuffer) {
    this.pageCount = pageCount;
    this.#pagesPerChunk = CHUNK_BYTES / pageBytes;
    this.chunkCount = Math.ceil(pageCount / this.#pagesPerChunk);
    this.shared = shared ?? new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    this.#next = new Int32Array(this.shared);
  }

  /** Takes the next chunk; undefined if there is none. */
  take(): number | undefined {
    const chunk = Atomics.add(this.#next, 0, 1);
    return chunk < this.chunkCount ? chunk : undefined;
  }

  /** Leaves nothing to take, for any thread. */
  close(): void {
    Atomics.store(this.#next, 0, this.chunkCount);
  }

  firstPageOf(chunk: number): number {
    return chunk * this.#pagesPerChunk;
  }

  /** The first page behind a chunk. */
  endOf(chunk: number): number {
    return Math.min(this.pageCount, (chunk + 1) * this.#pagesPerChunk);
  }
}
