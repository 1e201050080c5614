// The options of `zlab stat`.

import type { RegisterCommand } from "../context.ts";
import {
  FILES_HELP,
  FORMAT_HELP,
  PAGE_SIZE_HELP,
  chainOption,
  choiceOption,
  formatOption,
  pageSizeOption,
} from "../options.ts";
import type { PageOptions } from "../pages/read-pages.ts";
import { examples } from "./examples.ts";

const ERA_NAMES = ["linux-6.12", "linux-4.x", "linux-3.10", "rfc-2026"] as const;

export interface StatOptions extends PageOptions {
  readonly era: (typeof ERA_NAMES)[number];
  readonly chain?: number;
  readonly codec: string;
  readonly compact?: boolean;
  readonly saveImage?: string;
  readonly json?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  program
    .command("stat")
    .summary("stores pages in zsmalloc and prints the pool's statistics as the kernel does")
    .description(
      "Compresses memory pages, stores them in one zsmalloc pool and prints the pool's statistics exactly in the layout of the " +
        "kernel's file /sys/kernel/debug/zsmalloc/<pool>/classes. What else there is to say goes to stderr.",
    )
    .argument("[files...]", FILES_HELP)
    .option(
      "--era <era>",
      "zsmalloc of which kernel: linux-6.12, linux-4.x, linux-3.10, or the proposal rfc-2026",
      choiceOption("--era", ERA_NAMES),
      "linux-6.12" as const,
    )
    .option("--chain <n>", "largest number of pages in a zspage, 4 to 16 (default: the era's)", chainOption)
    .option(
      "--codec <name>",
      "the compressor: lzo-rle, lzo, lz4, zstd, deflate, or the path of a module with one of yours",
      "zstd",
    )
    .option("--page-size <bytes>", PAGE_SIZE_HELP, pageSizeOption)
    .option("--format <format>", FORMAT_HELP, formatOption)
    .option("--compact", "compact the pool before printing")
    .option("--save-image <file>", "write the pool down, contents and all, for zlab image; only you can read the file")
    .option("--json", "print the statistics as JSON")
    .addHelpText(
      "after",
      examples([
        ["zlab stat memory.bin", "the classes file of a zram device that holds these pages"],
        ["zlab stat --era linux-3.10", "the built-in pages under the zsmalloc of Linux 3.10"],
        ["zlab stat memory.bin --chain 4 --codec deflate", "another chain size, another compressor"],
      ]),
    )
    .action(
      context.action(async (files: string[], options: StatOptions) => {
        const { stat } = await import("../stat/stat.ts");
        return stat(files, options, context);
      }),
    );
};
