// What an experiment is: a question about allocators that is answered by measuring the simulation. It is one object with plain data
// in the middle: `run` measures, and what `render` and `conclude` say follows from the data alone, so that `--json` gives everything
// there is and a changed number changes the sentence.

import type { Painter } from "../output/colour.ts";

/** What a run may depend on. The same seed and scale give the same data, byte for byte: nothing else is random, and no time is
 * measured. */
export interface ExperimentOptions {
  /** A 32-bit unsigned number. */
  readonly seed: number;
  /** How much work: 1 takes a few seconds, 10 about ten times as much. Above 0. */
  readonly scale: number;
  /** Tells which part, from 0 to 1, of this experiment is done, and what comes next. */
  readonly progress: (part: number, label: string) => void;
  /** A device of the user's, for `stats-vs-kernel`. */
  readonly device?: DeviceInput;
}

/** What is known of a zram device. */
export interface DeviceInput {
  /** The numbers of its mm_stat, in their order. */
  readonly mmStat: readonly number[];
  /** File with its pages, resolved against `cwd`. */
  readonly pagesFile: string;
  readonly codec: string;
  readonly cwd: string;
}

/** For whom text is made. */
export interface View {
  readonly paint: Painter;
  /** Width in characters that plots may fill. */
  readonly columns: number;
}

/** `Data` is plain JSON: no classes, no undefined, no NaN. */
export interface Experiment<Data = unknown> {
  /** Name on the command line. */
  readonly name: string;
  /** A few words, for lists. */
  readonly summary: string;
  /** What is asked, in full sentences. */
  readonly question: string;
  /** Measures. Every page that a pool took must be back at the end (`withPool` sees to that). Throws `ExperimentFailure`. */
  run(options: ExperimentOptions): Data;
  /** Tables and plots of the data: lines, the last one ended by a newline. */
  render(data: Data, view: View): string;
  /** One sentence, made from the data. */
  conclude(data: Data): string;
}

/** Thrown when an allocator breaks a promise during an experiment; exit code 1. */
export class ExperimentFailure extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ExperimentFailure";
  }
}

/** A count of things to be done, scaled: a whole number of at least 1. */
export function scaled(count: number, { scale }: Pick<ExperimentOptions, "scale">): number {
  return Math.max(1, Math.round(count * scale));
}
