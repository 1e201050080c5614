// A comparison as text: what went in, a table per codec, a legend.

import type { CommandContext } from "../context.ts";
import { painterFor } from "../output/colour.ts";
import {
  formatBytes,
  formatNanoseconds,
  formatPageSize,
  formatPercent,
  counted,
  formatRatio,
  isOrAre,
  plural,
  thousands,
} from "../output/format.ts";
import { describeZeroFill } from "../pages/page-set.ts";
import { type Column, formatTable } from "../output/table.ts";
import type { CodecSummary, Comparison, Run } from "./comparison.ts";

const COLUMNS: readonly Column[] = [
  { title: "backend", align: "left" },
  { title: "objects\nstored" },
  { title: "objects\nrefused" },
  { title: "bytes\nstored" },
  { title: "pool\npages" },
  { title: "density" },
  { title: "over-\nhead" },
  { title: "spanning\nobjects" },
  { title: "pages\nafter\nchurn" },
  { title: "pages\nafter com-\npaction" },
  { title: "store\nns" },
  { title: "load\nns" },
  { title: "free\nns" },
];

const LEGEND = `density   bytes stored / bytes of the pool's pages          overhead  the pool's bytes beyond the bytes stored
spanning  objects that lie on two pages                     churn     overwrites and frees in random order (same for all)
-         the backend does not compact                      ns        median per object, this program, copying included
Every object was read back through a mapping and compared after store, churn and compaction; all pages were returned.
`;

export function writeReport(comparison: Comparison, { stdout, env }: CommandContext): void {
  const paint = painterFor(stdout, env);
  stdout.write(head(comparison));
  for (const codec of comparison.codecs) {
    const runs = comparison.runs.filter((run) => run.codec === codec.name);
    stdout.write(`\n${paint.bold(codec.name)}: ${describeCodec(codec)}\n\n`);
    stdout.write(formatTable(COLUMNS, runs.map(cellsOf), paint));
    for (const run of runs) {
      if (run.failure !== null) {
        stdout.write(
          `${paint.bad("FAILED")} ${run.backend}, ${codec.name}, ${run.failure.stage}: ${run.failure.message}\n`,
        );
      }
      if (run.reason !== null) stdout.write(`${run.backend} is not available here: ${run.reason}\n`);
    }
  }
  if (comparison.failedRuns === 0 && comparison.runs.length > 0) stdout.write(`\n${paint.dim(LEGEND)}`);
}

function head({ input, environment, codecs, seed, chainSize }: Comparison): string {
  const names = input.sources.map(({ name, format }) => (format === "raw" ? name : `${name} (${format})`));
  const shown =
    names.length > 3
      ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} more ${plural(names.length - 3, "file")}`
      : names.join(", ");
  const sameFilled = counted(codecs[0]?.sameFilledPages ?? 0, "same-filled page");
  const inputBytes = input.pages * input.pageBytes;
  const lines = [
    `input    ${counted(input.pages, "page")} of ${formatPageSize(input.pageBytes)} (${formatBytes(inputBytes)}) from ${shown}`,
    ...input.sources.flatMap((source) => describeZeroFill(source) ?? []).map((remark) => `note     ${remark}`),
    `         ${sameFilled} ${isOrAre(codecs[0]?.sameFilledPages ?? 0)} not stored, as in zram and zswap`,
    `codecs   ${codecs.map(({ description }) => description).join("; ")}`,
    ...codecs
      .filter(({ deviation }) => deviation !== null)
      .map(({ name, deviation }) => `note     ${name}: ${deviation}`),
    ...(environment === null ? [] : [`machine  ${environment.cpu}, Node ${environment.node}, ${environment.platform}`]),
    `settings seed ${seed}, zsmalloc chains of up to ${chainSize} pages`,
  ];
  return `${lines.join("\n")}\n`;
}

function describeCodec({ objects, objectBytes, rawPages }: CodecSummary): string {
  return `${counted(objects, "object")} of ${formatBytes(objectBytes)} in all, of which ${thousands(rawPages)} ${isOrAre(rawPages)} ${rawPages === 1 ? "a raw page" : "raw pages"}`;
}

function cellsOf(run: Run): string[] {
  if (run.status !== "ok")
    return [run.backend, run.status === "failed" ? "FAILED" : "-", ...COLUMNS.slice(2).map(() => "-")];
  return [
    run.backend,
    count(run.objectsStored),
    count(run.objectsRefused),
    count(run.bytesStored),
    count(run.poolPages),
    formatRatio(run.density ?? Number.NaN),
    formatPercent(run.overhead ?? Number.NaN),
    count(run.spanningObjects),
    count(run.pagesAfterChurn),
    count(run.pagesAfterCompaction),
    formatNanoseconds(run.nsPerStore ?? Number.NaN),
    formatNanoseconds(run.nsPerLoad ?? Number.NaN),
    formatNanoseconds(run.nsPerFree ?? Number.NaN),
  ];
}

function count(value: number | null): string {
  return value === null ? "-" : thousands(value);
}
