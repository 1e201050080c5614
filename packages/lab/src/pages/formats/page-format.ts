// What a format of memory images is: a way to tell where in a file the pages are. Nothing is copied or unpacked, so that files
// larger than memory can be read page by page.

import { type UsageError, fileError } from "../../errors.ts";
import type { ByteSource } from "../byte-source.ts";

/** Bytes of a file that are pages one after the other. Where the last page isn't complete, zeros follow. */
export interface PageExtent {
  /** Place of the first byte in the file. */
  readonly offset: number;
  readonly byteCount: number;
  /** Address that the first byte had in memory, if the file says so. */
  readonly address?: bigint;
}

/** The pages of a file. */
export interface PageLayout {
  /** In the order in which pages are counted; none is empty. */
  readonly extents: readonly PageExtent[];
  /** Bytes of a page, if the file decides that. */
  readonly pageBytes?: number;
}

export interface PageFormat {
  /** Name on the command line. */
  readonly name: string;
  /** What such a file is called in messages. */
  readonly noun: string;
  /** Whether a file that begins so (with up to `HEAD_BYTES`) is of this format. */
  recognises(head: Uint8Array): boolean;
  /** Finds the pages. Throws a `UsageError` with file and offset if the file isn't of this format, or is damaged. */
  layOut(source: ByteSource): PageLayout;
}

/** What `recognises` may look at. */
export const HEAD_BYTES = 65_536;

/** "FILE: offset N: what is wrong; what to do". */
export function formatError(source: ByteSource, offset: number, what: string): UsageError {
  return fileError(source.name, `offset ${offset}: ${what}`);
}
