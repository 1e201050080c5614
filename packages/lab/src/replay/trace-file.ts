// Reads a trace file, compressed or not: which it is is told by the content, not by the name.

import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { fileError, messageOf } from "../errors.ts";
import { readWholeFile } from "../pages/byte-source.ts";

const inflate = promisify(gunzip);

/** Most bytes of a trace, decompressed: some 15 million operations. A trace is kept in memory, and a few hundred KiB of gzip may become
 * this many bytes. */
const MAX_TRACE_BYTES = 2 ** 29;

/** The bytes of the trace, decompressed. Throws a UsageError for a file that can't be read, is empty or too long, or is a damaged
 * gzip. */
export async function readTraceBytes(file: string, cwd: string): Promise<Uint8Array> {
  return decodeTrace(file, readWholeFile(file, cwd, "a trace", MAX_TRACE_BYTES));
}

/** The same for the bytes of a file; `file` is named in errors. */
export async function decodeTrace(
  file: string,
  stored: Uint8Array,
  maxBytes: number = MAX_TRACE_BYTES,
): Promise<Uint8Array> {
  if (stored.length === 0) throw fileError(file, "the file is empty; give a trace");
  const bytes = isGzip(stored) ? await decompress(file, stored, maxBytes) : stored;
  if (bytes.length === 0) throw fileError(file, "the file is empty once decompressed; give a trace");
  return bytes;
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function decompress(file: string, stored: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  try {
    return await inflate(stored, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE") {
      throw fileError(file, `is longer than ${maxBytes / 2 ** 20} MiB once decompressed; split it`);
    }
    const truncated = messageOf(error) === "unexpected end of file";
    const what = truncated ? "the gzip data are cut off" : `the gzip data are damaged (${messageOf(error)})`;
    throw fileError(file, `${what}; copy the file again`);
  }
}
