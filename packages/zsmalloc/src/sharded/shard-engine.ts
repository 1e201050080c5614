// The zsmalloc pool of a shard: an ordinary one that tells when it moves an object, since others may be reading it.

import type { Machine } from "@zlab/hw-sim";
import type { Capabilities, Handle } from "@zlab/zpool";
import type { ZsmallocConfig } from "../eras.ts";
import type { PoolPart } from "../pool-tables.ts";
import type { ClassId, SlotId, ZspageId } from "../table-layout.ts";
import { ZsPool } from "../zs-pool.ts";
import type { MoveCounter } from "./moves.ts";

export class ShardEngine extends ZsPool {
  readonly #moves: MoveCounter;

  constructor(
    machine: Machine,
    name: string,
    config: ZsmallocConfig,
    capabilities: Capabilities,
    part: PoolPart,
    moves: MoveCounter,
  ) {
    super(machine, name, config, capabilities, part);
    this.#moves = moves;
  }

  override moveObject(from: ZspageId, slot: SlotId, to: ZspageId, c: ClassId): Handle {
    this.#moves.begin();
    const handle = super.moveObject(from, slot, to, c);
    this.#moves.end();
    return handle;
  }
}
