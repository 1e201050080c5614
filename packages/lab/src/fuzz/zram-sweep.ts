// Fails every page allocation of a zram device once, as `sweepFaults` does for pools: the request that needs the page fails or makes do
// without, every page of the device is as before, the same request succeeds when it is repeated, and the reset gives all pages back.

import type { SweepVerdict } from "@zlab/zpool/testing";
import { messageOf } from "../errors.ts";
import { type ZramCommand, describeCommand } from "./zram-commands.ts";
import { ZramSession, type ZramSetup } from "./zram-session.ts";

const SLOTS = 9;
const MOST_ALLOCATIONS = 100_000;
/** What a request may answer that gets no page: 6.12 tries again, and recompression says what is wrong. */
const OUTCOMES: readonly (string | undefined)[] = [undefined, "EIO", "ENOMEM"];

function write(index: number, content: number): ZramCommand {
  return { do: "write", index, contents: [content] };
}

/** What a device goes through, by the name of the scenario. */
function scenarios(scale: number): Readonly<Record<string, readonly ZramCommand[]>> {
  const slots = Array.from({ length: SLOTS * scale }, (_, i) => i % SLOTS);
  const filled = slots.map((index, i) => write(index, 3 + 5 * (i % 12)));
  return {
    overwrite: [...filled, ...slots.map((index, i) => write(index, 4 + 7 * (i % 8)))],
    requests: slots
      .filter((index) => index % 3 === 0)
      .map((index, i) => ({ do: "write", index, contents: [2 + 8 * (i % 7), 4, 12] })),
    recompress: [
      ...slots.map((index, i) => write(index, i % 2 === 0 ? 3 + 8 * (i % 7) : 5 + 8 * (i % 7))),
      { do: "attribute", name: "idle", text: "all" },
      { do: "attribute", name: "recompress", text: "type=idle" },
      { do: "attribute", name: "compact", text: "1" },
      ...slots.map((index) => write(index, 6)),
    ],
    writeback: [
      ...filled,
      { do: "attribute", name: "idle", text: "all" },
      { do: "attribute", name: "writeback", text: "idle" },
      ...slots.map((index, i) => write(index, 4 + 8 * (i % 7))),
    ],
  };
}

/** Sweeps the device made by `setup`, whose number of pages is replaced by the scenarios' own. */
export function sweepZram(setup: ZramSetup, scale = 1): SweepVerdict[] {
  const own = { ...setup, slotCount: SLOTS };
  return Object.entries(scenarios(scale)).map(([scenario, commands]) => sweepScenario(own, scenario, commands));
}

function sweepScenario(setup: ZramSetup, scenario: string, commands: readonly ZramCommand[]): SweepVerdict {
  for (let nth = 1; nth <= MOST_ALLOCATIONS; nth++) {
    const lines: string[] = [];
    try {
      if (!runWithFailure(setup, commands, nth, lines)) return { scenario, failures: nth - 1 };
    } catch (error) {
      return {
        scenario,
        failures: nth,
        broken: { nth, message: messageOf(error), lines: [...lines, messageOf(error)] },
      };
    }
  }
  return { scenario, failures: MOST_ALLOCATIONS };
}

/** Runs the commands on a new device with the n-th page allocation failing; returns whether there was one. */
function runWithFailure(setup: ZramSetup, commands: readonly ZramCommand[], nth: number, lines: string[]): boolean {
  const session = new ZramSession(setup);
  session.failNth(nth);
  for (const command of commands) {
    const wasPending = session.isFailurePending;
    lines.push(describeCommand(command));
    const refusal = session.perform(command);
    if (!wasPending || session.isFailurePending) continue;
    lines.push(`  <- page allocation ${nth} failed: ${refusal ?? "done all the same"}`);
    if (!OUTCOMES.includes(refusal)) throw new Error(`was refused with ${refusal}, expected EIO or ENOMEM`);
    session.compareAll();
    const again = session.perform(command);
    if (again !== undefined) throw new Error(`${describeCommand(command)} failed with ${again} when it was repeated`);
  }
  const isReached = !session.isFailurePending;
  session.finish();
  return isReached;
}
