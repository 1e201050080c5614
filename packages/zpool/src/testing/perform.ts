// Executes the steps of a program: calls the backend, keeps the model in step, and judges results.

import { ENOMEM, Prng } from "@zlab/hw-sim";
import type { Handle } from "../zpool-driver.ts";
import { assertContent, assertUnchanged, poolPrefix } from "./judge.ts";
import { ObjectModel, fillPattern } from "./object-model.ts";
import { look, mapStep, store, unmapStep, withMapping } from "./perform-mapping.ts";
import { performRefusal } from "./perform-refusals.ts";
import { switchBackend } from "./perform-switch.ts";
import { type Session, describeNumber } from "./session.ts";
import type { Step } from "./step.ts";

type StepOf<Op extends Step["op"]> = Extract<Step, { op: Op }>;

/** More page allocations than any single malloc can need. */
const MAX_FAULTS = 1100;

/** Executes one step; a step that has lost its meaning (its object is not there) is skipped. */
export function perform(session: Session, step: Step): void {
  if (session.isDestroyed(step.pool)) return;
  switch (step.op) {
    case "malloc":
      return step.faulty === true ? mallocUnderFaults(session, step) : malloc(session, step);
    case "free":
      return freeNamed(session, step);
    case "replace":
      return replace(session, step);
    case "fill":
      return fill(session, step);
    case "write":
      return write(session, step);
    case "read":
      return readStep(session, step);
    case "map":
      return mapStep(session, step);
    case "store":
      return store(session, step);
    case "look":
      return look(session, step);
    case "unmap":
      return unmapStep(session, step.cpu);
    case "compact":
      return compact(session, step);
    case "verify":
      return verifyAll(session, step);
    case "free-all":
      return freeAll(session, step);
    case "destroy":
      return destroy(session, step);
    case "churn":
      return churn(session, step);
    case "squat":
      session.begin(0, () => `the machine is left with ${step.leavePages} free pages`);
      return session.squat(step.leavePages);
    case "release":
      session.begin(0, () => `the machine gets ${step.pages} pages back`);
      return session.release(step.pages);
    case "inject":
      return inject(session, step);
    case "switch":
      return switchBackend(session, step);
    case "observe":
      return observe(session, step);
    default:
      return performRefusal(session, step);
  }
}

function inject(session: Session, { percent, seed }: StepOf<"inject">): void {
  session.begin(0, () => `from now on ${percent} % of the page allocations fail`);
  session.machine.faults.failPageAlloc(percent === 0 ? undefined : { probability: percent, seed });
}

/** Not if the object is there already, or is too large for the backend that the pool was switched to. */
function isPossible(session: Session, { name, bytes }: StepOf<"malloc">): boolean {
  return !session.objects.has(name) && bytes <= session.context.capabilities.maxBytes;
}

function malloc(session: Session, step: StepOf<"malloc">): void {
  if (!isPossible(session, step)) return;
  const before = session.judges("state") ? session.stateOf(step.pool) : [];
  const refusedBefore = session.refusedPageRequests();
  const result = callMalloc(session, step);
  if (result >= 0 || Number.isNaN(result)) return admit(session, step, result as Handle);
  session.counts[step.pool]!.failures++;
  if (result !== ENOMEM) session.fail(`returned ${describeNumber(result)} for a size that is allowed`);
  if (session.refusedPageRequests() === refusedBefore) {
    session.fail("returned ENOMEM, although the machine refused no page");
  }
  session.note(": ENOMEM");
  if (session.judges("state")) assertUnchanged(session, step.pool, before);
}

type Request = Pick<StepOf<"malloc">, "name" | "bytes" | "gfp" | "cpu" | "pool">;

function callMalloc(session: Session, { name, bytes, gfp, cpu, pool }: Request): number {
  const text = () => `${session.label(name)} = ${poolPrefix(pool)}malloc(${bytes})`;
  const result: unknown = session.call(cpu, text, () => session.pool(pool).malloc(bytes, session.usableGfp(cpu, gfp)));
  if (typeof result !== "number") session.fail(`returned ${String(result)}, expected a handle or an error number`);
  session.lastResult = result;
  return result;
}

function admit(session: Session, { name, bytes, gfp, pool }: Request, handle: Handle): void {
  session.counts[pool]!.mallocs++;
  session.objects.set(name, new ObjectModel(name, pool, handle, bytes, gfp));
}

/** Fails the first page allocation of the call, then the second, and so on; each time nothing may change, and at last the
 * call succeeds. A backend that makes do with less after a refusal may succeed earlier. */
function mallocUnderFaults(session: Session, step: StepOf<"malloc">): void {
  if (!isPossible(session, step)) return;
  const { faults } = session.machine;
  for (let nth = 1; nth <= MAX_FAULTS; nth++) {
    const refusedBefore = session.refusedPageRequests();
    const before = session.judges("state") ? session.stateOf(step.pool) : [];
    faults.failNth(nth);
    const result = callMalloc(session, step);
    const happened = !faults.nthPending;
    faults.failNth(0);
    if (!happened) return judgeRetry(session, step, result, refusedBefore);
    session.note(`, page allocation ${nth} of the call failing`);
    if (result >= 0) return admit(session, step, result as Handle);
    session.counts[step.pool]!.failures++;
    if (result !== ENOMEM) session.fail(`returned ${describeNumber(result)}, expected ENOMEM`);
    session.note(": ENOMEM");
    if (session.judges("state")) assertUnchanged(session, step.pool, before);
  }
}

/** Without a failure injected the call may fail only if the machine has really run out of pages. */
function judgeRetry(session: Session, step: StepOf<"malloc">, result: number, refusedBefore: number): void {
  if (result >= 0) return admit(session, step, result as Handle);
  session.counts[step.pool]!.failures++;
  if (session.refusedPageRequests() === refusedBefore) {
    session.fail(`returned ${describeNumber(result)} when it was repeated without a failure`);
  }
  if (result !== ENOMEM) session.fail(`returned ${describeNumber(result)} for a size that is allowed`);
}

function freeNamed(session: Session, step: StepOf<"free">): void {
  const object = session.objects.get(step.name);
  if (object !== undefined && !session.isMapped(object)) free(session, object, step.cpu);
}

function free(session: Session, object: ObjectModel, cpu: number): void {
  verify(session, object, cpu);
  const text = () => `${poolPrefix(object.pool)}free(${session.label(object.name)})`;
  session.call(cpu, text, () => session.pool(object.pool).free(object.handle));
  session.counts[object.pool]!.frees++;
  session.objects.delete(object.name);
  session.freed.set(object.name, object);
}

function replace(session: Session, step: StepOf<"replace">): void {
  const victim = session.objects.get(step.victim);
  if (victim === undefined || session.isMapped(victim)) return;
  free(session, victim, step.cpu);
  const request = { ...step, bytes: victim.bytes, gfp: victim.gfp };
  const result = callMalloc(session, request);
  if (!(result < 0)) return admit(session, request, result as Handle);
  session.counts[step.pool]!.failures++;
  if (session.judges("reuse")) {
    session.fail(`returned ${describeNumber(result)}, although an object of that size was just freed`);
  }
  session.note(`: ${describeNumber(result)}`);
}

function fill(session: Session, step: StepOf<"fill">): void {
  const object = session.objects.get(step.name);
  if (object === undefined || session.isMapped(object) || session.open[step.cpu] !== undefined) return;
  withMapping(session, object, step.cpu, "fill", ({ bytes, offset, length }) => {
    object.setPattern(0, length, step.seed);
    if (session.hasBytes) bytes.set(object.content.subarray(0, length), offset);
  });
}

function write(session: Session, step: StepOf<"write">): void {
  const object = session.objects.get(step.name);
  if (object === undefined || session.isMapped(object)) return;
  const length = Math.min(step.length, object.accessibleBytes);
  const source = new Uint8Array(step.bufferOffset + length + GUARD_BYTES).fill(GUARD);
  fillPattern(source.subarray(step.bufferOffset), 0, length, step.seed);
  const copy = session.judges("buffers") ? source.slice() : undefined;
  const text = () => `${poolPrefix(step.pool)}write(${session.label(step.name)}, ${length} bytes)`;
  session.call(step.cpu, text, () => session.pool(step.pool).write(object.handle, source, step.bufferOffset, length));
  object.setPattern(0, length, step.seed);
  if (copy?.some((byte, i) => byte !== source[i]) === true) session.fail("changed the caller's buffer");
}

const GUARD_BYTES = 4;
const GUARD = 0xee;

function readStep(session: Session, step: StepOf<"read">): void {
  const object = session.objects.get(step.name);
  if (object === undefined || session.isMapped(object)) return;
  const viaMapping = step.via === "mapping" && session.open[step.cpu] === undefined;
  if (viaMapping) readThroughMapping(session, object, step.cpu);
  else readByCopy(session, object, step.cpu, step.bufferOffset);
}

/** Verifies an object if contents are judged: half of the objects by the copying call, the others through a mapping. */
function verify(session: Session, object: ObjectModel, cpu: number): void {
  if (!session.judges("contents") || object.knownEnd === 0) return;
  if (object.name % 2 === 0 && session.open[cpu] === undefined) readThroughMapping(session, object, cpu, true);
  else readByCopy(session, object, cpu, 0, true);
}

/** `silently`: leaves no line in the protocol unless something is wrong. */
function readByCopy(session: Session, object: ObjectModel, cpu: number, bufferOffset: number, silently = false): void {
  const length = silently ? verifiedBytes(object) : object.accessibleBytes;
  const target = new Uint8Array(bufferOffset + length + GUARD_BYTES).fill(GUARD);
  const text = () => `${poolPrefix(object.pool)}read(${session.label(object.name)})`;
  session.call(cpu, text, () => session.pool(object.pool).read(object.handle, target, bufferOffset, length));
  if (session.judges("contents")) assertContent(session, object, target, bufferOffset, length);
  if (session.judges("buffers")) assertGuards(session, target, bufferOffset, length);
  if (silently) session.retract();
}

/** Bytes of a silent look: all that are defined, or for every other object at most as many as were asked for in malloc, so that reads of
 * all lengths occur. */
function verifiedBytes(object: ObjectModel): number {
  return object.name % 4 === 1 ? Math.min(object.knownEnd, object.bytes) : object.knownEnd;
}

function readThroughMapping(session: Session, object: ObjectModel, cpu: number, silently = false): void {
  withMapping(session, object, cpu, "read", ({ bytes, offset }) => {
    if (session.judges("contents")) assertContent(session, object, bytes, offset);
  });
  if (silently) session.retract();
}

function assertGuards(session: Session, target: Uint8Array, from: number, length: number): void {
  const before = target.subarray(0, from).findIndex((byte) => byte !== GUARD);
  const after = target.subarray(from + length).findIndex((byte) => byte !== GUARD);
  const touched = before >= 0 || after < 0 ? before : from + length + after;
  if (touched >= 0) session.fail(`byte ${touched} of the buffer was touched, outside ${from} to ${from + length - 1}`);
}

function compact(session: Session, { cpu, pool }: StepOf<"compact">): void {
  if (!session.context.capabilities.compact) return;
  const before = session.judges("compaction") ? compactionCounters(session, pool) : undefined;
  const pages = callCompact(session, cpu, pool);
  session.note(`: ${pages}`);
  if (before !== undefined) assertCompactionCounted(session, pages, before, compactionCounters(session, pool));
  const isAnyMapped = session.open.some((mapping) => mapping !== undefined);
  if (!session.judges("settling") || isAnyMapped) return; // what is mapped is in the way
  const again = callCompact(session, cpu, pool);
  if (again !== 0) session.fail(`returned ${again} right after a compaction, expected 0`);
}

function callCompact(session: Session, cpu: number, pool: number): number {
  return session.call(
    cpu,
    () => `${poolPrefix(pool)}compact()`,
    () => session.pool(pool).compact!(),
  );
}

/** What a compaction changes by the number of pages that it gives back, so that each falls. */
function compactionCounters(session: Session, pool: number): readonly (readonly [string, number])[] {
  const stats = session.pool(pool).stats();
  return [
    ["totalPages fell by", stats.totalPages],
    ["pagesCompacted grew by", -stats.pagesCompacted],
    ["the pages taken from the machine fell by", session.pagesTaken()],
  ];
}

type Counters = ReturnType<typeof compactionCounters>;

function assertCompactionCounted(session: Session, pages: number, before: Counters, after: Counters): void {
  before.forEach(([what, count], i) => {
    const fall = count - after[i]![1];
    if (fall !== pages) session.fail(`returned ${pages}, but ${what} ${fall}`);
  });
}

function verifyAll(session: Session, { cpu, pool }: StepOf<"verify">): void {
  for (const object of session.liveObjects(pool)) if (!session.isMapped(object)) verify(session, object, cpu);
}

function freeAll(session: Session, { cpu, pool, order }: StepOf<"free-all">): void {
  const objects = session.liveObjects(pool).filter((object) => !session.isMapped(object));
  if (order === "lifo") objects.reverse();
  if (order === "random") shuffle(objects, new Prng(objects.length + 1));
  for (const object of objects) free(session, object, cpu);
}

/** Brings an array into a random order. */
function shuffle(items: unknown[], prng: Prng): void {
  for (let i = items.length - 1; i > 0; i--) {
    const other = prng.below(i + 1);
    [items[i], items[other]] = [items[other], items[i]];
  }
}

function destroy(session: Session, { cpu, pool }: StepOf<"destroy">): void {
  session.open.forEach((mapping, mappedCpu) => mapping?.object.pool === pool && unmapStep(session, mappedCpu));
  const objects = session.liveObjects(pool).length;
  const text = () => `${poolPrefix(pool)}destroy()`;
  const leftovers = session.call(cpu, text, () => session.pool(pool).destroy());
  session.note(`: ${leftovers}`);
  if (session.judges("leftovers") && leftovers !== objects) {
    session.fail(`returned ${leftovers}, but ${objects} objects were live`);
  }
  session.markDestroyed(pool);
}

function churn(session: Session, { cpu, pool, count, bytes, gfp }: StepOf<"churn">): void {
  const backend = session.pool(pool);
  const live = new Set<number>(session.liveObjects(pool).map((object) => object.handle));
  const usable = session.usableGfp(cpu, gfp);
  const text = () => `${count} times: x = ${poolPrefix(pool)}malloc(${bytes}), free(x)`;
  session.call(cpu, text, () => {
    for (let round = 1; round <= count; round++) {
      const handle = backend.malloc(bytes, usable);
      if (!(handle > 0) || !Number.isSafeInteger(handle) || live.has(handle)) {
        session.fail(
          `malloc number ${round} returned ${describeNumber(handle)}${live.has(handle) ? ", which is live" : ""}`,
        );
      }
      backend.free(handle as Handle);
    }
  });
  session.counts[pool]!.mallocs += count;
  session.counts[pool]!.frees += count;
}

function observe(session: Session, { cpu, pool }: StepOf<"observe">): void {
  session.call(
    cpu,
    () => `${poolPrefix(pool)}check(3), stats(), totalPages()`,
    () => {
      const backend = session.pool(pool);
      for (const level of [1, 2, 3] as const) backend.check(level);
      backend.stats();
      backend.totalPages();
    },
  );
}
