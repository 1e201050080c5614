// The invariants of the frees that other threads have sent to a shard and its owner hasn't taken:
//
//   per ring:      0 <= handles pushed - handles taken <= capacity
//   per message:   its handle is the shard's own, names a live object, and comes once

import { type CheckLevel, badHandle, corrupt } from "@zlab/zpool";
import { NO_SLOT } from "../table-layout.ts";
import type { ZsPool } from "../zs-pool.ts";
import { RING_CAPACITY } from "./mailbox.ts";
import type { IncomingFrees } from "./remote-frees.ts";
import type { ShardHandles } from "./shard-handles.ts";

/** Throws ZLAB_CORRUPT for rings that can't be, and, from level 2 on, ZLAB_BAD_HANDLE for a message that is a mistake. */
export function checkRemoteFrees(
  engine: ZsPool,
  handles: ShardHandles,
  shard: number,
  incoming: IncomingFrees,
  level: CheckLevel,
): void {
  for (const [from, count] of incoming.waitingByShard().entries()) {
    if (count >= 0 && count <= RING_CAPACITY) continue;
    throw corrupt(engine.name, `messages of shard ${from}: ${count}, expected 0 to ${RING_CAPACITY}`);
  }
  if (level === 1) return;
  const seen = new Set<number>();
  for (const handle of incoming.waiting()) {
    if (handles.shardOf(handle) !== shard) {
      throw corrupt(engine.name, `a message frees handle ${handle}, which is of shard ${handles.shardOf(handle)}`);
    }
    if (engine.slotOf(handle) === NO_SLOT || seen.has(handle)) throw badHandle(engine.name, "free", handle);
    seen.add(handle);
  }
}
