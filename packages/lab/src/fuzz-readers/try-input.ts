// One input of the campaign: which it is, and what its reader makes of it.

import { Prng, ZlabError } from "@zlab/hw-sim";
import { UsageError } from "../errors.ts";
import type { FuzzedReader } from "./fuzzed-reader.ts";
import { damagedInput } from "./mutations.ts";

/** Longest message that counts as clear. */
const MAX_MESSAGE_LENGTH = 600;
/** Spreads the seeds of neighbouring inputs. */
const SEED_STEP = 0x9e37_79b1;

export type Verdict =
  | { readonly verdict: "accepted" | "refused" }
  /** What was thrown that is no clear error, or what is wrong with the result. */
  | { readonly verdict: "failed"; readonly problem: string };

export interface FuzzInput {
  readonly bytes: Uint8Array;
  /** Chooses among the ways to read it. */
  readonly variant: number;
}

/** Input number `index` of the campaign of that seed; it depends on nothing else. `samples` are the reader's. */
export function createInput(
  { mutations }: FuzzedReader,
  samples: readonly Uint8Array[],
  seed: number,
  index: number,
): FuzzInput {
  const prng = new Prng(seed + Math.imul(index, SEED_STEP));
  const variant = prng.next();
  return { variant, bytes: damagedInput(samples, mutations, prng) };
}

/** Reads an input. Never throws. */
export async function tryInput(reader: FuzzedReader, { bytes, variant }: FuzzInput): Promise<Verdict> {
  try {
    await reader.read(bytes, variant);
    return { verdict: "accepted" };
  } catch (error) {
    const problem = problemOf(error);
    return problem === undefined ? { verdict: "refused" } : { verdict: "failed", problem };
  }
}

/** What is wrong with an error as a refusal: its kind, or a message that is empty, too long, or not made for a terminal. */
function problemOf(error: unknown): string | undefined {
  if (!(error instanceof UsageError) && !ZlabError.is(error)) {
    return error instanceof Error ? (error.stack ?? error.message) : `thrown: ${String(error)}`;
  }
  const { message } = error;
  if (message.length < 10 || message.length > MAX_MESSAGE_LENGTH) return `a message of ${message.length} characters`;
  return /\p{Cc}/u.test(message) ? `control characters in the message ${JSON.stringify(message)}` : undefined;
}
