import { createCipheriv } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { CodecRegistry, kernelCodecs } from "@zlab/codecs";
import { Zram, resolveZramOptions } from "@zlab/zram";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRegistry, machineFor } from "../src/compose.ts";
import { readCorpus } from "../src/pages/corpus.ts";
import type { PredictResult } from "../src/predict/predict.ts";
import { somePages, temporaryFile, zlab, zlabJson } from "./zlab.ts";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);
const HEADER = '{"format":"zlab-history","version":1,"pageBytes":4096}';

const predicted = (...argv: string[]): Promise<PredictResult> => zlabJson<PredictResult>(["predict", ...argv]);
const trace = (...lines: string[]): string => temporaryFile("trace", `${lines.join("\n")}\n`);
/** Some pages of the corpus, so that little must be compressed. */
const somePagesOfCorpus = (): string =>
  temporaryFile("memory.bin", Buffer.concat(readCorpus(4096).pages.slice(60, 188)));
const writes = (count: number): string[] => Array.from({ length: count }, (_, i) => `{"op":"write","page":${i}}`);

/** One operation on a disk, in sectors. */
interface Step {
  readonly kind: "W" | "D" | "WZ";
  readonly disk: number;
  readonly sector: number;
  readonly sectors: number;
}

/** Plays steps on a device that keeps all bytes, page by page; its disks lie one behind the other. */
class NaiveReplay {
  readonly device: Zram;
  readonly #pages: readonly Uint8Array[];
  readonly #pageBytes: number;
  #nextContent = 0;

  constructor(pages: readonly Uint8Array[], pageBytes: number) {
    const pools = createRegistry(machineFor(pageBytes, 2 ** 26));
    const config = resolveZramOptions(
      { pools, codecs: new CodecRegistry(kernelCodecs()) },
      { defaultAlgorithm: "lz4" },
    );
    this.device = new Zram(0, config);
    this.device.initialise(BigInt(2 * 2 ** 20));
    this.#pages = pages;
    this.#pageBytes = pageBytes;
  }

  play({ kind, disk, sector, sectors }: Step): void {
    const end = (sector + sectors) * 512;
    for (let page = 0; page < 2 ** 20 / this.#pageBytes; page++) {
      const start = page * this.#pageBytes;
      const overlap = Math.min(end, start + this.#pageBytes) - Math.max(sector * 512, start);
      if (overlap > 0) this.#touch(kind, disk * 2 ** 20 + start, overlap === this.#pageBytes);
    }
  }

  #touch(kind: Step["kind"], offset: number, isWhole: boolean): void {
    if (kind === "W") this.device.write(offset, this.#pages[this.#nextContent++ % this.#pages.length]!);
    else if (kind === "WZ" && this.#pageBytes > 4096) this.device.write(offset, new Uint8Array(this.#pageBytes));
    else if (isWhole) this.device.discard(offset, this.#pageBytes);
  }
}

describe("predict --history", () => {
  const step = fc.record<Step>({
    kind: fc.constantFrom("W", "W", "W", "D", "D", "WZ"),
    disk: fc.nat(1),
    sector: fc.nat(1500),
    sectors: fc.integer({ min: 1, max: 400 }),
  });

  test.each([4096, 16384])("does what a device that keeps all bytes does, with pages of %d", async (pageBytes) => {
    const pages = readCorpus(pageBytes).pages.slice(60, 60 + (23 * 16384) / pageBytes);
    const file = temporaryFile("memory.bin", Buffer.concat(pages));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (drawn) => {
        const steps: Step[] = [{ kind: "W", disk: 0, sector: 0, sectors: 1 }, ...drawn];
        const naive = new NaiveReplay(pages, pageBytes);
        for (const each of steps) naive.play(each);
        const lines = steps.map((s, i) => `  8,${s.disk} 0 ${i} 0.${i} 1 Q ${s.kind}S ${s.sector} + ${s.sectors} [x]`);
        const history = join(file, "../trace");
        writeFileSync(history, lines.join("\n"));
        const { predictions } = await predicted(
          file,
          "--history",
          history,
          "--codec",
          "lz4",
          "--page-size",
          `${pageBytes}`,
        );
        expect(`${predictions[0]!.mmStat}\n`).toBe(naive.device.attributes.read("mm_stat"));
        expect(predictions[0]!.history!.compaction!.freedBytes).toBe(naive.device.compact() * pageBytes);
      }),
      { seed, numRuns: 8 },
    );
  });

  test("of every page once, in order, costs nothing and shows what predict shows", async () => {
    const memory = somePagesOfCorpus();
    const [plain] = (await predicted(memory, "--codec", "lz4")).predictions;
    const file = trace(HEADER, ...writes(128));
    const { history, predictions } = await predicted(memory, "--codec", "lz4", "--history", file);
    expect(predictions[0]).toMatchObject({ ...plain, history: { costBytes: 0, failedPages: 0 } });
    expect(predictions[0]!.history!.writtenOnce.mmStat).toBe(plain!.mmStat);
    expect(predictions[0]!.history!.peak.memoryUsedBytes).toBe(plain!.memoryUsedBytes);
    expect(history).toMatchObject({ format: "ndjson", operations: 128, pages: 128, writtenPages: 128 });
  });

  test("tells the peak, what the history costs and what compaction gives back", async () => {
    const discards = Array.from({ length: 600 }, (_, i) => `{"op":"discard","page":${3 * i},"pages":2}`);
    const file = trace(HEADER, ...writes(2000), ...discards);
    const { history, predictions } = await predicted(somePagesOfCorpus(), "--codec", "lz4", "--history", file);
    const { peak, writtenOnce, costBytes, compaction } = predictions[0]!.history!;
    expect(history).toMatchObject({ discardedPages: 1200, discardedHeldPages: 1200, overwrittenPages: 0 });
    expect(predictions[0]!.origBytes).toBe(800 * 4096);
    expect(peak.origBytes).toBeGreaterThan(1990 * 4096);
    expect(peak.memoryUsedBytes).toBe(Number(predictions[0]!.mmStat.trim().split(/ +/)[4]));
    expect(costBytes).toBe(predictions[0]!.memoryUsedBytes - writtenOnce.memoryUsedBytes);
    expect(costBytes).toBeGreaterThan(0.3 * writtenOnce.memoryUsedBytes);
    expect(compaction!.freedBytes).toBe(costBytes);
    expect(compaction!.memoryUsedBytes).toBe(writtenOnce.memoryUsedBytes);
  });

  test("counts what is written, over what, and what is discarded", async () => {
    const file = trace(
      HEADER,
      '{"op":"write","page":0,"pages":4}',
      '{"op":"discard","page":1,"pages":9}',
      '{"op":"discard","page":1,"pages":2}',
      '{"op":"write","page":0,"pages":2}',
      '{"op":"write","page":0,"disk":"b"}',
      '{"op":"compact"}',
    );
    const { history } = await predicted(somePagesOfCorpus(), "--codec", "lz4", "--history", file);
    expect(history).toMatchObject({ operations: 6, disks: ["", "b"], pages: 5, writtenPages: 7, overwrittenPages: 1 });
    expect(history).toMatchObject({ discardedPages: 11, discardedHeldPages: 3, compactions: 1 });
  });

  test("takes named contents, and else the pages of the input in turn", async () => {
    // Page 0 of the input is zeros, page 1 isn't.
    const pages = new Uint8Array(8192);
    for (let i = 4096; i < 8192; i++) pages[i] = i * i;
    const file = temporaryFile("memory.bin", pages);
    const same = async (...lines: string[]): Promise<number> =>
      (await predicted(file, "--codec", "lz4", "--history", trace(HEADER, ...lines))).predictions[0]!.sameFilledPages;
    expect(await same('{"op":"write","page":5,"pages":5}')).toBe(3);
    expect(await same('{"op":"write","page":5,"pages":2,"content":0}')).toBe(1);
    // A named content doesn't advance the turn.
    expect(await same('{"op":"write","page":9,"content":1}', '{"op":"write","page":5}')).toBe(1);
  });

  test("ends a request at the first page that fails; what is there stays", async () => {
    // lz4 makes nothing of random bytes, and zbud takes no object of a page.
    const random = createCipheriv("aes-128-ctr", new Uint8Array(16), new Uint8Array(16)).update(new Uint8Array(4096));
    const file = temporaryFile("memory.bin", Buffer.concat([somePages(1), random, somePages(1)]));
    const lines = ['{"op":"write","page":0,"pages":3,"content":0}', '{"op":"write","page":0,"content":1}'];
    const { predictions } = await predicted(
      file,
      "--codec",
      "lz4",
      "--backends",
      "zbud",
      "--history",
      trace(HEADER, ...lines),
    );
    expect(predictions[0]).toMatchObject({ origBytes: 4096, refusedPages: 3 });
    expect(predictions[0]!.history).toMatchObject({ failedRequests: 2, failedPages: 3, compaction: null });
  });

  test("needs memory for the pages that are written, not for the disk", async () => {
    const { history, predictions } = await predicted(
      somePagesOfCorpus(),
      "--codec",
      "lz4",
      "--history",
      trace(
        "  8,0 0 1 0.1 1 Q W 1953525168 + 8 [x]",
        "  8,0 0 2 0.2 1 Q D 0 + 1953525168 [x]",
        "  8,0 0 3 0.3 1 Q D 8 + 3907050336 [x]",
      ),
    );
    expect(history).toMatchObject({ pages: 1, discardedPages: 732_571_938, discardedHeldPages: 1 });
    expect(predictions[0]!.origBytes).toBe(0);
  });

  test("reads gzipped traces, lines that end in CR LF, and blank lines", async () => {
    const text = "1,hm,0,Write,0,8192,1\r\n\r\n2,hm,1,Write,4096,8192,1\r\n";
    const gzip = temporaryFile("t.csv.gz", gzipSync(text));
    const { history } = await predicted(somePagesOfCorpus(), "--codec", "lz4", "--history", gzip);
    expect(history).toMatchObject({ format: "msr", disks: ["hm,0", "hm,1"], pages: 4, operations: 2 });
  });

  test("joins lines that lie across the pieces in which a file is read", async () => {
    const lines = Array.from(
      { length: 15_000 },
      (_, i) => `${i},hm,0,Write,${i * 4096},${i % 5 === 4 ? 4096 : 8192},1`,
    );
    const file = temporaryFile("t.csv", lines.join("\n"));
    const { history } = await predicted(somePagesOfCorpus(), "--codec", "lz4", "--history", file);
    expect(history).toMatchObject({ operations: 15_000, writtenPages: 27_000, pages: 15_000 });
  });

  test("prints what it was and what it costs, within 120 columns", async () => {
    const file = trace("1,hm,1,Write,0,40960000,1", "1,hm,1,Write,4096,4096,1", "1,hm,1,Write,500000000000,4096,1");
    const backends = "zsmalloc,zbud";
    const argv = ["predict", somePagesOfCorpus(), "--history", file, "--codec", "lzo-rle,lz4", "--backends", backends];
    const { code, stdout } = await zlab(argv);
    expect(code).toBe(0);
    expect(stdout).toContain(
      "(msr): 3 operations on 1 disk\n         10,003 pages written, 1 of them over others; 10,002 different ones\n",
    );
    expect(stdout).toMatch(/^ {3}codec +backend +chain +at the end +once +costs +gives back +peak +then +requests$/m);
    expect(stdout).toContain("mm_stat of these devices after the history:\n");
    expect(Math.max(...stdout.split("\n").map((line) => (line.includes("tmp") ? 0 : line.length)))).toBeLessThanOrEqual(
      120,
    );
  });

  test.each([
    [
      "a line",
      ["1,hm,1,Write,0,4096,1", "", "1,hm,1,Write,0,oops,1"],
      [],
      /trace:3: expected Timestamp,.*; mend or remove the line\n$/,
    ],
    [
      "a content beyond the input",
      [HEADER, '{"op":"write","page":0,"pages":2,"content":127}'],
      [],
      /trace:2: "content" asks for page 128 of the input, which has pages 0 to 127/,
    ],
    [
      "a request beyond all reason",
      [HEADER, '{"op":"write","page":0,"pages":1048577}'],
      [],
      /trace:2: a request of 1048577 pages; split it/,
    ],
    ["a trace of another format", ["1,hm,1,Write,0,4096,1"], ["--history-format", "ndjson"], /trace:1: not valid JSON/],
    ["a trace that is none", ["once upon a time"], [], /trace:1: neither zlab-history, MSR-Cambridge CSV nor blkparse/],
    [
      "a trace of reads",
      ["1,hm,1,Read,0,4096,1"],
      [],
      /trace: the trace \(MSR-Cambridge CSV\) writes nothing; give one with lines of type Write/,
    ],
    [
      "a trace of another action",
      ["  8,0 0 1 0.1 1 C W 8 + 8 [0]"],
      [],
      /blkparse text\) writes nothing; .*--history-action/,
    ],
    ["an endless line", ["1".repeat(400_000)], [], /trace:1: the line is longer than 65536 bytes/],
  ])("refuses %s", async (_, lines, options, message) => {
    const memory = somePagesOfCorpus();
    const { code, stdout, stderr } = await zlab(["predict", memory, "--history", trace(...lines), ...options]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });

  test.each([
    ["a missing trace", "nosuch.csv", /nosuch\.csv: no such file/],
    ["a directory", ".", /\.: is not a regular file; a trace is read twice/],
    ["an empty trace", temporaryFileOf(""), /the file is empty; give a trace/],
    [
      "a gzip that is cut off",
      temporaryFileOf(gzipSync("1,hm,1,Write,0,4096,1\n".repeat(99)).subarray(0, 30)),
      /the gzip data are damaged/,
    ],
  ])("refuses %s", async (_, file, message) => {
    const { code, stderr } = await zlab(["predict", "--history", typeof file === "string" ? file : file()]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

/** Makes the file when the test runs, so that it is removed with the test. */
function temporaryFileOf(bytes: Uint8Array | string): () => string {
  return () => temporaryFile("trace.gz", bytes);
}
