// The text that blkparse makes of what blktrace has recorded, in its default format.
//
//   device  CPU  sequence  seconds.nanoseconds  process  action  RWBS  sector + sectors  [process or error]
//     8,0    3        11       0.009507758       697        Q     WS      223490 + 8      [kjournald]
//
// A request goes through many events; one action is taken, so that it counts once. Q is the request as it was submitted, before the
// block layer splits, merges or requeues anything. Behind the events come summaries.

import type { BlockOperation, OperationKind } from "../block-operation.ts";
import { HistoryError } from "../history-error.ts";
import { type LineCursor, NO_NUMBER } from "../line-cursor.ts";
import type { HistoryFormat, HistoryParser, ParserOptions } from "./history-format.ts";

const SECTOR_BYTES = 512;
const COMMA = 0x2c;
const DOT = 0x2e;
const PLUS = 0x2b;
const OPEN = 0x5b;

/** Line beginnings of the summaries, and what blkparse says before the first event. */
const REMARK = /^(CPU|Total|Throughput|Events|Skips|Input file)\b|^\S.* \(.+\):?$/;

export const blkparseFormat: HistoryFormat = {
  name: "blkparse",
  noun: "blkparse text",
  adviceIfEmpty: "give one with writes, or take the other action by --history-action",
  recognises: (firstLine) =>
    /^\s*\d+,\d+\s+\d+\s+\d+\s+\d+\.\d+\s+\d+\s+\w+\s/.test(firstLine) || firstLine.startsWith("Input file "),
  createParser: (options) => new BlkparseParser(options),
};

class BlkparseParser implements HistoryParser {
  readonly #options: ParserOptions;
  readonly #action: number;
  readonly #kinds = new Map<string, OperationKind | undefined>();
  #isInSummary = false;

  constructor(options: ParserOptions) {
    this.#options = options;
    this.#action = options.action.charCodeAt(0);
  }

  parse(line: LineCursor, operation: BlockOperation): boolean {
    line.spaces();
    const deviceStart = line.at;
    if (!takeDevice(line)) {
      this.#skipRemark(line);
      return false;
    }
    const deviceEnd = line.at;
    if (!takeOrigin(line)) throw malformed(line);
    if (line.peek() !== this.#action || line.word() !== 1) return false;
    const kind = this.#takeKind(line);
    if (kind === undefined) return false;
    if (!line.spaces() || line.isAtEnd || line.peek() === OPEN) return false; // a flush: it has no sectors
    const sector = line.number();
    if (sector === NO_NUMBER || !line.spaces() || !line.take(PLUS) || !line.spaces()) throw malformed(line);
    const sectorCount = line.number();
    if (sectorCount === NO_NUMBER) throw malformed(line);
    if (sector + sectorCount > Number.MAX_SAFE_INTEGER / SECTOR_BYTES) throw malformed(line);
    if (this.#options.action === "C" && hasFailed(line)) return false;
    const diskIndex = this.#options.disks.indexOfBytes(line.bytes, deviceStart, deviceEnd);
    operation.set(kind, diskIndex, sector * SECTOR_BYTES, sectorCount * SECTOR_BYTES);
    return true;
  }

  /** Takes RWBS and returns what it asks for; undefined if it changes nothing. */
  #takeKind(line: LineCursor): OperationKind | undefined {
    if (!line.spaces()) throw malformed(line);
    const start = line.at;
    if (line.word() === 0) throw malformed(line);
    const flags = String.fromCharCode(...line.bytes.subarray(start, Math.min(line.at, start + 16)));
    if (!this.#kinds.has(flags)) this.#kinds.set(flags, kindOf(flags, line));
    return this.#kinds.get(flags);
  }

  /** Passes over a line that is no event. */
  #skipRemark(line: LineCursor): void {
    if (REMARK.test(line.text())) this.#isInSummary = true;
    if (!this.#isInSummary) throw malformed(line);
  }
}

/** Takes "8,0" and the blanks behind it. */
function takeDevice(line: LineCursor): boolean {
  return line.digits() && line.take(COMMA) && line.digits();
}

/** Takes CPU, sequence number, time and process, up to the action. */
function takeOrigin(line: LineCursor): boolean {
  return (
    line.spaces() &&
    line.digits() && // CPU
    line.spaces() &&
    line.digits() && // sequence
    line.spaces() &&
    line.digits() &&
    line.take(DOT) &&
    line.digits() &&
    line.spaces() &&
    line.digits() && // process
    line.spaces() &&
    !line.isAtEnd
  );
}

/** RWBS: an F in front is a flush before the request; then comes the operation, then how it is to be done (F, A, S, M). */
function kindOf(flags: string, line: LineCursor): OperationKind | undefined {
  if (!/^[A-Z]+$/.test(flags)) throw malformed(line);
  const operation = flags.replace(/^F(?=[A-Z])/, "");
  if (/^(WZ|ZE)/.test(operation)) return "zero";
  if (operation.startsWith("DE")) return undefined; // secure erase, which zram refuses
  if (operation.startsWith("D")) return "discard";
  return operation.startsWith("W") ? "write" : undefined;
}

/** Whether a completed request has an error other than 0, as in "223490 + 8 [-5]". */
function hasFailed(line: LineCursor): boolean {
  line.spaces();
  return line.take(OPEN) && !(line.number() === 0);
}

function malformed(line: LineCursor): HistoryError {
  const what = "neither an event of blkparse's default format nor its summary";
  return new HistoryError(`${what}: ${line.shown()}; run blkparse without -f, or mend or remove the line`);
}
