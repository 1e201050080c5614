// What a format of block traces is: a way to make operations of lines.

import type { BlockOperation } from "../block-operation.ts";
import type { DiskNames } from "../disk-names.ts";
import type { LineCursor } from "../line-cursor.ts";

export type HistoryFormatName = "ndjson" | "msr" | "blkparse";

/** The events of blktrace that can stand for a request: Q, it was submitted; C, it was completed. */
export type BlktraceAction = "Q" | "C";

export interface ParserOptions {
  /** Page size of the device. */
  readonly pageBytes: number;
  readonly action: BlktraceAction;
  readonly disks: DiskNames;
}

export interface HistoryParser {
  /** Takes a line apart. True: the operation is in `operation`. False: the line is none, such as a read. Throws a `HistoryError`. */
  parse(line: LineCursor, operation: BlockOperation): boolean;
}

export interface HistoryFormat {
  /** Name on the command line. */
  readonly name: HistoryFormatName;
  /** What such a trace is called in reports. */
  readonly noun: string;
  /** What to do about a trace without any operation. */
  readonly adviceIfEmpty: string;
  /** Whether a trace with this first line is of this format. */
  recognises(firstLine: string): boolean;
  createParser(options: ParserOptions): HistoryParser;
}
