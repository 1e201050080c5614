// The options of `zlab classes`.

import type { RegisterCommand } from "../context.ts";
import { chainOption, choiceOption, integerOption, pageSizeOption } from "../options.ts";
import { examples } from "./examples.ts";

const ERA_NAMES = ["linux-6.12", "linux-4.x", "linux-3.10", "rfc-2026"] as const;
const RULE_NAMES = ["min-waste", "used-percent", "rfc-2026"] as const;

export interface ClassesOptions {
  readonly era: (typeof ERA_NAMES)[number];
  readonly chain?: number;
  readonly pageSize: number;
  readonly rule?: (typeof RULE_NAMES)[number];
  readonly delta?: number;
  readonly csv?: boolean;
  readonly json?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  program
    .command("classes")
    .summary("prints the size classes of a zsmalloc pool")
    .description(
      "Prints the size classes that zsmalloc lays out for a chain size, a page size and a rule: slots and waste of a zspage, " +
        "slots that span two pages, which nominal sizes are merged into a class, and which requests it serves.",
    )
    .option(
      "--era <era>",
      "zsmalloc of which kernel: linux-6.12, linux-4.x, linux-3.10, or the proposal rfc-2026",
      choiceOption("--era", ERA_NAMES),
      "linux-6.12" as const,
    )
    .option("--chain <n>", "largest number of pages in a zspage, 4 to 16 (default: the era's)", chainOption)
    .option("--page-size <bytes>", "4096, 16384 or 65536", pageSizeOption, 4096)
    .option(
      "--rule <rule>",
      "how the pages of a zspage are chosen: min-waste, used-percent or rfc-2026 (default: the era's)",
      choiceOption("--rule", RULE_NAMES),
    )
    .option(
      "--delta <bytes>",
      "step between nominal sizes, a multiple of 16 (default: a 256th of the page; 16 for rfc-2026)",
      integerOption("--delta", 16, 4096),
    )
    .option("--csv", "print a line for every nominal size, merged ones included, as CSV")
    .option("--json", "print the classes as JSON")
    .addHelpText(
      "after",
      examples([
        ["zlab classes --chain 4", "the classes of a kernel built with chains of 4 pages"],
        ["zlab classes --era linux-3.10 --csv", "the unmerged classes of 2013, for a spreadsheet"],
        ["zlab classes --page-size 16384 --delta 16", "finer classes on 16 KiB pages"],
        ["zlab classes --rule rfc-2026 --chain 10", "what the proposed rule would choose"],
      ]),
    )
    .action(
      context.action(async (options: ClassesOptions) => {
        const { printClasses } = await import("../classes/print-classes.ts");
        return printClasses(options, context);
      }),
    );
};
