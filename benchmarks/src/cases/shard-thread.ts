// A thread of the case "threads": opens its shard, does its work and posts its times.

import { parentPort, workerData } from "node:worker_threads";
import { type ShardedPool, openShard } from "@zlab/zsmalloc";
import { type ThreadTask, ThreadWork } from "./thread-work.ts";

const { pool, ...task } = workerData as ThreadTask & { readonly pool: ShardedPool };
const shard = openShard(pool, task.index);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- windows have origins, threads don't
parentPort!.postMessage(new ThreadWork(task, shard, shard.machine).run());
