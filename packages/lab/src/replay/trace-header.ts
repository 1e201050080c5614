// The first line of a trace: an object that says what was recorded, and how.

import { PAGE_SIZES } from "@zlab/hw-sim";
import { TraceError } from "./trace-error.ts";
import { assertShallow, shortJson } from "./trace-json.ts";

export type TraceHeader = Readonly<Record<string, unknown>>;

/** Reads the header line. Throws a TraceError if it is no JSON object. */
export function parseHeader(text: string): TraceHeader {
  assertShallow(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw notATrace();
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw notATrace();
  return value as TraceHeader;
}

export function notATrace(): TraceError {
  return new TraceError("not a trace: the first line must be a header that names the allocator or the source");
}

/** The page size; 4096 if the header does not say. Throws a TraceError for one that is not supported. */
export function pageBytesOf(header: TraceHeader): number {
  const pageBytes = header["pageSize"] ?? PAGE_SIZES[0];
  if (PAGE_SIZES.some((known) => known === pageBytes)) return pageBytes as number;
  throw new TraceError(`page size ${shortJson(pageBytes)} is not supported: ${PAGE_SIZES.join(", ")}`);
}

/** A field that must be a whole number from `min` to `max`; undefined if the header lacks it. */
export function headerInteger(header: TraceHeader, name: string, min: number, max: number): number | undefined {
  const value = header[name];
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw new TraceError(`the header's ${name} must be a whole number from ${min} to ${max}, not ${shortJson(value)}`);
}

/** Throws a TraceError if the header names other statistics columns than those that will be compared. */
export function assertStatColumns(header: TraceHeader, columns: readonly string[]): void {
  const named = header["statColumns"];
  if (named === undefined || JSON.stringify(named) === JSON.stringify(columns)) return;
  throw new TraceError(`the header's statColumns must be ${JSON.stringify(columns)}`);
}

/** Whether the header names this allocator and a kernel of this version ("6.12", "6.12.117"). */
export function isRecordedFrom(header: TraceHeader, allocator: string, kernel: string): boolean {
  const { allocator: name, kernel: version } = header;
  return name === allocator && typeof version === "string" && `${version}.`.startsWith(`${kernel}.`);
}
