// Which combinations are predicted: each codec with each allocator, and with each chain size where the allocator has chains.

import type { Codec } from "@zlab/codecs";
import { selectVariants } from "../compare/select.ts";
import type { BackendVariant } from "../compose.ts";

export interface Candidate {
  readonly codec: Codec;
  /** Place of the codec in the list of all. */
  readonly codecIndex: number;
  readonly variant: BackendVariant;
  /** Largest number of pages in a zspage; undefined for allocators that can't choose it. */
  readonly chainSize: number | undefined;
}

export async function candidatesOf(
  codecs: readonly Codec[],
  backends: readonly string[],
  chainSizes: readonly number[],
  cwd: string,
): Promise<Candidate[]> {
  const pools: Omit<Candidate, "codec" | "codecIndex">[] = [];
  for (const name of backends) {
    for (const [i, chainSize] of chainSizes.entries()) {
      const [variant] = await selectVariants([name], [], cwd, chainSize);
      const hasChains = variant!.options["chainSize"] !== undefined;
      if (hasChains || i === 0) pools.push({ variant: variant!, chainSize: hasChains ? chainSize : undefined });
    }
  }
  return codecs.flatMap((codec, codecIndex) => pools.map((pool) => ({ codec, codecIndex, ...pool })));
}
