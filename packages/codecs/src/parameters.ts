// Checking the parameters of codecs.

import type { CodecParameters } from "./codec.ts";
import { CodecError } from "./errors.ts";

/** What values a parameter may have, both ends included. */
export type ParameterRanges = Readonly<Record<string, readonly [min: number, max: number]>>;

/** The defaults with what was given in their place. Throws ZLAB_CODEC_PARAMETERS for a name that has no default, or a value that is
 * no integer of its range. */
export function resolveParameters<Defaults extends CodecParameters>(
  codec: string,
  defaults: Defaults,
  ranges: ParameterRanges,
  given: CodecParameters = {},
): Defaults {
  for (const [name, value] of Object.entries(given)) {
    const range = ranges[name];
    if (range === undefined) {
      const known = Object.keys(ranges).join(", ") || "none";
      throw new CodecError("ZLAB_CODEC_PARAMETERS", `${codec} has no parameter "${name}"; it has: ${known}`);
    }
    const [min, max] = range;
    if (!Number.isInteger(value) || value < min || value > max) {
      const allowed = min === max ? `${min} only` : `an integer from ${min} to ${max}`;
      throw new CodecError("ZLAB_CODEC_PARAMETERS", `${codec}: ${name} is ${value}; it may be ${allowed}`);
    }
  }
  return { ...defaults, ...given };
}
