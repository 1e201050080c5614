// Size classes as CSV: a comment line with the parameters, a line of column names, and a line for every nominal size. The
// layout of eras with merging and that of 3.10 are those of the tables in golden/tables.

import { ERAS, type EraName, type SizeClassPlan } from "@zlab/zsmalloc";

/** The CSV text, ended by a newline. */
export function classesCsv(era: EraName, plan: SizeClassPlan): string {
  const indexes = Array.from({ length: plan.indexCount }, (_, index) => index);
  const lines = plan.options.merge
    ? [mergedComment(era, plan), MERGED_COLUMNS, ...indexes.map((index) => mergedRow(plan, index))]
    : [plainComment(era, plan), PLAIN_COLUMNS, ...indexes.map((index) => plainRow(plan, index))];
  return `${lines.join("\n")}\n`;
}

const MERGED_COLUMNS =
  "index,size,own_pages_per_zspage,own_objs_per_zspage,merged_into,actual_size,pages_per_zspage,objs_per_zspage,is_owner," +
  "merged_from_lowest,min_request,max_request,wasted_bytes_per_zspage";

const PLAIN_COLUMNS = "index,size,pages_per_zspage,objs_per_zspage,min_request,max_request,wasted_bytes_per_zspage";

function mergedComment(era: EraName, plan: SizeClassPlan): string {
  const huge = plan.hugeClassSizeBytes ?? 0;
  return `# zsmalloc ${versionOf(era)} chain_size=${plan.options.chainSize} classes=${plan.indexCount} huge_class_size=${huge}${unusual(era, plan)}`;
}

function plainComment(era: EraName, plan: SizeClassPlan): string {
  const { chainSize } = plan.options;
  return `# zsmalloc ${versionOf(era)} (staging) max_pages_per_zspage=${chainSize} classes=${plan.indexCount} (no merging, no handle overhead)${unusual(era, plan)}`;
}

/** "6.12" for "linux-6.12". */
function versionOf(era: EraName): string {
  return era.replace("linux-", "");
}

/** Parameters that differ from what the kernel of the era has on 4 KiB pages. */
function unusual(era: EraName, plan: SizeClassPlan): string {
  const { pageBytes, classDeltaBytes, rule } = plan.options;
  return [
    pageBytes === 4096 ? "" : ` page_size=${pageBytes}`,
    classDeltaBytes === pageBytes / 256 ? "" : ` class_delta=${classDeltaBytes}`,
    rule === ERAS[era].rule ? "" : ` rule=${rule}`,
  ].join("");
}

function mergedRow(plan: SizeClassPlan, index: number): string {
  const owner = plan.ownerOf(index);
  const isOwner = owner === index;
  return [
    index,
    plan.nominalSizeBytesOf(index),
    plan.ownPagesPerZspageOf(index),
    plan.ownObjectsPerZspageOf(index),
    owner,
    plan.sizeBytesOf(index),
    plan.pagesPerZspageOf(index),
    plan.objectsPerZspageOf(index),
    isOwner ? 1 : 0,
    isOwner ? plan.mergedFromLowestOf(index) : -1,
    plan.minRequestBytesOf(index),
    plan.maxRequestBytesOf(index),
    plan.wastedBytesOf(index),
  ].join(",");
}

function plainRow(plan: SizeClassPlan, index: number): string {
  return [
    index,
    plan.nominalSizeBytesOf(index),
    plan.pagesPerZspageOf(index),
    plan.objectsPerZspageOf(index),
    plan.minRequestBytesOf(index),
    plan.maxRequestBytesOf(index),
    plan.wastedBytesOf(index),
  ].join(",");
}
