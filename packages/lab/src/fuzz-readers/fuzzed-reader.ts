// What the campaign needs to know of a reader: valid inputs, ways to damage them that know the format, and the reading itself.

import type { Prng } from "@zlab/hw-sim";

/** Makes a damaged input of a valid one, which it leaves as it is. */
export type Mutation = (bytes: Uint8Array, prng: Prng) => Uint8Array;

export interface FuzzedReader {
  /** Name on the command line. */
  readonly name: string;
  /** How many of the campaign's inputs go to it, in comparison with the others. */
  readonly weight: number;
  /** Valid inputs, all of which `read` accepts. Called once. */
  samples(): readonly Uint8Array[];
  /** Ways to damage them beside those for all formats. */
  readonly mutations: readonly Mutation[];
  /** Reads an input as the program does, and all that it has. Refuses it by a `UsageError`, or another error of zlab with a code; a result
   * that can't be right is any other error. `variant`, a 32-bit number, chooses among ways to read. */
  read(bytes: Uint8Array, variant: number): void | Promise<void>;
}

/** Throws an error that counts as a failure of the reader. */
export function assertRight(isRight: boolean, what: string): void {
  if (!isRight) throw new Error(`a result that can't be right: ${what}`);
}
