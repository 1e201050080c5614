// The options of `zlab capture`.

import type { RegisterCommand } from "../context.ts";
import { integerOption } from "../options.ts";
import { examples } from "./examples.ts";

export interface CaptureOptions {
  readonly pid: number;
  readonly out?: string;
  readonly anonOnly?: boolean;
  readonly limit?: number;
  readonly json?: boolean;
}

/** The largest number that Linux gives to a process. */
const MAX_PID = 2 ** 22;

export const register: RegisterCommand = (program, context) => {
  program
    .command("capture")
    .summary("saves the memory pages of a running process to a file (Linux)")
    .description(
      "Copies the resident anonymous pages of a running process, which are those that would be swapped, into a file of raw pages " +
        "for compare, stat and predict, with an index beside it. Needs the right to trace the process. Memory can hold passwords " +
        "and keys: the files are readable by you alone; delete them when you are done.",
    )
    .requiredOption("--pid <n>", "the process", integerOption("--pid", 1, MAX_PID))
    .option("--out <file>", "the file, which must not exist yet (default: memory-<pid>.bin)")
    .option(
      "--anon-only",
      "leave out the changed pages of files that the process has mapped, such as data of libraries",
    )
    .option("--limit <pages>", "stop after so many pages", integerOption("--limit", 1, Number.MAX_SAFE_INTEGER))
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples([
        ["zlab capture --pid 1234", "the process's memory into memory-1234.bin"],
        ["zlab capture --pid 1234 --out a.bin --limit 65536", "at most 256 MiB of it, with pages of 4 KiB"],
      ]),
    )
    .action(
      context.action(async (options: CaptureOptions) => {
        const { capture } = await import("../capture/capture.ts");
        return capture(options, context);
      }),
    );
};
