// `zlab stat`: the pages in one zsmalloc pool, and the pool's statistics as the kernel prints them.

import { type ZsPool, formatClassesFile } from "@zlab/zsmalloc";
import type { StatOptions } from "../commands/stat.ts";
import { summariseInput } from "../compare/comparison.ts";
import { StoredObjects } from "../compare/stored-objects.ts";
import { selectCodecs } from "../compare/select.ts";
import { PrivateFile } from "../capture/private-file.ts";
import { createZsPool, machineFor } from "../compose.ts";
import type { CommandContext, ExitCode } from "../context.ts";
import { counted, formatPageSize, isOrAre } from "../output/format.ts";
import { writeJson } from "../output/json.ts";
import { type CompressedPages, compressPages } from "../pages/compressed-pages.ts";
import { describeZeroFill } from "../pages/page-set.ts";
import { readPages } from "../pages/read-pages.ts";
import { imagePieces } from "../snapshot/save-image.ts";

export async function stat(files: readonly string[], options: StatOptions, context: CommandContext): Promise<ExitCode> {
  const [codec] = await selectCodecs([options.codec], context.cwd);
  const pageSet = readPages(files, context.cwd, options);
  const { pageBytes, pageCount } = pageSet;
  const pool = createZsPool(machineFor(pageBytes, pageCount * pageBytes), {
    era: options.era,
    chainSize: options.chain,
  });
  const compressed = compressPages(pageSet, codec!);
  const stored = new StoredObjects(pool, compressed.objects);
  for (let place = 0; place < stored.placeCount; place++) stored.store(place, place);
  const pagesCompacted = options.compact ? pool.compact() : 0;
  if (options.saveImage !== undefined) {
    using image = new PrivateFile(options.saveImage, context.cwd);
    for (const piece of imagePieces(pool.machine, pool)) image.write(piece);
    image.complete();
  }
  if (options.json) writeJson(context.stdout, describe(pool, options, compressed, pagesCompacted));
  else {
    writeRemarks(compressed, options, pagesCompacted, context);
    context.stdout.write(formatClassesFile(pool));
  }
  return 0;
}

/** What the kernel's file has no place for; on stderr, since stdout is that file. */
function writeRemarks(
  { pageSet, objects, sameFilledCount, codec }: CompressedPages,
  { era, compact }: StatOptions,
  pagesCompacted: number,
  { stderr }: CommandContext,
): void {
  for (const source of pageSet.sources) {
    const remark = describeZeroFill(source);
    if (remark !== undefined) stderr.write(`${remark}\n`);
  }
  const pages = `${counted(pageSet.pageCount, "page")} of ${formatPageSize(pageSet.pageBytes)}`;
  stderr.write(
    `${pages}, ${codec.description}: ${counted(objects.length, "object")} stored in zsmalloc of ${era}; ` +
      `${counted(sameFilledCount, "same-filled page")} ${isOrAre(sameFilledCount)} not stored\n`,
  );
  if (compact) stderr.write(`compaction gave ${counted(pagesCompacted, "page")} back\n`);
}

function describe(
  pool: ZsPool,
  { era }: StatOptions,
  { pageSet, objects, objectBytes, sameFilledCount, rawCount, codec }: CompressedPages,
  pagesCompacted: number,
): object {
  return {
    era,
    chainSize: pool.plan.options.chainSize,
    codec: codec.name,
    input: summariseInput(pageSet),
    sameFilledPages: sameFilledCount,
    rawPages: rawCount,
    objects: objects.length,
    objectBytes,
    totalPages: pool.totalPages(),
    pagesCompacted,
    classes: pool.classRows(),
  };
}
