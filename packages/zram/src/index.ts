export { type AlgorithmParameters, Algorithms, MAX_ALGORITHMS } from "./algorithms.ts";
export { type Attribute, AttributeFiles } from "./attribute-files.ts";
export { type BackingDevice, type BackingOpener, hostFileOpener } from "./backing-device.ts";
export { BackingFaults, BackingStore } from "./backing-store.ts";
export { type Clock, processClock } from "./clock.ts";
export { ZramControl } from "./control.ts";
export { ZramCounters } from "./counters.ts";
export { Zram } from "./device.ts";
export {
  E2BIG,
  EACCES,
  EAGAIN,
  EBADF,
  EIO,
  EISDIR,
  ENODEV,
  ENOENT,
  ENOTBLK,
  EOPNOTSUPP,
  ERANGE,
  zramErrnoName,
} from "./errno.ts";
export { ZramError } from "./errors.ts";
export { type BlockState, MM_STAT_COLUMNS, blockStates } from "./formats.ts";
export { memoryBackingOpener } from "./memory-backing.ts";
export { zramModule } from "./module.ts";
export { ZramNode } from "./node.ts";
export {
  type ClassLookup,
  type ZramConfig,
  type ZramEra,
  type ZramFeatures,
  type ZramOptions,
  type ZramParts,
  resolveZramOptions,
} from "./options.ts";
export { PageStore } from "./page-store.ts";
export { SlotFlag, SlotTable } from "./slot-table.ts";
export { ZRAM_CONTROL } from "./tokens.ts";
