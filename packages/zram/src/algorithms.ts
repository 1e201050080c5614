// The algorithms of a device: which codec has which priority, with which parameters, and the stream of each once the device is
// initialised. Priority 0 compresses what is written; 1 to 3 are for recompression.

import { type Codec, CodecError, type CodecParameters, type CodecRegistry, type CodecStream } from "@zlab/codecs";
import { EBUSY, EINVAL } from "@zlab/hw-sim";
import { E2BIG } from "./errno.ts";
import { ZramError } from "./errors.ts";
import { show } from "./parse.ts";

/** Algorithms of a device with multi-compression, the primary one included. */
export const MAX_ALGORITHMS = 4;

/** Texts of this length are no names. */
const NAME_LIMIT = 128;

/** Codecs whose streams read the level anew for every page. */
const LEVEL_READ_PER_PAGE: readonly string[] = ["lz4", "lz4hc"];
/** Codecs that can be given a dictionary in the kernel; here none can. */
const TAKES_DICTIONARY: readonly string[] = ["lz4", "lz4hc", "zstd"];

const FASTEST_ACCELERATION = 65_536; // from here on lz4 finds nothing in any page
const ZSTD_LEVELS = { min: -131_072, max: 22 } as const;

/** What algorithm_params stores for a priority. Only what was given is there. */
export interface AlgorithmParameters {
  readonly level?: number;
  /** A file that was read. */
  readonly dictionary?: Uint8Array;
  /** deflate.winbits */
  readonly windowBits?: number;
}

export class Algorithms {
  readonly #codecs: CodecRegistry;
  readonly #default: string;
  readonly #names: (string | undefined)[] = [];
  readonly #parameters: AlgorithmParameters[] = [];
  readonly #streams: (CodecStream | undefined)[] = [];
  #isLive = false;

  constructor(codecs: CodecRegistry, defaultAlgorithm: string) {
    this.#codecs = codecs;
    this.#default = defaultAlgorithm;
    this.forget();
  }

  /** Back to the default primary, without secondaries, parameters and streams. */
  forget(): void {
    this.#isLive = false;
    for (let priority = 0; priority < MAX_ALGORITHMS; priority++) {
      this.#names[priority] = priority === 0 ? this.#default : undefined;
      this.#parameters[priority] = {};
      this.#streams[priority] = undefined;
    }
  }

  /** Number of configured algorithms, the primary included. */
  get count(): number {
    return this.#names.filter((name) => name !== undefined).length;
  }

  nameOf(priority: number): string | undefined {
    return this.#names[priority];
  }

  /** The lowest priority from `from` on that has this algorithm; -1 if none has. */
  priorityOf(name: string, from = 0): number {
    return this.#names.indexOf(name, from);
  }

  /** Configures an algorithm. Throws E2BIG, EINVAL for a name that isn't built in, EBUSY on an initialised device. */
  select(priority: number, name: string): void {
    if (name.length >= NAME_LIMIT) throw new ZramError(E2BIG, "the name of an algorithm is shorter than 128 bytes");
    if (!this.#codecs.has(name)) {
      throw new ZramError(EINVAL, `no algorithm ${show(name)}; there are: ${this.#codecs.names().join(", ")}`);
    }
    if (this.#isLive) throw new ZramError(EBUSY, "algorithms can't be changed once the device has its disksize");
    this.#names[priority] = name;
  }

  /** Replaces all parameters of a priority. A live lz4 follows at once, as in the kernel; others keep what they began with. */
  setParameters(priority: number, parameters: AlgorithmParameters): void {
    this.#parameters[priority] = parameters;
    const name = this.#names[priority];
    if (!this.#isLive || name === undefined || !LEVEL_READ_PER_PAGE.includes(name)) return;
    this.#streams[priority] = this.#createStream(priority, name);
  }

  /** Makes the streams. Throws EINVAL for parameters that a codec refuses. */
  createStreams(): void {
    for (let priority = 0; priority < MAX_ALGORITHMS; priority++) {
      const name = this.#names[priority];
      if (name !== undefined) this.#streams[priority] = this.#createStream(priority, name);
    }
    this.#isLive = true;
  }

  /** The stream of a configured algorithm of a live device; undefined for a gap. */
  streamOf(priority: number): CodecStream | undefined {
    return this.#streams[priority];
  }

  /** All algorithms, the one of this priority in brackets: "[lzo-rle] lzo lz4 \n". */
  list(priority: number): string {
    const selected = this.#names[priority];
    const words = this.#codecs.names().map((name) => (name === selected ? `[${name}] ` : `${name} `));
    return `${words.join("")}\n`;
  }

  #createStream(priority: number, name: string): CodecStream {
    const parameters = this.#parameters[priority]!;
    if (parameters.dictionary !== undefined && TAKES_DICTIONARY.includes(name)) {
      throw new ZramError(EINVAL, `${name}: dictionaries are not simulated`);
    }
    const codec = this.#codecs.codec(name);
    try {
      return codec.createStream(codecParameters(codec, parameters));
    } catch (error) {
      if (CodecError.is(error)) throw new ZramError(EINVAL, error.message);
      throw error;
    }
  }
}

/** zram's parameters as those of a codec, by the names that it has; what it hasn't is ignored, as in the kernel. */
function codecParameters(codec: Codec, { level, windowBits }: AlgorithmParameters): CodecParameters {
  const parameters: Record<string, number> = {};
  if (level !== undefined) {
    if ("acceleration" in codec.parameters) parameters["acceleration"] = clamp(level, 1, FASTEST_ACCELERATION);
    else if (codec.name === "zstd") parameters["level"] = clamp(level, ZSTD_LEVELS.min, ZSTD_LEVELS.max);
    else if ("level" in codec.parameters) parameters["level"] = level;
  }
  if (windowBits !== undefined && "windowBits" in codec.parameters) parameters["windowBits"] = windowBits;
  return parameters;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
