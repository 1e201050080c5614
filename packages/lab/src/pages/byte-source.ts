// Inputs as bytes that can be read at any place: files, which need not fit into memory, and what comes through a pipe or is
// in memory already.

import { type Stats, closeSync, fstatSync, openSync, readFileSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { UsageError, fileError, readError } from "../errors.ts";

/** One read of the operating system moves less than 2 GiB. */
const READ_BYTES = 2 ** 30;

export interface ByteSource {
  /** As the user named it. */
  readonly name: string;
  readonly byteCount: number;
  /** Makes the bytes readable until the reader is disposed of. Throws a `UsageError` if that isn't possible any more. */
  open(): ByteReader;
}

interface ByteReader extends Disposable {
  /** Fills `target` with the bytes from `position`, which lie within the source. */
  read(position: number, target: Uint8Array): void;
}

/** A source over bytes in memory. */
export function memorySource(name: string, bytes: Uint8Array): ByteSource {
  const reader: ByteReader = {
    read: (position, target) => target.set(bytes.subarray(position, position + target.length)),
    [Symbol.dispose]: () => {},
  };
  return { name, byteCount: bytes.length, open: () => reader };
}

/** A file, or a pipe, which is read whole. It is opened whenever it is read, so that nothing must be closed. Throws a `UsageError`
 * for what can't be read or isn't a file. */
export function fileSource(file: string, cwd: string): ByteSource {
  const path = resolve(cwd, file);
  return withOpenFile(file, path, (descriptor) => {
    const status = fstatSync(descriptor);
    checkKind(file, status);
    if (!status.isFile()) return memorySource(file, readFileSync(descriptor));
    return { name: file, byteCount: status.size, open: () => openReader(file, path) };
  });
}

/** The first bytes of a source, at most `byteCount`. */
export function readHead(source: ByteSource, byteCount: number): Uint8Array {
  return readRange(source, 0, Math.min(byteCount, source.byteCount));
}

/** Bytes of a source in an array of their own. */
export function readRange(source: ByteSource, position: number, byteCount: number): Uint8Array {
  const bytes = new Uint8Array(byteCount);
  using reader = source.open();
  reader.read(position, bytes);
  return bytes;
}

function openReader(file: string, path: string): ByteReader {
  const descriptor = openFile(file, path);
  return {
    read: (position, target) => readFully(file, descriptor, position, target),
    [Symbol.dispose]: () => closeSync(descriptor),
  };
}

function withOpenFile<T>(file: string, path: string, work: (descriptor: number) => T): T {
  const descriptor = openFile(file, path);
  try {
    return work(descriptor);
  } catch (error) {
    throw error instanceof UsageError ? error : readError(file, error);
  } finally {
    closeSync(descriptor);
  }
}

function openFile(file: string, path: string): number {
  try {
    return openSync(path, "r");
  } catch (error) {
    throw readError(file, error);
  }
}

function checkKind(file: string, status: Stats): void {
  if (status.isDirectory()) throw fileError(file, "is a directory; name a file of raw pages");
  if (!status.isFile() && !status.isFIFO()) throw fileError(file, "is a device or socket; name a file of raw pages");
}

function readFully(file: string, descriptor: number, position: number, target: Uint8Array): void {
  let filled = 0;
  while (filled < target.length) {
    const wanted = Math.min(READ_BYTES, target.length - filled);
    let count: number;
    try {
      count = readSync(descriptor, target, filled, wanted, position + filled);
    } catch (error) {
      throw readError(file, error);
    }
    if (count === 0) throw fileError(file, "became shorter while it was read; try again");
    filled += count;
  }
}
