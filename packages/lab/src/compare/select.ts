// Which backends and codecs a command line means.

import type { PageCodec } from "../codecs/page-codec.ts";
import { type BackendVariant, backendVariants, createCodecs } from "../compose.ts";
import { loadVariants } from "../drivers/load-drivers.ts";
import { UsageError } from "../errors.ts";

/** The backends named (all if none are), and after them those of the driver modules. */
export async function selectVariants(
  names: readonly string[] | undefined,
  driverFiles: readonly string[],
  cwd: string,
  chainSize: number,
): Promise<BackendVariant[]> {
  const known = backendVariants(chainSize);
  const selected = names === undefined ? known : names.map((name) => findVariant(name, known));
  return [...selected, ...(await loadVariants(driverFiles, cwd, known))];
}

/** A registered backend by the name that tables show. */
function findVariant(name: string, known: readonly BackendVariant[]): BackendVariant {
  const variant = known.find(({ label }) => label === name);
  if (variant !== undefined) return variant;
  throw new UsageError(`there is no backend "${name}"; there are: ${known.map(({ label }) => label).join(", ")}`);
}

/** The codecs named; all if none are. */
export function selectCodecs(names: readonly string[] | undefined): PageCodec[] {
  const known = createCodecs();
  return names === undefined ? known : names.map((name) => findCodec(name, known));
}

export function findCodec(name: string, known: readonly PageCodec[] = createCodecs()): PageCodec {
  const codec = known.find((candidate) => candidate.name === name);
  if (codec !== undefined) return codec;
  throw new UsageError(
    `there is no codec "${name}"; there are: ${known.map((candidate) => candidate.name).join(", ")}`,
  );
}
