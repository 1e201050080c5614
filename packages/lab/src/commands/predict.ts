// The options of `zlab predict`.

import type { RegisterCommand } from "../context.ts";
import {
  CODEC_LIST_HELP,
  DEFAULT_CODECS,
  FILES_HELP,
  FORMAT_HELP,
  PAGE_SIZE_HELP,
  chainListOption,
  choiceOption,
  formatOption,
  integerOption,
  listOption,
  pageSizeOption,
} from "../options.ts";
import type { BlktraceAction, HistoryFormatName } from "../history/formats/history-format.ts";
import type { PageOptions } from "../pages/read-pages.ts";
import { examples } from "./examples.ts";

export interface PredictOptions extends PageOptions {
  readonly codec: readonly string[];
  readonly backends: readonly string[];
  readonly chain: readonly number[];
  readonly history?: string;
  readonly historyFormat?: HistoryFormatName;
  readonly historyAction: BlktraceAction;
  readonly jobs?: number;
  readonly json?: boolean;
}

const historyFormatOption: (text: string) => HistoryFormatName = choiceOption("--history-format", [
  "ndjson",
  "msr",
  "blkparse",
]);
const historyActionOption: (text: string) => BlktraceAction = choiceOption("--history-action", ["Q", "C"]);
const jobsOption = integerOption("--jobs", 1, 256);

export const register: RegisterCommand = (program, context) => {
  program
    .command("predict")
    .summary("tells what memory pages would cost in a zram device")
    .description(
      "Writes memory pages to a simulated zram device for each combination of compressor, allocator and chain size, and prints " +
        "what the kernel's mm_stat would show, where the memory goes, and which combination needs the least. Only lengths are " +
        "kept, so that the input may be larger than memory.",
    )
    .argument("[files...]", FILES_HELP)
    .option("--codec <names>", CODEC_LIST_HELP, listOption("--codec"), DEFAULT_CODECS)
    .option("--backends <names>", "allocators, separated by commas (see zlab backends)", listOption("--backends"), [
      "zsmalloc",
    ])
    .option("--chain <sizes>", "chain sizes of zsmalloc, 4 to 16, separated by commas", chainListOption, [8])
    .option("--page-size <bytes>", PAGE_SIZE_HELP, pageSizeOption)
    .option("--format <format>", FORMAT_HELP, formatOption)
    .option("--history <trace>", "replay the writes and discards of a block trace against the pages")
    .option(
      "--history-format <format>",
      "ndjson, msr or blkparse (default: what the trace looks like)",
      historyFormatOption,
    )
    .option("--history-action <action>", "the event of blkparse text that counts: Q or C", historyActionOption, "Q")
    .option("--jobs <n>", "threads that compress (default: one per processor, one for small inputs)", jobsOption)
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples([
        ["zlab predict memory.bin", "lzo-rle, lz4 and zstd in zsmalloc"],
        ["zlab predict core.1234 --codec zstd --chain 4,8,16", "is a kernel with longer chains worth it?"],
        ["zlab predict memory.bin --history trace.csv", "after the writes and discards of a block trace"],
        ["zlab predict swap.img --backends zsmalloc,zbud,z3fold", "other allocators in the place of zsmalloc"],
      ]),
    )
    .action(
      context.action(async (files: string[], options: PredictOptions) => {
        const { predict } = await import("../predict/predict.ts");
        return predict(files, options, context);
      }),
    );
};
