// The options of `zlab replay`.

import type { RegisterCommand } from "../context.ts";
import { chainOption } from "../options.ts";
import { examples } from "./examples.ts";

export interface ReplayOptions {
  readonly backend?: string;
  readonly chain?: number;
  readonly verify?: boolean;
  readonly payload?: boolean;
  readonly times?: boolean;
  readonly json?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  program
    .command("replay")
    .summary("runs operation traces and checks them against what was recorded")
    .description(
      "Replays traces of allocators and of zram devices, plain or gzipped. The header line of a trace tells its family, the " +
        "backend and the backend's options. With --verify every fact that the trace records is compared with what happens here: " +
        "places of objects, page totals, error codes, compactions, statistics and list orders; the first difference ends the " +
        "replay of its file, is printed with file and line, and makes the exit code 1.",
    )
    .argument("<files...>", "traces, as in golden/")
    .option("--backend <name>", "replay on another backend than the recorded one (see zlab backends)")
    .option("--chain <n>", "largest number of pages in a zspage, 4 to 16 (default: the header's)", chainOption)
    .option("--verify", "check every recorded fact")
    .option("--payload", "fill every object with bytes, and check them before frees, after compactions and at the end")
    .option("--json", "print the result as JSON")
    .option("--times", "with --json: tell the times and speeds too, which differ from run to run")
    .addHelpText(
      "after",
      examples([
        ["zlab replay golden/zsmalloc-6.12/*.gz --verify", "check zsmalloc against the kernel's traces"],
        ["zlab replay golden/zram-6.18/*.gz --verify", "check it against a live kernel's zram"],
        ["zlab replay trace.jsonl --backend zbud", "run the same workload on another allocator"],
      ]),
    )
    .action(
      context.action(async (files: string[], options: ReplayOptions) => {
        const { replay } = await import("../replay/replay.ts");
        return replay(files, options, context);
      }),
    );
};
