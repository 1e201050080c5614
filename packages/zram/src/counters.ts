// What a device counts from disksize to reset.

export class ZramCounters {
  /** Slots that are allocated, same-filled and written-back ones included. */
  storedPages = 0;
  /** Bytes of the objects in the pool. */
  storedBytes = 0;
  samePages = 0;
  hugePages = 0;
  /** Stores as huge pages so far. */
  hugeStores = 0;
  /** Most pages that the pool had, as sampled by stores. */
  peakPages = 0;
  failedReads = 0;
  failedWrites = 0;
  /** Whole pages that were discarded or zeroed, stored or not, and notifications about swap slots. */
  notifyFree = 0;
  /** Notifications about swap slots that were locked. */
  missFree = 0;
  /** Allocations that had to sleep (6.12). */
  writeStalls = 0;
  /** Page reads from the backing device, failed ones too. */
  backingReads = 0;
  /** Pages written to the backing device. */
  backingWrites = 0;
  /** Requests of the block layer, whether they failed or not, and their sectors. */
  readRequests = 0;
  readSectors = 0;
  writeRequests = 0;
  writeSectors = 0;
}
