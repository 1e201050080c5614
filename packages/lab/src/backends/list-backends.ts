// `zlab backends`: what is registered and what it can do.

import { ZlabError } from "@zlab/hw-sim";
import type { Capabilities, PoolOptions } from "@zlab/zpool";
import type { BackendsOptions } from "../commands/backends.ts";
import { type BackendVariant, backendVariants } from "../compose.ts";
import type { CommandContext, ExitCode } from "../context.ts";
import { loadVariants } from "../drivers/load-drivers.ts";
import { messageOf } from "../errors.ts";
import { painterFor } from "../output/colour.ts";
import { formatPageSize, thousands } from "../output/format.ts";
import { writeJson } from "../output/json.ts";
import { type Column, formatTable } from "../output/table.ts";

interface Listing {
  readonly name: string;
  readonly type: string;
  readonly description: string;
  readonly options: PoolOptions;
  /** Null if the backend can't work with pages of this size. */
  readonly capabilities: Capabilities | null;
  readonly reason: string | null;
}

const COLUMNS: readonly Column[] = [
  { title: "backend", align: "left" },
  { title: "largest\nobject B" },
  { title: "HIGHMEM\npages" },
  { title: "sleep while\nmapped" },
  { title: "compacts" },
  { title: "objects\nspan pages" },
  { title: "page\norders" },
  { title: "what it is", align: "left" },
];

export async function listBackends(options: BackendsOptions, context: CommandContext): Promise<ExitCode> {
  const known = backendVariants();
  const variants = [...known, ...(await loadVariants(options.driver ?? [], context.cwd, known))];
  const listings = variants.map((variant) => describe(variant, options.pageSize));
  if (options.json) writeJson(context.stdout, { pageBytes: options.pageSize, backends: listings });
  else writeList(listings, options.pageSize, context);
  return 0;
}

function describe({ label, driver, options }: BackendVariant, pageBytes: number): Listing {
  const listing = { name: label, type: driver.type, description: driver.description, options };
  const unknown = (reason: string): Listing => ({ ...listing, capabilities: null, reason });
  try {
    const capabilities: unknown = driver.capabilities(pageBytes, options); // of a module, whatever it gives
    if (typeof capabilities !== "object" || capabilities === null) return unknown("capabilities() returned no record");
    return { ...listing, capabilities: capabilities as Capabilities, reason: null };
  } catch (error) {
    return unknown(ZlabError.is(error) ? messageOf(error) : `capabilities() threw: ${messageOf(error)}`);
  }
}

function writeList(listings: readonly Listing[], pageBytes: number, { stdout, env }: CommandContext): void {
  const paint = painterFor(stdout, env);
  const rows = listings.map(({ name, description, options, capabilities, reason }) => {
    if (capabilities === null) return [name, "-", "-", "-", "-", "-", "-", reason ?? ""];
    const { maxBytes, movable, sleepMapped, compact, crossPage, maxPageOrder } = capabilities;
    const orders = maxPageOrder === 0 ? "0" : `0-${maxPageOrder}`;
    const flags = [movable, sleepMapped, compact, crossPage].map((flag) => (flag ? "yes" : "no"));
    return [name, thousands(maxBytes), ...flags, orders, [description, ...formatOptions(options)].join("; ")];
  });
  stdout.write(`backends on a machine with pages of ${formatPageSize(pageBytes)}\n\n`);
  stdout.write(formatTable(COLUMNS, rows, paint));
}

function formatOptions(options: PoolOptions): string[] {
  return Object.entries(options).map(([name, value]) => `${name} ${String(value)}`);
}
