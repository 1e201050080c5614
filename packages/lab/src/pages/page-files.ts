// Files of raw pages.

import { type Stats, closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { fileError, readError } from "../errors.ts";
import { type PageBlock, PageSet } from "./page-set.ts";

/** One read of the operating system moves less than 2 GiB. */
const READ_BYTES = 2 ** 30;

/** Reads files as pages of `pageBytes`. A last partial page is filled with zeros. Throws a `UsageError` for a file that can't be
 * read, isn't a file, or is empty. */
export function readPageFiles(files: readonly string[], cwd: string, pageBytes: number): PageSet {
  return new PageSet(
    pageBytes,
    files.map((file) => readPageFile(file, cwd, pageBytes)),
  );
}

function readPageFile(file: string, cwd: string, pageBytes: number): PageBlock {
  const bytes = readPadded(file, resolve(cwd, file), pageBytes);
  const pageCount = bytes.padded.length / pageBytes;
  if (pageCount === 0) throw fileError(file, `the file is empty; give a file of raw pages of ${pageBytes} bytes`);
  return { name: file, bytes: bytes.padded, pageCount, zeroFilledBytes: bytes.padded.length - bytes.fileBytes };
}

interface PaddedFile {
  readonly padded: Uint8Array;
  readonly fileBytes: number;
}

function readPadded(file: string, path: string, pageBytes: number): PaddedFile {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    throw readError(file, error);
  }
  try {
    const status = fstatSync(descriptor);
    checkKind(file, status);
    return status.isFile() ? readRegularFile(descriptor, status.size, pageBytes) : readPipe(descriptor, pageBytes);
  } catch (error) {
    throw error instanceof Error && error.name === "UsageError" ? error : readError(file, error);
  } finally {
    closeSync(descriptor);
  }
}

function checkKind(file: string, status: Stats): void {
  if (status.isDirectory()) throw fileError(file, "is a directory; name a file of raw pages");
  if (!status.isFile() && !status.isFIFO()) throw fileError(file, "is a device or socket; name a file of raw pages");
}

function readRegularFile(descriptor: number, fileBytes: number, pageBytes: number): PaddedFile {
  const padded = new Uint8Array(Math.ceil(fileBytes / pageBytes) * pageBytes);
  let position = 0;
  while (position < fileBytes) {
    const count = readSync(descriptor, padded, position, Math.min(READ_BYTES, fileBytes - position), position);
    if (count === 0) throw new Error("the file became shorter while it was read; try again");
    position += count;
  }
  return { padded, fileBytes };
}

function readPipe(descriptor: number, pageBytes: number): PaddedFile {
  const bytes = readFileSync(descriptor);
  const padded = new Uint8Array(Math.ceil(bytes.length / pageBytes) * pageBytes);
  padded.set(bytes);
  return { padded, fileBytes: bytes.length };
}
