// The options of `zlab compare`.

import type { CommandContext, RegisterCommand } from "../context.ts";
import {
  CODEC_LIST_HELP,
  DEFAULT_CODECS,
  FILES_HELP,
  FORMAT_HELP,
  PAGE_SIZE_HELP,
  chainOption,
  formatOption,
  listOption,
  pageSizeOption,
  repeatedOption,
  seedOption,
} from "../options.ts";
import type { PageOptions } from "../pages/read-pages.ts";
import { examples } from "./examples.ts";

export interface CompareOptions extends PageOptions {
  readonly backends?: readonly string[];
  readonly codec: readonly string[];
  readonly driver?: readonly string[];
  readonly seed: number;
  readonly chain: number;
  /** Whether speeds are measured; undefined: in text they are, in JSON not. */
  readonly times?: boolean;
  readonly json?: boolean;
}

export const register: RegisterCommand = (program, context: CommandContext) => {
  program
    .command("compare")
    .summary("stores compressed pages in every allocator and compares them")
    .description(
      "Compresses memory pages, stores the results in every allocator, reads each one back through a mapping and verifies it, " +
        "overwrites and frees in a churn phase, compacts where the allocator can, and prints one table per codec.",
    )
    .argument("[files...]", FILES_HELP)
    .option(
      "--backends <names>",
      "allocators to compare, separated by commas (see zlab backends)",
      listOption("--backends"),
    )
    .option("--codec <names>", CODEC_LIST_HELP, listOption("--codec"), [...DEFAULT_CODECS, "deflate"])
    .option("--page-size <bytes>", PAGE_SIZE_HELP, pageSizeOption)
    .option("--format <format>", FORMAT_HELP, formatOption)
    .option(
      "--driver <module>",
      "an ES module with an allocator of yours, beside the others; may be repeated",
      repeatedOption,
    )
    .option("--seed <n>", "seed of the churn phase", seedOption, 1)
    .option("--chain <n>", "largest number of pages in a zspage of zsmalloc, 4 to 16", chainOption, 8)
    .option("--times", "measure speeds: the default of the tables; with --json they are left out without it")
    .option("--no-times", "leave the speed measurement out: faster, and the same output every time")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples([
        ["zlab compare", "all allocators under lzo-rle, lz4, zstd and deflate, built-in pages"],
        ["zlab compare memory.bin --backends zsmalloc,zbud", "two allocators over your own pages"],
        ["zlab compare --codec zstd --page-size 16384", "a machine with 16 KiB pages"],
        ["zlab compare --codec lz4,./my-codec.js", "a compressor of yours beside lz4"],
        ["zlab compare --driver ./my-driver.js", "an allocator of yours beside the others"],
        ["zlab compare --json | jq .runs[].density", "numbers for a program"],
      ]),
    )
    .action(
      context.action(async (files: string[], options: CompareOptions) => {
        const { compare } = await import("../compare/compare.ts");
        return compare(files, options, context);
      }),
    );
};
