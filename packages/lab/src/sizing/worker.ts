// A thread that compresses pages beside the program. It reads its pages and makes its codecs by itself, so that nothing but numbers of
// chunks goes from thread to thread.

import { parentPort, workerData } from "node:worker_threads";
import { type Codec, CodecRegistry, kernelCodecs } from "@zlab/codecs";
import { isModuleFile, loadCodec } from "../codecs/load-codec.ts";
import { PageSet } from "../pages/page-set.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import { PageSizer } from "./page-sizer.ts";
import { SizeTable } from "./size-table.ts";
import { type ChunkReport, type SizingOrder, failureOf } from "./worker-protocol.ts";

const port = parentPort!;
const report = (what: ChunkReport): void => {
  port.postMessage(what, []);
};

async function work(order: SizingOrder): Promise<void> {
  const chunks = new ChunkQueue(order.pageCount, order.pages.pageBytes, order.chunks);
  const sizer = await prepare(order);
  for (let chunk = chunks.take(); chunk !== undefined; chunk = chunks.take()) {
    try {
      sizer.size(chunks.firstPageOf(chunk), chunks.endOf(chunk));
    } catch (error) {
      report({ chunk, failure: failureOf(error) });
      return;
    }
    report({ chunk });
  }
}

async function prepare({ pages, codecs, cwd, pageCount, sizes }: SizingOrder): Promise<PageSizer> {
  const registry = new CodecRegistry(kernelCodecs());
  const streams: Codec[] = [];
  for (const item of codecs) streams.push(isModuleFile(item) ? await loadCodec(item, cwd) : registry.codec(item));
  return new PageSizer(PageSet.of(pages), streams, new SizeTable(pageCount, codecs.length, sizes));
}

try {
  await work(workerData as SizingOrder);
} catch (error) {
  report({ failure: failureOf(error) });
}
