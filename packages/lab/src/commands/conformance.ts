// The options of `zlab conformance`.

import type { RegisterCommand } from "../context.ts";
import { integerOption, pageSizeOption, repeatedOption, seedOption } from "../options.ts";
import { examples } from "./examples.ts";

export interface ConformanceOptions {
  readonly seed: number;
  readonly runs?: number;
  readonly pageSize: number;
  readonly property?: readonly string[];
  readonly hardened?: boolean;
  readonly json?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  program
    .command("conformance")
    .summary("checks that an allocator keeps the promises of the zpool contract")
    .description(
      "Runs the property kit against an allocator: random sequences of operations, after each of which every promise of the " +
        "zpool contract is checked. Each broken promise is named with the smallest sequence that breaks it.",
    )
    .argument("<driver>", "an ES module that exports a driver, or the name of a registered allocator")
    .option("--seed <n>", "seed of the random sequences", seedOption, 1)
    .option(
      "--runs <n>",
      "sequences per promise, 1 to 1000000 (default: the kit's)",
      integerOption("--runs", 1, 1_000_000),
    )
    .option("--property <id>", "check this promise only; may be repeated", repeatedOption)
    .option("--page-size <bytes>", "4096, 16384 or 65536", pageSizeOption, 4096)
    .option("--hardened", "check hardened pools of the allocator, which watch their callers")
    .option("--json", "print the verdicts as JSON")
    .addHelpText(
      "after",
      examples([
        ["zlab conformance ./my-driver.js", "check an allocator of yours"],
        ["zlab conformance zbud", "check a registered one"],
        ["zlab conformance ./my-driver.js --seed 7 --runs 1000", "other sequences, and more of them"],
      ]),
    )
    .action(
      context.action(async (driver: string, options: ConformanceOptions) => {
        const { checkConformance } = await import("../conformance/check-conformance.ts");
        return checkConformance(driver, options, context);
      }),
    );
};
