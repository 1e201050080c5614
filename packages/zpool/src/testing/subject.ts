// What the kit is run against, and the facts about it that every property needs.

import { Machine, type MachineOptions, NO_WATERMARKS, ZlabError } from "@zlab/hw-sim";
import { ZPoolError } from "../errors.ts";
import type { Capabilities, PoolOptions, ZpoolBackend, ZpoolDriver } from "../zpool-driver.ts";

/** A driver, and how its pools are to be made. */
export interface ConformanceSubject {
  readonly driver: ZpoolDriver;
  /** Options of every pool that is made. */
  readonly options?: PoolOptions;
  /** Makes the machine of one run; called for each. Give options rather than a machine where possible: only then can the
   * kit compare with a size-only machine. Default: `conformanceMachine(pageBytes)`. */
  readonly machine?: () => MachineOptions | Machine;
  /** Page size of the default machine in bytes; default 4096. */
  readonly pageBytes?: number;
  /** What a pool with a front end (`frontEndDriver`) can be switched to while it is in use. */
  readonly switchTargets?: readonly SwitchTarget[];
}

/** A backend whose driver the front end knows, and the options of the pool that is switched to. */
export interface SwitchTarget {
  readonly driver: ZpoolDriver;
  readonly options?: PoolOptions;
}

const MAX_MACHINE_PAGES = 1024;
const MAX_MACHINE_BYTES = 16 * 1024 * 1024;

/** The default machine: 1024 pages (256 of 64 KiB), a quarter of them HIGHMEM, without watermarks; 3 CPUs, temporary mappings
 * checked everywhere. It is small enough for memory to run out. */
export function conformanceMachine(pageBytes: number = 4096): MachineOptions {
  const pages = Math.min(MAX_MACHINE_PAGES, Math.floor(MAX_MACHINE_BYTES / pageBytes));
  return {
    pageBytes,
    zones: [
      { kind: "NORMAL", pages: (pages * 3) / 4, watermarks: NO_WATERMARKS },
      { kind: "HIGHMEM", pages: pages / 4, watermarks: NO_WATERMARKS },
    ],
    cpus: 3,
    forceKmap: true,
  };
}

/** The subject together with what it says about itself. */
export interface Context {
  readonly type: string;
  readonly capabilities: Capabilities;
  readonly pageBytes: number;
  readonly cpuCount: number;
  readonly machinePages: number;
  readonly hasHighmem: boolean;
  /** Whether contents can be checked: false on a size-only machine. */
  readonly hasBytes: boolean;
  /** The machine of the runs with its memory left out; undefined if the subject makes machines itself. */
  readonly newSizeOnlyMachine: (() => Machine) | undefined;
  /** Largest object that workloads ask for: `maxBytes`, but at most 4 pages and a 16th of the machine, so that memory runs
   * out only where it is meant to. */
  readonly largestBytes: number;
  readonly switchTargets: readonly SwitchTarget[];
  newMachine(): Machine;
  newPool(machine: Machine, name: string, extraOptions?: PoolOptions): ZpoolBackend;
}

/** Looks at the subject. Throws ZLAB_BAD_DRIVER if it is no driver at all, and what its `capabilities` throws on purpose. */
export function contextOf(subject: ConformanceSubject): Context {
  const { driver, options } = subject;
  assertDriver(driver);
  const make = subject.machine ?? (() => conformanceMachine(subject.pageBytes));
  const newMachine = (): Machine => toMachine(make());
  const machine = newMachine();
  const capabilities = readCapabilities(driver, machine.pageBytes, options);
  const machinePages = machine.totalPageCount();
  const sample = make();
  return {
    type: driver.type,
    capabilities,
    pageBytes: machine.pageBytes,
    cpuCount: machine.cpus.count,
    machinePages,
    hasHighmem: machine.highmemStartPfn < machine.endPfn,
    hasBytes: machine.memory.hasBytes,
    newSizeOnlyMachine:
      sample instanceof Machine
        ? undefined
        : () => new Machine({ ...(make() as MachineOptions), backing: "size-only" }),
    largestBytes: Math.max(
      1,
      Math.min(capabilities.maxBytes, 4 * machine.pageBytes, Math.floor((machinePages * machine.pageBytes) / 16)),
    ),
    switchTargets: subject.switchTargets ?? [],
    newMachine,
    newPool: (on, name, extraOptions) =>
      extraOptions === undefined && options === undefined
        ? driver.create(on, name)
        : driver.create(on, name, { ...options, ...extraOptions }),
  };
}

function toMachine(made: MachineOptions | Machine): Machine {
  return made instanceof Machine ? made : new Machine(made);
}

function refuseDriver(what: string): never {
  throw new ZPoolError("ZLAB_BAD_DRIVER", `this is not a zpool driver: ${what}; see ZpoolDriver in @zlab/zpool`);
}

/** Throws ZLAB_BAD_DRIVER unless `driver` has what a `ZpoolDriver` needs to be talked to. */
function assertDriver(driver: unknown): asserts driver is ZpoolDriver {
  if (typeof driver !== "object" || driver === null) refuseDriver(`it is ${driver === null ? "null" : typeof driver}`);
  const fields = driver as Record<string, unknown>;
  if (typeof fields["type"] !== "string" || fields["type"] === "") refuseDriver(`"type" must be a non-empty string`);
  for (const name of ["capabilities", "create"]) {
    if (typeof fields[name] !== "function") refuseDriver(`"${name}" must be a function, not ${typeof fields[name]}`);
  }
}

function readCapabilities(driver: ZpoolDriver, pageBytes: number, options?: PoolOptions): Capabilities {
  let record: Capabilities;
  try {
    record = driver.capabilities(pageBytes, options);
  } catch (error) {
    if (ZlabError.is(error)) throw error;
    throw new ZPoolError(
      "ZLAB_BAD_DRIVER",
      `driver "${driver.type}": capabilities(${pageBytes}) threw ${String(error)}`,
    );
  }
  const problem = capabilitiesProblem(record);
  if (problem !== undefined) throw new ZPoolError("ZLAB_BAD_DRIVER", `driver "${driver.type}": ${problem}`);
  return record;
}

/** What is wrong with the form of a capabilities record; undefined if nothing is. */
function capabilitiesProblem(record: unknown): string | undefined {
  if (typeof record !== "object" || record === null) return "capabilities() returned no record";
  const fields = record as Record<string, unknown>;
  const flag = ["movable", "sleepMapped", "compact", "crossPage"].find((name) => typeof fields[name] !== "boolean");
  if (flag !== undefined) return `capabilities.${flag} must be true or false, not ${String(fields[flag])}`;
  const { maxBytes, maxPageOrder } = fields as { maxBytes: unknown; maxPageOrder: unknown };
  if (!Number.isSafeInteger(maxBytes) || (maxBytes as number) < 1) {
    return `capabilities.maxBytes must be a whole number from 1, not ${String(maxBytes)}`;
  }
  if (!Number.isInteger(maxPageOrder) || (maxPageOrder as number) < 0 || (maxPageOrder as number) > 10) {
    return `capabilities.maxPageOrder must be 0 to 10, not ${String(maxPageOrder)}`;
  }
  return undefined;
}
