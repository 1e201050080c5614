// The options of `zlab explain`.

import type { RegisterCommand } from "../context.ts";
import { chainOption, pageSizeOption } from "../options.ts";
import { examples } from "./examples.ts";

export interface ExplainOptions {
  readonly pageSize: number;
  readonly chain: number;
  readonly json?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  program
    .command("explain")
    .summary("says in words what the mm_stat of a real zram device means")
    .description(
      "Takes the nine columns of /sys/block/zram<N>/mm_stat of a real device and says what each means for this device, and what " +
        "to look at: ratio, overhead, fragmentation, incompressible pages, peak and limit.",
    )
    .argument("<mm_stat...>", 'the line, as one argument or as nine; "-" reads it from stdin')
    .option("--page-size <bytes>", "of the device's machine: 4096, 16384 or 65536", pageSizeOption, 4096)
    .option("--chain <n>", "largest number of pages in a zspage of its kernel, 4 to 16", chainOption, 8)
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples([
        ["zlab explain - < /sys/block/zram0/mm_stat", "the device of this machine"],
        ['zlab explain "8388608 3164715 4800512 0 4800512 238 0 98 98"', "a line from somewhere else"],
      ]),
    )
    .action(
      context.action(async (words: string[], options: ExplainOptions) => {
        const { explain } = await import("../explain/explain.ts");
        return explain(words, options, context);
      }),
    );
};
