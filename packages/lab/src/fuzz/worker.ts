// A worker of a campaign: does the runs that it is asked for, in a thread of its own.

import { parentPort, workerData } from "node:worker_threads";
import { messageOf } from "../errors.ts";
import { runsOf } from "./run-chunk.ts";
import { findTarget } from "./targets.ts";
import type { ChunkRequest, WorkerSettings } from "./workers.ts";

const settings = workerData as WorkerSettings;
const port = parentPort!;
const target = await findTarget(settings);

port.on("message", ({ firstRun, runCount }: ChunkRequest) => {
  try {
    port.postMessage({ results: runsOf(target, settings.seed, firstRun, runCount) });
  } catch (error) {
    port.postMessage({ problem: messageOf(error) });
  }
});
