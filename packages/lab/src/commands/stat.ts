// The options of `zlab stat`.

import type { RegisterCommand } from "../context.ts";
import { chainOption, choiceOption, pageSizeOption } from "../options.ts";
import { examples } from "./examples.ts";

const ERA_NAMES = ["linux-6.12", "linux-4.x", "linux-3.10"] as const;

export interface StatOptions {
  readonly era: (typeof ERA_NAMES)[number];
  readonly chain?: number;
  readonly codec: string;
  readonly pageSize: number;
  readonly compact?: boolean;
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
    .argument("[files...]", "raw memory pages; without files the built-in corpus of 2,048 pages")
    .option(
      "--era <era>",
      "zsmalloc of which kernel: linux-6.12, linux-4.x or linux-3.10",
      choiceOption("--era", ERA_NAMES),
      "linux-6.12" as const,
    )
    .option("--chain <n>", "largest number of pages in a zspage, 4 to 16 (default: the era's)", chainOption)
    .option(
      "--codec <name>",
      "the compressor: lzo-rle, lzo, lz4, zstd, deflate, or the path of a module with one of yours",
      "zstd",
    )
    .option("--page-size <bytes>", "4096, 16384 or 65536", pageSizeOption, 4096)
    .option("--compact", "compact the pool before printing")
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
