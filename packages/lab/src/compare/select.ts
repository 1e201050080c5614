// Which backends and codecs a command line means.

import type { Codec } from "@zlab/codecs";
import { isModuleFile, loadCodec } from "../codecs/load-codec.ts";
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

/** The codecs that a list means: names, or files of modules with a codec of somebody else. */
export async function selectCodecs(list: readonly string[], cwd: string): Promise<Codec[]> {
  const codecs: Codec[] = [];
  for (const item of list) {
    const codec = isModuleFile(item) ? await loadCodec(item, cwd) : findCodec(item);
    const twin = codecs.find(({ name }) => name === codec.name);
    codecs.push(twin === undefined ? codec : { ...codec, name: `${codec.name} (${item})` });
  }
  return codecs;
}

/** A codec of zlab by its name. */
export function findCodec(name: string): Codec {
  const known = createCodecs();
  if (known.has(name)) return known.codec(name);
  throw new UsageError(
    `there is no codec "${name}"; there are: ${known.names().join(", ")}, or the path of a module such as ./${name}.js`,
  );
}
