// The command `classes`: the size classes of a zsmalloc pool as a table, as CSV or as JSON.

import { type EraName, type SizeClassPlan, resolveOptions } from "@zlab/zsmalloc";
import type { ClassesOptions } from "../commands/classes.ts";
import type { CommandContext, ExitCode } from "../context.ts";
import { UsageError } from "../errors.ts";
import { painterFor } from "../output/colour.ts";
import { formatPageSize, formatPercent, thousands } from "../output/format.ts";
import { writeJson } from "../output/json.ts";
import { type Column, formatTable } from "../output/table.ts";
import { classesCsv } from "./classes-csv.ts";

/** Prints the classes. Throws a UsageError, or a ZPoolError for options that don't go together. */
export function printClasses(options: ClassesOptions, context: CommandContext): Promise<ExitCode> {
  if (options.csv === true && options.json === true) {
    throw new UsageError("--csv and --json exclude each other; leave one out");
  }
  const plan = planFor(options);
  if (options.csv === true) context.stdout.write(classesCsv(options.era, plan));
  else if (options.json === true) writeJson(context.stdout, describe(options.era, plan));
  else context.stdout.write(`${table(plan, context)}\n${summary(options.era, plan)}`);
  return Promise.resolve(0);
}

function planFor({ era, chain, pageSize, rule, delta }: ClassesOptions): SizeClassPlan {
  return resolveOptions(pageSize, { era, chainSize: chain, rule, classDelta: delta }).plan;
}

/** One distinct class. */
interface ClassDescription {
  readonly index: number;
  readonly sizeBytes: number;
  readonly pagesPerZspage: number;
  readonly objectsPerZspage: number;
  /** Bytes of a zspage that no slot covers, and as a part of it. */
  readonly wasteBytes: number;
  readonly waste: number;
  /** Slots of a zspage that lie on two pages. */
  readonly spanningSlots: number;
  /** Lowest nominal index that is merged into the class. */
  readonly mergedFrom: number;
  readonly minRequestBytes: number;
  readonly maxRequestBytes: number;
}

function describeClass(plan: SizeClassPlan, index: number): ClassDescription {
  const pagesPerZspage = plan.pagesPerZspageOf(index);
  const wasteBytes = plan.wastedBytesOf(index);
  const mergedFrom = plan.mergedFromLowestOf(index);
  return {
    index,
    sizeBytes: plan.sizeBytesOf(index),
    pagesPerZspage,
    objectsPerZspage: plan.objectsPerZspageOf(index),
    wasteBytes,
    waste: wasteBytes / (pagesPerZspage * plan.options.pageBytes),
    spanningSlots: plan.spanningSlotsOf(index),
    mergedFrom,
    minRequestBytes: plan.minRequestBytesOf(mergedFrom),
    maxRequestBytes: plan.maxRequestBytesOf(index),
  };
}

function describe(era: EraName, plan: SizeClassPlan): unknown {
  const { pageBytes, chainSize, rule, classDeltaBytes } = plan.options;
  return {
    era,
    pageBytes,
    chainSize,
    rule,
    classDeltaBytes,
    indexCount: plan.indexCount,
    classCount: plan.classCount,
    hugeClassSizeBytes: plan.hugeClassSizeBytes ?? null,
    classes: plan.owners.map((index) => describeClass(plan, index)),
  };
}

const columns: readonly Column[] = [
  { title: "class" },
  { title: "size" },
  { title: "pages" },
  { title: "objects" },
  { title: "waste\nbytes" },
  { title: "waste" },
  { title: "spanning\nslots" },
  { title: "merged\nindexes" },
  { title: "requests\nbytes" },
];

function table(plan: SizeClassPlan, context: CommandContext): string {
  const rows = plan.owners.map((index) => {
    const row = describeClass(plan, index);
    return [
      String(index),
      String(row.sizeBytes),
      String(row.pagesPerZspage),
      String(row.objectsPerZspage),
      String(row.wasteBytes),
      formatPercent(row.waste),
      String(row.spanningSlots),
      row.mergedFrom === index ? String(index) : `${row.mergedFrom}-${index}`,
      `${row.minRequestBytes}-${row.maxRequestBytes}`,
    ];
  });
  return formatTable(columns, rows, painterFor(context.stdout, context.env));
}

function summary(era: EraName, plan: SizeClassPlan): string {
  const { pageBytes, chainSize, rule, classDeltaBytes } = plan.options;
  const huge =
    plan.hugeClassSizeBytes === undefined
      ? "This kernel has no huge_class_size."
      : `huge_class_size ${plan.hugeClassSizeBytes}: requests of at least so many bytes take a whole page.`;
  return `${plan.classCount} classes of ${thousands(plan.indexCount)} nominal sizes: ${era}, ${formatPageSize(pageBytes)} pages, chains of up to ${chainSize} pages by ${rule}, steps of ${classDeltaBytes} bytes.
${huge}
`;
}
