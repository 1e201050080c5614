import { GFP_KERNEL, Machine, NO_WATERMARKS, isErrno } from "@zlab/hw-sim";
import { Z3foldPool } from "@zlab/z3fold";
import type { Handle } from "@zlab/zpool";
import { expect } from "vitest";

export function machineOf(pageBytes = 4096, pages = 256, cpus = 1): Machine {
  return new Machine({ pageBytes, zones: [{ kind: "NORMAL", pages, watermarks: NO_WATERMARKS }], cpus });
}

/** Allocates an object that must fit. */
export function put(pool: Z3foldPool, bytes: number): Handle {
  const handle = pool.malloc(bytes, GFP_KERNEL);
  if (isErrno(handle)) throw new Error(`malloc(${bytes}) = ${handle}`);
  return handle;
}

/** Allocates an object of whole chunks with pages of 4 KiB. */
export function putChunks(pool: Z3foldPool, chunks: number): Handle {
  return put(pool, chunks * 64);
}

/** Matches an exception of this code. */
export function code(name: string): Error {
  return expect.objectContaining({ code: name }) as Error;
}

/** Frees an object and returns the handles of those that were moved by it. */
export function freeAndWatch(pool: Z3foldPool, handle: Handle): Handle[] {
  const moved: Handle[] = [];
  pool.onMoved = (of) => moved.push(of);
  pool.free(handle);
  pool.onMoved = undefined;
  pool.check(3);
  return moved;
}
