// Predictions as text: what went in, the combinations by the memory that they need, the lines that the kernel would print.

import type { CommandContext } from "../context.ts";
import { painterFor } from "../output/colour.ts";
import { counted, formatBytes, formatPageSize, formatRatio, thousands } from "../output/format.ts";
import { type Column, formatTable } from "../output/table.ts";
import { describeZeroFill } from "../pages/page-set.ts";
import { describeHistory, historyTable } from "./history-report.ts";
import type { PredictResult } from "./predict.ts";
import type { Prediction } from "./prediction.ts";

const COLUMNS: readonly Column[] = [
  { title: "" },
  { title: "codec", align: "left" },
  { title: "backend", align: "left" },
  { title: "chain" },
  { title: "com-\npressed" },
  { title: "memory\nused" },
  { title: "ratio" },
  { title: "huge\npages" },
  { title: "refused\npages" },
  { title: "round-\ning" },
  { title: "tails" },
  { title: "free\nslots" },
  { title: "headers" },
];

const LEGEND = `ratio    data / memory used         huge  pages stored as they are         refused  pages that could not be written
memory used = compressed + rounding to the slot + tails of zspages that no slot fits in + free slots + headers
`;

export function writeReport(result: PredictResult, { stdout, env }: CommandContext): void {
  const paint = painterFor(stdout, env);
  stdout.write(`${head(result)}\n`);
  stdout.write(formatTable(COLUMNS, result.predictions.map(cellsOf), paint));
  stdout.write(`\n${paint.dim(LEGEND)}\n`);
  if (result.history !== undefined) stdout.write(historyTable(result.predictions, paint));
  const moment = result.history === undefined ? "after each page was written once, in order" : "after the history";
  stdout.write(`${paint.bold("mm_stat")} of these devices ${moment}:\n`);
  const labels = result.predictions.map(labelOf);
  const width = Math.max(...labels.map((label) => label.length));
  for (const [i, { mmStat }] of result.predictions.entries()) stdout.write(`${labels[i]!.padEnd(width)}  ${mmStat}\n`);
}

function head({ input, history, codecs, predictions }: PredictResult): string {
  const names = input.sources.map(({ name, format }) => (format === "raw" ? name : `${name} (${format})`));
  const more = names.length > 3 ? ` and ${names.length - 3} more files` : "";
  const bytes = formatBytes(input.pages * input.pageBytes);
  const size = `${thousands(input.pages)} pages of ${formatPageSize(input.pageBytes)} (${bytes})`;
  const lines = [
    `input    ${size} from ${names.slice(0, 3).join(", ")}${more}`,
    ...input.sources.flatMap((source) => describeZeroFill(source) ?? []).map((remark) => `note     ${remark}`),
    ...(history === undefined ? [] : describeHistory(history)),
    describeSameFilled(predictions[0]?.sameFilledPages ?? 0, history !== undefined),
    `codecs   ${codecs.map(({ description }) => description).join("; ")}`,
    ...codecs.flatMap(({ name, deviation }) => (deviation === null ? [] : [`note     ${name}: ${deviation}`])),
  ];
  return `${lines.join("\n")}\n`;
}

function describeSameFilled(count: number, isAtTheEnd: boolean): string {
  return `         ${counted(count, "same-filled page")}${isAtTheEnd ? " at the end" : ""} ${count === 1 ? "takes" : "take"} no memory`;
}

/** Names a combination in one line. */
function labelOf({ codec, backend, chainSize }: Prediction): string {
  return `${codec} ${backend}${chainSize === null ? "" : ` ${chainSize}`}`;
}

function cellsOf(prediction: Prediction): string[] {
  const { rank, codec, backend, chainSize, waste } = prediction;
  return [
    String(rank),
    codec,
    backend,
    chainSize === null ? "-" : String(chainSize),
    formatBytes(prediction.compressedBytes),
    formatBytes(prediction.memoryUsedBytes),
    formatRatio(prediction.ratio),
    thousands(prediction.hugePages),
    thousands(prediction.refusedPages),
    formatBytes(waste.roundingBytes),
    formatBytes(waste.tailBytes),
    formatBytes(waste.freeBytes),
    formatBytes(waste.headerBytes),
  ];
}
