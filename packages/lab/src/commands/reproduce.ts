// The options of `zlab reproduce`.

import type { RegisterCommand } from "../context.ts";
import { examples } from "./examples.ts";

export interface ReproduceOptions {
  readonly json?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  program
    .command("reproduce")
    .summary("finds tables again that kernel developers have published")
    .description(
      "Reproduces published tables about zsmalloc and its relatives, with a verdict for every figure: exact, within the stated " +
        "relation, or different. Figures that follow from the rules must be exact; where the data of a table are not public, its " +
        "relations are looked for in the built-in pages. The exit code is 1 if a figure that must be exact differs.",
    )
    .argument("[tables...]", "T1 to T15; without names all of them")
    .option("--json", "print the figures and verdicts as JSON")
    .addHelpText(
      "after",
      examples([
        ["zlab reproduce", "all tables"],
        ["zlab reproduce T1", "the table of the kernel's document, and which of its columns is out of date"],
        ["zlab reproduce T4 T9 --json", "two tables, for a program"],
      ]),
    )
    .action(
      context.action(async (tables: string[], options: ReproduceOptions) => {
        const { reproduce } = await import("../reproduce/reproduce.ts");
        return reproduce(tables, options, context);
      }),
    );
};
