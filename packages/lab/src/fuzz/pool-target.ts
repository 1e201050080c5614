// Campaigns against a backend: its pools alone or behind the front end, which then switches between pools of other options; and against
// the front end over all backends.

import { Prng } from "@zlab/hw-sim";
import { type ZpoolDriver, hardenedDriver } from "@zlab/zpool";
import {
  type CampaignRun,
  type SwitchTarget,
  campaignCounterexample,
  campaignRun,
  frontEndDriver,
} from "@zlab/zpool/testing";
import { describeMachine, drawMachine, drawOptions, oneOf } from "./configurations.ts";
import type { FuzzTarget } from "./target.ts";

const FRONT_END_PERCENT = 20;
const WATCHED_PERCENT = 10;
const HARDENED_PERCENT = 10;
const SHORTEST_RUN = 60;
const LONGEST_RUN = 600;
/** Some runs are much longer: what needs a long history, such as a counter that overflows, shows in no short one. */
const LONG_PERCENT = 3;
const LONG_FACTOR = 8;
const SWITCH_TARGETS = 4;

/** Pools of `driver`. */
export function driverTarget(driver: ZpoolDriver): FuzzTarget {
  return targetOf(driver.type, (prng) => (prng.below(100) < FRONT_END_PERCENT ? [driver] : undefined), [driver]);
}

/** The front end, with all backends to switch to. */
export function frontEndTarget(drivers: readonly ZpoolDriver[]): FuzzTarget {
  return targetOf("zpool", () => drivers, drivers);
}

type Drivers = readonly ZpoolDriver[];

/** `frontEndOver` draws which drivers a front end knows, or undefined for a pool without one. */
function targetOf(name: string, frontEndOver: (prng: Prng) => Drivers | undefined, firsts: Drivers): FuzzTarget {
  return {
    name,
    run: (runSeed) => campaignRun(draw(runSeed, frontEndOver, firsts).run),
    explain: (runSeed) => {
      const { run, configuration } = draw(runSeed, frontEndOver, firsts);
      return { configuration, commands: campaignCounterexample(run) };
    },
  };
}

function draw(
  runSeed: number,
  frontEndOver: (prng: Prng) => Drivers | undefined,
  firsts: Drivers,
): { run: CampaignRun; configuration: string } {
  const prng = new Prng(runSeed);
  const machine = drawMachine(prng);
  const plain = oneOf(prng, firsts);
  const isHardened = prng.below(100) < HARDENED_PERCENT;
  const driver = isHardened ? hardenedDriver(plain) : plain;
  const options = drawOptions(driver.type, prng, machine);
  const others = isHardened ? undefined : frontEndOver(prng);
  const switchTargets = Array.from({ length: others === undefined ? 0 : SWITCH_TARGETS }, (): SwitchTarget => {
    const target = oneOf(prng, others!);
    return { driver: target, options: drawOptions(target.type, prng, machine) };
  });
  const known = [driver, ...(others ?? []).filter((other) => other !== driver)] as const;
  const run: CampaignRun = {
    subject: {
      driver: others === undefined ? driver : frontEndDriver([...known]),
      options,
      machine: () => machine,
      switchTargets,
    },
    seed: prng.next(),
    stepCount:
      (SHORTEST_RUN + prng.below(LONGEST_RUN - SHORTEST_RUN)) * (prng.below(100) < LONG_PERCENT ? LONG_FACTOR : 1),
    watchFreedPages: machine.pageBytes === 4096 && prng.below(100) < WATCHED_PERCENT,
  };
  const pool = `${others === undefined ? "" : "front end over "}${isHardened ? "hardened " : ""}${driver.type} ${JSON.stringify(options)}`;
  return { run, configuration: `${pool}; ${describeMachine(machine)}` };
}
