// `zlab explain`: the mm_stat of a real device in words.

import { MM_STAT_COLUMNS } from "@zlab/zram";
import type { ExplainOptions } from "../commands/explain.ts";
import type { CommandContext, ExitCode } from "../context.ts";
import { painterFor } from "../output/colour.ts";
import { formatPageSize, thousands } from "../output/format.ts";
import { writeJson } from "../output/json.ts";
import { wrapText } from "../output/wrap.ts";
import { figuresOf } from "./figures.ts";
import { parseMmStat } from "./parse-mm-stat.ts";
import { advice, meanings } from "./wording.ts";

const MAX_WIDTH = 110;

export async function explain(
  words: readonly string[],
  options: ExplainOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { pageSize, chain } = options;
  const stat = parseMmStat(words, pageSize);
  const figures = figuresOf(stat, pageSize, chain);
  const meaningOf = meanings(stat, figures);
  const lookAt = advice(stat, figures);
  if (options.json) {
    const columns = MM_STAT_COLUMNS.map((name) => ({ name, value: stat[name], meaning: meaningOf[name] }));
    writeJson(context.stdout, { pageBytes: pageSize, chainSize: chain, columns, figures, lookAt });
    return 0;
  }
  const { stdout } = context;
  const paint = painterFor(stdout, context.env);
  const width = Math.min(stdout.columns ?? MAX_WIDTH, MAX_WIDTH);
  const indented = (text: string): string => wrapText(text, width - 4).replaceAll(/^/gm, "    ");
  stdout.write(
    `a zram device on a machine with pages of ${formatPageSize(pageSize)}, zsmalloc chains of up to ${chain} pages\n\n`,
  );
  for (const [i, name] of MM_STAT_COLUMNS.entries()) {
    stdout.write(`${paint.bold(`${i + 1} ${name}`)} ${thousands(stat[name])}\n${indented(meaningOf[name])}\n`);
  }
  stdout.write(`\n${paint.bold("What to look at")}\n`);
  for (const text of lookAt) stdout.write(`${indented(text).replace(/^ {4}/, "  - ")}\n`);
  return 0;
}
