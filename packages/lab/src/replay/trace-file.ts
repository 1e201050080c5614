// Reads a trace file, compressed or not: which it is is told by the content, not by the name.

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { fileError, messageOf, readError } from "../errors.ts";

const inflate = promisify(gunzip);

/** The bytes of the trace, decompressed. Throws a UsageError for a file that can't be read, is empty, or is a damaged gzip. */
export async function readTraceBytes(file: string, cwd: string): Promise<Uint8Array> {
  const stored = await readFile(resolve(cwd, file)).catch((error: unknown) => {
    throw readError(file, error);
  });
  if (stored.length === 0) throw fileError(file, "the file is empty; give a trace");
  const bytes = isGzip(stored) ? await decompress(file, stored) : stored;
  if (bytes.length === 0) throw fileError(file, "the file is empty once decompressed; give a trace");
  return bytes;
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

async function decompress(file: string, stored: Uint8Array): Promise<Uint8Array> {
  try {
    return await inflate(stored);
  } catch (error) {
    const truncated = messageOf(error) === "unexpected end of file";
    const what = truncated ? "the gzip data are cut off" : `the gzip data are damaged (${messageOf(error)})`;
    throw fileError(file, `${what}; copy the file again`);
  }
}
