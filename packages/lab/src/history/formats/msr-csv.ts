// Traces as Microsoft Research Cambridge published them: a request per line.
//
//   Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime
//   128166372003061629,hm,1,Write,383496192,32768,1331
//
// Times are in units of 100 ns (Timestamp since 1601), Offset and Size in bytes. Lines are taken in the order of the file.

import type { BlockOperation } from "../block-operation.ts";
import { HistoryError } from "../history-error.ts";
import { type LineCursor, NO_NUMBER } from "../line-cursor.ts";
import type { HistoryFormat, HistoryParser, ParserOptions } from "./history-format.ts";

const COLUMNS = "Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime";
const COMMA = 0x2c;
const WRITE = new TextEncoder().encode("write");
const READ = new TextEncoder().encode("read");
/** The bit that makes a capital a small letter. */
const LOWER_CASE = 0x20;

export const msrCsvFormat: HistoryFormat = {
  name: "msr",
  noun: "MSR-Cambridge CSV",
  adviceIfEmpty: "give one with lines of type Write",
  recognises: (firstLine) => isHeading(firstLine) || /^\d+,[^,]*,\d+,(read|write),\d+,\d+,\d+\s*$/i.test(firstLine),
  createParser: (options) => new MsrCsvParser(options),
};

function isHeading(line: string): boolean {
  return line.replaceAll(/\s/g, "").toLowerCase() === COLUMNS.toLowerCase();
}

class MsrCsvParser implements HistoryParser {
  readonly #options: ParserOptions;
  #isFirst = true;

  constructor(options: ParserOptions) {
    this.#options = options;
  }

  parse(line: LineCursor, operation: BlockOperation): boolean {
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (isFirst && isHeading(line.text())) return false;
    if (!line.digits() || !line.take(COMMA)) throw malformed(line);
    const diskStart = line.at;
    line.until(COMMA);
    if (!line.take(COMMA) || !line.digits()) throw malformed(line);
    const diskEnd = line.at;
    if (!line.take(COMMA)) throw malformed(line);
    const isWrite = takeType(line);
    if (!line.take(COMMA)) throw malformed(line);
    const offsetBytes = line.number();
    if (offsetBytes === NO_NUMBER || !line.take(COMMA)) throw malformed(line);
    const lengthBytes = line.number();
    if (lengthBytes === NO_NUMBER || !line.take(COMMA) || !line.digits() || !line.isAtEnd) throw malformed(line);
    if (!isWrite) return false;
    operation.set("write", this.#options.disks.indexOfBytes(line.bytes, diskStart, diskEnd), offsetBytes, lengthBytes);
    return true;
  }
}

/** Takes the type: true for a write, false for a read. Some collections write it in small letters. */
function takeType(line: LineCursor): boolean {
  const start = line.at;
  const length = line.until(COMMA);
  if (isWord(line.bytes, start, length, WRITE)) return true;
  if (isWord(line.bytes, start, length, READ)) return false;
  throw malformed(line);
}

/** Whether bytes are a word, in capitals or small letters. */
function isWord(bytes: Uint8Array, start: number, length: number, word: Uint8Array): boolean {
  if (length !== word.length) return false;
  for (let i = 0; i < length; i++) if ((bytes[start + i]! | LOWER_CASE) !== word[i]) return false;
  return true;
}

function malformed(line: LineCursor): HistoryError {
  return new HistoryError(`expected ${COLUMNS} with Read or Write, not ${line.shown()}; mend or remove the line`);
}
