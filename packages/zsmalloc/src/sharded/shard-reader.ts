// A look into another thread's shard: follows handles through its tables and copies objects out of its pages. It changes nothing
// there. What must not happen meanwhile is that the object is freed, which is for the callers to see to, as in any pool; that it
// is moved may happen (moves.ts).

import type { Machine } from "@zlab/hw-sim";
import { badHandle } from "@zlab/zpool";
import type { ZsmallocConfig } from "../eras.ts";
import { HandleTable } from "../handle-table.ts";
import type { PoolPart } from "../pool-tables.ts";
import { MIN_SLOT_BYTES } from "../size-classes.ts";
import { SlotMemory } from "../slot-memory.ts";
import * as layout from "../table-layout.ts";
import { ZspageTable } from "../zspage-table.ts";
import { MoveWatch } from "./moves.ts";

const { NO_SLOT } = layout;

export class ShardReader {
  readonly #label: string;
  readonly #zspages: ZspageTable;
  readonly #handles: HandleTable;
  readonly #slots: SlotMemory;
  readonly #moves: MoveWatch;

  /** `machine` is the reading thread's; `part` and `mailbox` are the shard's. */
  constructor(
    machine: Machine,
    label: string,
    config: ZsmallocConfig,
    { tables, cells }: PoolPart,
    mailbox: Int32Array,
  ) {
    this.#label = label;
    this.#zspages = new ZspageTable(config.plan, config.bands, tables);
    this.#handles = new HandleTable(this.#zspages, tables, 0, machine.pageBytes / MIN_SLOT_BYTES, cells);
    this.#slots = new SlotMemory(machine, this.#zspages, label);
    this.#moves = new MoveWatch(mailbox, label);
  }

  /** As `ZpoolBackend.read`. Throws ZLAB_DESTROYED too. */
  read(handle: number, target: Uint8Array, targetOffset: number, length: number): void {
    const moves = this.#moves;
    for (;;) {
      const before = moves.begin();
      const slot = this.#handles.resolve(handle);
      if (slot !== NO_SLOT) this.#slots.read(slot, target, targetOffset, length);
      if (!moves.unchanged(before)) continue;
      if (slot === NO_SLOT) throw badHandle(this.#label, "read", handle);
      return;
    }
  }

  /** Throws ZLAB_BAD_HANDLE unless the handle is live, which it may be although another thread has freed it: its owner may not know
   * yet. Throws ZLAB_DESTROYED too. */
  assertLive(handle: number, operation: string): void {
    const moves = this.#moves;
    if (this.#handles.resolve(handle) !== NO_SLOT && !moves.isClosed) return; // even in the midst of a move
    for (;;) {
      const before = moves.begin();
      if (this.#handles.resolve(handle) !== NO_SLOT) return;
      if (moves.unchanged(before)) throw badHandle(this.#label, operation, handle);
    }
  }

  /** Pages that the shard owns; exact while its thread does nothing. */
  totalPages(): number {
    const zspages = this.#zspages;
    return zspages.classes.reduce((sum, c) => sum + zspages.zspagesOf(c) * zspages.pagesOf(c), 0);
  }
}
