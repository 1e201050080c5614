// The options of `zlab backends`.

import type { RegisterCommand } from "../context.ts";
import { pageSizeOption, repeatedOption } from "../options.ts";
import { examples } from "./examples.ts";

export interface BackendsOptions {
  readonly pageSize: number;
  readonly driver?: readonly string[];
  readonly json?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  program
    .command("backends")
    .summary("lists the allocators and what they can do")
    .description("Lists the allocators that are registered, with their capabilities.")
    .option("--page-size <bytes>", "4096, 16384 or 65536: what they can do on such a machine", pageSizeOption, 4096)
    .option("--driver <module>", "an ES module with an allocator of yours, listed too; may be repeated", repeatedOption)
    .option("--json", "print the list as JSON")
    .addHelpText(
      "after",
      examples([
        ["zlab backends", "what there is"],
        ["zlab backends --page-size 65536", "on a machine with 64 KiB pages"],
      ]),
    )
    .action(
      context.action(async (options: BackendsOptions) => {
        const { listBackends } = await import("../backends/list-backends.ts");
        return listBackends(options, context);
      }),
    );
};
