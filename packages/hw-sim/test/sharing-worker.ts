// The other thread of sharing.test.ts: region 1 of the machine that it is given.

import { parentPort, workerData } from "node:worker_threads";
import { GFP_KERNEL, type MachineShare, OpenTables, type Pfn, openMachine } from "../src/index.ts";

const share = workerData as MachineShare;
const machine = openMachine(share, 1);
const places = new OpenTables(share.tables).int32("places");

const text = new Uint8Array(14);
machine.memory.copyOut(places[0]! as Pfn, 0, text, 0, 14);

const pfn = machine.allocPages(0, GFP_KERNEL, 0);
machine.memory.copyIn(pfn as Pfn, 4000, new TextEncoder().encode("from the second"), 0, 15);
Atomics.store(places, 1, pfn);
machine.tables.float64(8, "theirs")[7] = 0.5;

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- windows have origins, threads don't
parentPort!.postMessage({ read: new TextDecoder().decode(text), tables: machine.tables.share() });
