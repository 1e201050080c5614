// What a hardened pool knows about an object's life, and how it tells it. Operations are numbered from 1 in the order of the
// calls to the pool: malloc, free, map, unmap, read, write and compact count, whether they succeed or not.

import { type Handle, MapMode } from "../zpool-driver.ts";

/** The life of one object, in numbers of operations. */
export interface ObjectHistory {
  readonly handle: Handle;
  /** It was the pool's how-manieth object, from 1. */
  readonly object: number;
  /** Bytes that malloc was asked for. */
  readonly bytes: number;
  /** The flags that malloc was given. */
  readonly gfp: number;
  readonly allocatedBy: number;
  /** The latest map, its mode, and the latest unmap. */
  readonly mappedBy: number | undefined;
  readonly mapMode: MapMode | undefined;
  readonly unmappedBy: number | undefined;
  /** The latest write, or unmap of a mapping for writing. */
  readonly writtenBy: number | undefined;
  readonly freedBy: number | undefined;
  /** Call stacks, innermost call first, if the pool records them. */
  readonly allocatedAt: string | undefined;
  readonly freedAt: string | undefined;
}

/** RW, RO or WO. */
export function nameOfMode(mode: MapMode): string {
  return mode === MapMode.RW ? "RW" : mode === MapMode.RO ? "RO" : "WO";
}

/** "object 17 (100 bytes)". */
export function nameOfObject({ object, bytes }: Pick<ObjectHistory, "object" | "bytes">): string {
  return `object ${object} (${bytes} ${bytes === 1 ? "byte" : "bytes"})`;
}

/** "allocated by operation 12, mapped RW by 15, unmapped by 16, freed by 20", with the stacks below, if there are any. */
export function describeHistory(history: ObjectHistory): string {
  const { allocatedBy, mappedBy, mapMode, unmappedBy, writtenBy, freedBy, allocatedAt, freedAt } = history;
  const parts = [`allocated by operation ${allocatedBy}`];
  if (writtenBy !== undefined && writtenBy !== unmappedBy) parts.push(`last written by ${writtenBy}`);
  if (mappedBy !== undefined) parts.push(`mapped ${nameOfMode(mapMode!)} by ${mappedBy}`);
  if (unmappedBy !== undefined) parts.push(`unmapped by ${unmappedBy}`);
  if (freedBy !== undefined) parts.push(`freed by ${freedBy}`);
  const stacks = [stackLines("allocated", allocatedAt), stackLines("freed", freedAt)].join("");
  return `${parts.join(", ")}${stacks}`;
}

function stackLines(what: string, stack: string | undefined): string {
  return stack === undefined ? "" : `\n  ${what}\n${stack}`;
}

/** The caller's stack, without the line of the message and the frames of the pool itself. */
export function captureStack(): string {
  const frames = new Error("stack").stack!.split("\n").slice(1);
  return frames.filter((frame) => !/[\\/]hardened-pool\.[jt]s|[\\/]object-history\.[jt]s/.test(frame)).join("\n");
}
