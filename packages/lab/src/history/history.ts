// The history of a device: a block trace, read twice. The first time its lines are checked and the pages that it writes are numbered, so
// that a device for just those pages can be made; the second time it is replayed.

import { fileError } from "../errors.ts";
import type { Progress } from "../output/progress.ts";
import { BlockOperation } from "./block-operation.ts";
import { DiskNames } from "./disk-names.ts";
import { historyFormatOf } from "./formats/formats.ts";
import type { BlktraceAction, HistoryFormat, HistoryFormatName, HistoryParser } from "./formats/history-format.ts";
import { PageNumbers } from "./page-numbers.ts";
import { PageRequest } from "./page-request.ts";
import { lineFileBytes, readLines } from "./read-lines.ts";
import { RequestSplitter, type SplitOptions } from "./request-splitter.ts";
import { Traffic } from "./traffic.ts";

const MIB = 2 ** 20;

export interface HistoryOptions extends SplitOptions {
  readonly file: string;
  readonly cwd: string;
  /** Default: what the first line tells. */
  readonly format?: HistoryFormatName | undefined;
  readonly action: BlktraceAction;
}

export class History {
  /** Name of the file, as the user gave it. */
  readonly file: string;
  readonly #options: HistoryOptions;
  readonly #disks = new DiskNames();
  readonly #numbers = new PageNumbers();
  #format: HistoryFormat | undefined;
  #operationCount = 0;
  #contentPagesUsed = 0;

  private constructor(options: HistoryOptions) {
    this.#options = options;
    this.file = options.file;
  }

  /** Reads a trace for the first time. Throws a `UsageError` for a line that isn't of its format, and if nothing is written. */
  static async read(options: HistoryOptions, startProgress: (totalCount: number) => Progress): Promise<History> {
    const history = new History(options);
    const totalMib = lineFileBytes(options.file, options.cwd) / MIB;
    using progress = startProgress(Math.ceil(totalMib));
    const survey = (request: PageRequest): void => history.#survey(request);
    await history.#forEachRequest("number", survey, (bytesRead) => {
      progress.update(bytesRead / MIB, "MiB of the history");
    });
    if (history.#numbers.count === 0) {
      const { noun, adviceIfEmpty } = history.format;
      throw fileError(options.file, `the trace (${noun}) writes nothing; ${adviceIfEmpty}`);
    }
    return history;
  }

  get format(): HistoryFormat {
    return this.#format!;
  }

  get diskNames(): readonly string[] {
    return this.#disks.names;
  }

  /** Different pages that are written: so many slots the device must have. */
  get slotCount(): number {
    return this.#numbers.count;
  }

  /** Operations that change something. */
  get operationCount(): number {
    return this.#operationCount;
  }

  /** How many pages of the input are used, from the first on. */
  get contentPagesUsed(): number {
    return this.#contentPagesUsed;
  }

  /** Reads the trace again and hands its requests on. Returns what was moved. */
  async replay(onRequest: (request: PageRequest) => void, progress: Progress): Promise<Traffic> {
    const traffic = new Traffic(this.slotCount);
    let doneCount = 0;
    const handOn = (request: PageRequest): void => {
      traffic.count(request);
      onRequest(request);
      if (++doneCount % 1024 === 0) progress.update(doneCount, "operations");
    };
    await this.#forEachRequest("find", handOn, () => {}, traffic);
    return traffic;
  }

  #survey(request: PageRequest): void {
    this.#operationCount++;
    if (request.kind !== "write") return;
    for (let i = 0; i < request.pageCount; i++) {
      this.#contentPagesUsed = Math.max(this.#contentPagesUsed, request.contentAt(i) + 1);
    }
  }

  /** Splits every operation of the trace into pages. To "number" is to give the pages that are written a number; frees are of no
   * account then. */
  async #forEachRequest(
    mode: "number" | "find",
    onRequest: (request: PageRequest) => void,
    onPiece: (bytesRead: number) => void,
    traffic?: Traffic,
  ): Promise<void> {
    const { file, cwd, format } = this.#options;
    const operation = new BlockOperation();
    const request = new PageRequest();
    const splitter = new RequestSplitter(this.#options, this.#numbers, mode);
    let parser: HistoryParser | undefined;
    await readLines(
      file,
      cwd,
      (line) => {
        if (parser === undefined) {
          this.#format = historyFormatOf(line, format);
          parser = this.#format.createParser({ ...this.#options, disks: this.#disks });
        }
        if (!parser.parse(line, operation)) return;
        splitter.split(operation, request, traffic);
        onRequest(request);
      },
      onPiece,
    );
  }
}
