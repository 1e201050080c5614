// Plays traces of bare allocators: allocations, failed attempts, frees, compactions, and checkpoints of the pool's inner
// state. What the recorded facts mean differs between the families, which supply `AllocationFacts`.

import { ENOMEM, GFP_KERNEL, errnoName, isErrno } from "@zlab/hw-sim";
import type { Handle, ZpoolBackend } from "@zlab/zpool";
import type { Checker } from "./checker.ts";
import { ObjectIds } from "./object-ids.ts";
import type { Payload } from "./payload.ts";
import { type Shape, assertShape } from "./shape.ts";
import { Divergence, TraceError } from "./trace-error.ts";
import type { Stage, TracePlayer } from "./trace-family.ts";
import { Kind, type TraceLine } from "./trace-line.ts";

/** The form of a family's lines. */
export interface AllocationFormat {
  /** Integers in an `a` line: id, size, totalPages and the place. */
  readonly allocFields: number;
  /** Form of the list that may follow in an `f` line. */
  readonly movedOnFree?: Shape;
  /** Forms of the fields of `c`, `s` and `l` lines, for the families that have them. */
  readonly compact?: readonly Shape[];
  readonly checkpoint: readonly Shape[];
  readonly listOrders?: readonly Shape[];
}

/** Checks the facts of one family against the pool, after the operation was done. */
export interface AllocationFacts {
  /** The place in an `a` line. */
  allocated(line: TraceLine, handle: Handle): void;
  /** The moved objects of an `f` line. */
  freed?(line: TraceLine): void;
  /** An `e` line's code. */
  failed(recorded: number, errno: number): void;
  /** Compacts the pool and checks a `c` line. */
  compact?(line: TraceLine): void;
  checkpoint(line: TraceLine): void;
  listOrders?(line: TraceLine): void;
}

export class AllocationPlayer implements TracePlayer {
  refusedCount = 0;
  readonly #pool: ZpoolBackend;
  readonly #checker: Checker | undefined;
  readonly #payload: Payload | undefined;
  readonly #format: AllocationFormat;
  readonly #ids: ObjectIds;
  readonly #facts: AllocationFacts | undefined;
  #attempts = 0;

  /** `facts` makes what checks the family's facts; it is called only if they are to be checked. */
  constructor(stage: Stage, format: AllocationFormat, facts: (checker: Checker, ids: ObjectIds) => AllocationFacts) {
    this.#pool = stage.pool;
    this.#checker = stage.checker;
    this.#payload = stage.payload;
    this.#format = format;
    this.#ids = new ObjectIds();
    this.#facts = stage.checker && facts(stage.checker, this.#ids);
  }

  expect(lines: readonly TraceLine[], count: number): void {
    this.#ids.fetch(lines, count);
    this.#payload?.fetch(lines, count);
  }

  play(line: TraceLine): void {
    switch (line.kind) {
      case Kind.alloc:
        return this.#alloc(line);
      case Kind.free:
        return this.#free(line);
      case Kind.error:
        return this.#fail(line);
      case Kind.compact:
        return this.#compact(line);
      case Kind.checkpoint:
        assertFields(line, this.#format.checkpoint);
        return this.#facts?.checkpoint(line);
      case Kind.listOrders:
        assertFields(line, this.#format.listOrders);
        return this.#facts?.listOrders?.(line);
      default:
        throw new TraceError(`unknown operation "${line.kindName}"`);
    }
  }

  #alloc(line: TraceLine): void {
    if (!line.isIntegers(this.#format.allocFields)) throw badFields(line, this.#format.allocFields);
    const id = line.at(0);
    const bytes = line.at(1);
    this.#beginAttempt(id, bytes);
    const result = this.#pool.malloc(bytes, GFP_KERNEL);
    if (isErrno(result)) {
      this.#refuse(id, result);
      return;
    }
    this.#ids.store(id, result);
    this.#payload?.fill(result, id, bytes);
    if (this.#checker === undefined) return;
    this.#checker.equal("totalPages", line.at(2), this.#pool.totalPages());
    this.#facts!.allocated(line, result);
  }

  #free(line: TraceLine): void {
    if (!line.isIntegers(2)) this.#assertMovedOnFree(line);
    const id = line.at(0);
    const handle = this.#ids.take(id);
    if (handle === undefined) return;
    this.#payload?.release(handle, id);
    this.#pool.free(handle);
    if (this.#checker === undefined) return;
    this.#checker.equal("totalPages", line.at(1), this.#pool.totalPages());
    this.#facts!.freed?.(line);
  }

  /** Another backend may store what the recorded one refused; since the trace never frees it, it is given back at once. */
  #fail(line: TraceLine): void {
    if (!line.isIntegers(3)) throw badFields(line, 3);
    const bytes = line.at(0);
    const id = line.at(2);
    this.#beginAttempt(id, bytes);
    this.#ids.fail(id);
    const result = this.#pool.malloc(bytes, GFP_KERNEL);
    if (isErrno(result)) {
      this.#facts?.failed(line.at(1), result);
      return;
    }
    if (this.#checker !== undefined) throw new Divergence("result", `error ${line.at(1)}`, "success");
    this.#pool.free(result);
  }

  #compact(line: TraceLine): void {
    assertFields(line, this.#format.compact);
    if (this.#facts?.compact === undefined) this.#pool.compact?.();
    else this.#facts.compact(line);
    this.#payload?.verifyAll();
  }

  #beginAttempt(id: number, bytes: number): void {
    this.#ids.assertNew(id);
    if (bytes < 0) throw new TraceError(`size ${bytes} is negative`);
    this.#checker?.equal("id (ids number the attempts from 0)", id, this.#attempts);
    this.#attempts++;
  }

  #refuse(id: number, errno: number): void {
    if (this.#checker !== undefined) throw new Divergence("result", "success", errnoName(errno));
    if (errno === ENOMEM) throw new TraceError("the simulated machine has no page left; replay on a larger one");
    this.#ids.refuse(id);
    this.refusedCount++;
  }

  #assertMovedOnFree(line: TraceLine): void {
    const { movedOnFree } = this.#format;
    if (movedOnFree === undefined) throw badFields(line, 2);
    assertFields(line, ["integer", "integer", movedOnFree]);
  }
}

/** Throws a TraceError unless the fields have these shapes; without shapes the family has no such operation. */
function assertFields(line: TraceLine, shapes: readonly Shape[] | undefined): void {
  if (shapes === undefined) throw new TraceError(`unknown operation "${line.kindName}"`);
  if (line.count !== shapes.length) throw badFields(line, shapes.length);
  for (const [i, shape] of shapes.entries())
    assertShape(line.valueAt(i), shape, `field ${i + 1} of "${line.kindName}"`);
}

/** The error for a line that doesn't hold `count` whole numbers. */
export function badFields(line: TraceLine, count: number): TraceError {
  if (line.count !== count) {
    return new TraceError(`operation "${line.kindName}" has ${count} fields after its letter, not ${line.count}`);
  }
  const wrong = 31 - Math.clz32((line.letters | line.others) & -(line.letters | line.others));
  return new TraceError(`field ${wrong + 1} of "${line.kindName}" must be a whole number`);
}
