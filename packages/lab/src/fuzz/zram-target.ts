// Campaigns against the zram device, over every backend.

import { Prng } from "@zlab/hw-sim";
import type { ZpoolDriver } from "@zlab/zpool";
import { minimizeList } from "@zlab/zpool/testing";
import { messageOf } from "../errors.ts";
import { describeMachine, drawMachine, drawOptions, oneOf } from "./configurations.ts";
import type { FuzzTarget, RunResult } from "./target.ts";
import { type ZramCommand, describeCommand, drawCommands } from "./zram-commands.ts";
import { ZramSession, type ZramSetup } from "./zram-session.ts";

const SHORTEST_RUN = 40;
const LONGEST_RUN = 300;
const BLOCK_BYTES = 4096;

/** Devices over any of `drivers`. */
export function zramTarget(drivers: readonly ZpoolDriver[]): FuzzTarget {
  return {
    name: "zram",
    run: (runSeed) => {
      const { setup, commands } = draw(runSeed, drivers);
      return execute(setup, commands);
    },
    explain: (runSeed) => {
      const { setup, commands } = draw(runSeed, drivers);
      const smallest = minimizeList(commands, (candidate) => execute(setup, candidate).failure !== undefined);
      const { failure = "(only sometimes)" } = execute(setup, smallest);
      return {
        configuration: describeSetup(setup),
        commands: smallest.map(
          (command, i) => describeCommand(command) + (i === smallest.length - 1 ? `: ${failure}` : ""),
        ),
      };
    },
  };
}

function execute(setup: ZramSetup, commands: readonly ZramCommand[]): RunResult {
  let commandCount = 0;
  try {
    const session = new ZramSession(setup);
    for (const command of commands) {
      commandCount++;
      session.perform(command);
    }
    session.finish();
    return { commandCount, failure: undefined };
  } catch (error) {
    return { commandCount, failure: messageOf(error) };
  }
}

function draw(runSeed: number, drivers: readonly ZpoolDriver[]): { setup: ZramSetup; commands: ZramCommand[] } {
  const prng = new Prng(runSeed);
  const machine = drawMachine(prng);
  const driver = oneOf(prng, drivers);
  const algorithms = ["lzo-rle", "lzo", "lz4", "zstd", "deflate"];
  const setup: ZramSetup = {
    machine,
    driver,
    poolOptions: drawOptions(driver.type, prng, machine),
    era: oneOf(prng, ["6.12", "6.18"] as const),
    slotCount: 4 + prng.below(24),
    backingBlocks: oneOf(prng, [0, 0, 3, 9]),
    algorithms: [
      oneOf(prng, ["lzo-rle", "lzo-rle", "lzo", "lz4", "lz4"]),
      ...Array.from({ length: prng.below(3) }, () => oneOf(prng, algorithms)),
    ],
  };
  const count = SHORTEST_RUN + prng.below(LONGEST_RUN - SHORTEST_RUN);
  return { setup, commands: drawCommands(prng, count, setup.slotCount, machine.pageBytes / BLOCK_BYTES) };
}

function describeSetup({ driver, poolOptions, era, slotCount, backingBlocks, algorithms, machine }: ZramSetup): string {
  const device = `zram of Linux ${era}, ${slotCount} pages, ${algorithms.join(" + ")}, ${backingBlocks} backing blocks`;
  return `${device}, over ${driver.type} ${JSON.stringify(poolOptions)}; ${describeMachine(machine)}`;
}
