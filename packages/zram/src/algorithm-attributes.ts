// The files that choose algorithms and their parameters.

import { EINVAL } from "@zlab/hw-sim";
import { readFileSync } from "node:fs";
import { type AlgorithmParameters, MAX_ALGORITHMS } from "./algorithms.ts";
import type { Attribute } from "./attribute-files.ts";
import type { Zram } from "./device.ts";
import { ZramError } from "./errors.ts";
import { INT_MAX, parseArguments, parseInteger, show, valueOf, withoutNewline } from "./parse.ts";

const INT = { min: -INT_MAX - 1n, max: INT_MAX } as const;
const FIRST_SECONDARY = 1;

/** comp_algorithm, recomp_algorithm, algorithm_params. */
export function parameterAttributes(zram: Zram): Readonly<Record<string, Attribute>> {
  const { algorithms } = zram;
  const { multiCompression } = zram.config.features;
  return {
    comp_algorithm: {
      read: () => algorithms.list(0),
      write: (text) => algorithms.select(0, withoutNewline(text)),
    },
    algorithm_params: { write: (text) => setParameters(zram, text) },
    ...(multiCompression
      ? { recomp_algorithm: { read: () => listSecondaries(zram), write: (text) => selectSecondary(zram, text) } }
      : {}),
  };
}

function listSecondaries({ algorithms }: Zram): string {
  return Array.from({ length: MAX_ALGORITHMS }, (_, priority) => priority)
    .filter((priority) => priority > 0 && algorithms.nameOf(priority) !== undefined)
    .map((priority) => `#${priority}: ${algorithms.list(priority)}`)
    .join("");
}

function selectSecondary({ algorithms }: Zram, text: string): void {
  let name: string | undefined;
  let priority = FIRST_SECONDARY;
  for (const argument of parseArguments(text)) {
    const value = valueOf("recomp_algorithm", argument);
    if (argument.key === "algo") name = value;
    if (argument.key === "priority") priority = int("recomp_algorithm: priority", value);
  }
  if (name === undefined) throw new ZramError(EINVAL, "recomp_algorithm: algo is missing");
  if (priority < FIRST_SECONDARY || priority >= MAX_ALGORITHMS) {
    throw new ZramError(EINVAL, `recomp_algorithm: priority is 1 to ${MAX_ALGORITHMS - 1}, not ${priority}`);
  }
  algorithms.select(priority, name);
}

/** Replaces all parameters of one priority: what is not given is back to its default. */
function setParameters(zram: Zram, text: string): void {
  const given = readParameters(zram, text);
  const { algorithms } = zram;
  const priorityCount = zram.config.features.multiCompression ? MAX_ALGORITHMS : 1;
  const priority = given.algorithm === undefined ? given.priority : algorithms.priorityOf(given.algorithm);
  if (priority < 0 || priority >= priorityCount) {
    const what = given.algorithm === undefined ? `priority ${priority}` : `algorithm ${show(given.algorithm)}`;
    throw new ZramError(EINVAL, `algorithm_params: the device has no ${what}`);
  }
  algorithms.setParameters(priority, {});
  if (given.dictionaryPath === undefined) algorithms.setParameters(priority, given.parameters);
  else algorithms.setParameters(priority, { ...given.parameters, dictionary: readDictionary(given.dictionaryPath) });
}

interface GivenParameters {
  readonly algorithm: string | undefined;
  readonly priority: number;
  readonly dictionaryPath: string | undefined;
  readonly parameters: AlgorithmParameters;
}

function readParameters(zram: Zram, text: string): GivenParameters {
  let algorithm: string | undefined;
  let dictionaryPath: string | undefined;
  let priority = 0;
  let level: number | undefined;
  let windowBits: number | undefined;
  for (const argument of parseArguments(text)) {
    const value = valueOf("algorithm_params", argument);
    if (argument.key === "algo") algorithm = value;
    if (argument.key === "dict") dictionaryPath = value;
    if (argument.key === "priority") priority = int("algorithm_params: priority", value);
    if (argument.key === "level") level = int("algorithm_params: level", value);
    if (argument.key === "deflate.winbits" && zram.era === "6.18") windowBits = int("algorithm_params: winbits", value);
  }
  const parameters = {
    ...(level === undefined ? {} : { level }),
    ...(windowBits === undefined ? {} : { windowBits }),
  };
  return { algorithm, dictionaryPath, priority, parameters };
}

function readDictionary(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ZramError(EINVAL, `algorithm_params: the dictionary can't be read: ${(error as Error).message}`);
  }
}

function int(what: string, text: string): number {
  return Number(parseInteger(what, text, INT));
}
