// Reads a file line by line, plain or gzipped (told by the content), and never holds more than a piece of it.

import { createReadStream, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { fileError, messageOf, readError } from "../errors.ts";
import { HistoryError } from "./history-error.ts";
import { LineCursor } from "./line-cursor.ts";

const PIECE_BYTES = 2 ** 18;
/** Far more than any line of a trace has. */
const MAX_LINE_BYTES = 2 ** 16;
const LF = 0x0a;
const CR = 0x0d;

/** Bytes of the file. Throws a `UsageError` for what isn't a file: a trace is read twice. */
export function lineFileBytes(file: string, cwd: string): number {
  let status;
  try {
    status = statSync(resolve(cwd, file));
  } catch (error) {
    throw readError(file, error);
  }
  if (!status.isFile()) throw fileError(file, "is not a regular file; a trace is read twice, so name a file");
  if (status.size === 0) throw fileError(file, "the file is empty; give a trace");
  return status.size;
}

/** Calls `onLine` for each line that isn't blank, with a cursor at its start, and `onPiece` now and then with the bytes of the file
 * that are read. Throws a `UsageError` with file and line for a `HistoryError` of `onLine`, and for what can't be read. */
export async function readLines(
  file: string,
  cwd: string,
  onLine: (line: LineCursor) => void,
  onPiece: (bytesRead: number) => void,
): Promise<void> {
  const lines = new LineSplitter(onLine);
  try {
    const path = resolve(cwd, file);
    const source = createReadStream(path, { highWaterMark: PIECE_BYTES });
    const isZipped = await isGzip(path);
    const stream = isZipped ? pipeline(source, createGunzip({ chunkSize: PIECE_BYTES }), () => {}) : source;
    for await (const piece of stream) {
      lines.add(piece as Uint8Array);
      onPiece(source.bytesRead);
    }
    lines.end();
  } catch (error) {
    if (error instanceof HistoryError) throw fileError(file, error.message, lines.lineNumber);
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code.startsWith("Z_")) throw fileError(file, `the gzip data are damaged (${messageOf(error)}); copy it again`);
    throw code === "" ? error : readError(file, error);
  }
}

async function isGzip(path: string): Promise<boolean> {
  await using handle = await open(path);
  const head = new Uint8Array(2);
  await handle.read(head, 0, 2, 0);
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** Cuts pieces into lines. What a piece ends with waits for the next one. */
class LineSplitter {
  /** Number of the line that is looked at, from 1. */
  lineNumber = 0;
  readonly #onLine: (line: LineCursor) => void;
  readonly #cursor = new LineCursor();
  #rest: Uint8Array = new Uint8Array(0);

  constructor(onLine: (line: LineCursor) => void) {
    this.#onLine = onLine;
  }

  add(piece: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? piece : joined(this.#rest, piece);
    let start = 0;
    for (let newline = bytes.indexOf(LF); newline >= 0; newline = bytes.indexOf(LF, start)) {
      this.#line(bytes, start, newline);
      start = newline + 1;
    }
    this.#rest = bytes.subarray(start);
    if (this.#rest.length > MAX_LINE_BYTES) {
      this.lineNumber++;
      throw new HistoryError(`the line is longer than ${MAX_LINE_BYTES} bytes; this is no trace`);
    }
  }

  end(): void {
    if (this.#rest.length > 0) this.#line(this.#rest, 0, this.#rest.length);
  }

  #line(bytes: Uint8Array, start: number, newline: number): void {
    this.lineNumber++;
    const end = newline > start && bytes[newline - 1] === CR ? newline - 1 : newline;
    this.#cursor.set(bytes, start, end);
    this.#cursor.spaces();
    if (this.#cursor.isAtEnd) return;
    this.#cursor.rewind();
    this.#onLine(this.#cursor);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
