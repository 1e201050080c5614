// Inputs as bytes that can be read at any place: files, which need not fit into memory, and what comes through a pipe or is
// in memory already.

import { Buffer } from "node:buffer";
import { type Stats, closeSync, fstatSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";
import { UsageError, fileError, readError } from "../errors.ts";

/** One read of the operating system moves less than 2 GiB. */
const READ_BYTES = 2 ** 30;
/** What is read at a time from something whose length isn't known. */
const PIPE_READ_BYTES = 2 ** 20;
/** Most that is taken from a pipe, since it must be kept in memory. */
const MAX_PIPE_BYTES = 2 ** 30;

export interface ByteSource {
  /** As the user named it. */
  readonly name: string;
  readonly byteCount: number;
  /** What another thread makes the same source of. Bytes that aren't in a file are copied into shared memory for it. */
  readonly shared: SharedSource;
  /** Makes the bytes readable until the reader is disposed of. Throws a `UsageError` if that isn't possible any more. */
  open(): ByteReader;
}

/** A source as it is handed to another thread. */
export interface SharedSource {
  readonly name: string;
  /** The absolute path of the file; or the bytes, which then aren't in a file. */
  readonly content: string | Uint8Array;
  readonly byteCount: number;
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
  return {
    name,
    byteCount: bytes.length,
    get shared() {
      const content = new Uint8Array(new SharedArrayBuffer(bytes.length));
      content.set(bytes);
      return { name, content, byteCount: bytes.length };
    },
    open: () => reader,
  };
}

/** The source that another thread has handed over. */
export function openShared({ name, content, byteCount }: SharedSource): ByteSource {
  return typeof content === "string" ? pathSource(name, content, byteCount) : memorySource(name, content);
}

/** A file, or a pipe, which is read whole. It is opened whenever it is read, so that nothing must be closed. Throws a `UsageError`
 * for what can't be read or isn't a file. */
export function fileSource(file: string, cwd: string): ByteSource {
  const path = resolve(cwd, file);
  return withOpenFile(file, path, (descriptor) => {
    const status = fstatSync(descriptor);
    checkKind(file, status, "a file of raw pages");
    if (!status.isFile()) {
      const bytes = readUpTo(descriptor, MAX_PIPE_BYTES);
      if (bytes !== undefined) return memorySource(file, bytes);
      throw fileError(file, "a pipe may give at most 1 GiB; save it to a file, which may be of any length");
    }
    return pathSource(file, path, status.size);
  });
}

/** A file or what comes through a pipe, whole; `noun` is what it should be, with its article. Throws a `UsageError` for what can't be
 * read, isn't a file, or has more than `maxBytes`. */
export function readWholeFile(file: string, cwd: string, noun: string, maxBytes: number): Uint8Array {
  return withOpenFile(file, resolve(cwd, file), (descriptor) => {
    checkKind(file, fstatSync(descriptor), noun);
    const bytes = readUpTo(descriptor, maxBytes);
    if (bytes !== undefined) return bytes;
    throw fileError(file, `is longer than ${maxBytes / 2 ** 20} MiB, which is the most for ${noun}; split it`);
  });
}

/** All that a descriptor gives; undefined if that is more than `maxBytes`, in which case no more than so much was kept. */
export function readUpTo(descriptor: number, maxBytes: number): Uint8Array | undefined {
  const chunks: Uint8Array[] = [];
  let byteCount = 0;
  for (;;) {
    const chunk = new Uint8Array(Math.min(PIPE_READ_BYTES, maxBytes + 1));
    const count = readSync(descriptor, chunk);
    if (count === 0) return Buffer.concat(chunks, byteCount);
    byteCount += count;
    if (byteCount > maxBytes) return undefined;
    chunks.push(count < chunk.length / 2 ? chunk.slice(0, count) : chunk.subarray(0, count));
  }
}

function pathSource(name: string, path: string, byteCount: number): ByteSource {
  return { name, byteCount, shared: { name, content: path, byteCount }, open: () => openReader(name, path) };
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

function checkKind(file: string, status: Stats, noun: string): void {
  if (status.isDirectory()) throw fileError(file, `is a directory; name ${noun}`);
  if (!status.isFile() && !status.isFIFO()) throw fileError(file, `is a device or socket; name ${noun}`);
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
