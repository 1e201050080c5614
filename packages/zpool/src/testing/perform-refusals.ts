// Steps with calls that must be refused: a code is expected, and nothing may change.

import { ENOSPC, GFP_NOWAIT } from "@zlab/hw-sim";
import { MapMode } from "../zpool-driver.ts";
import { assertUnchanged, poolPrefix } from "./judge.ts";
import { type ObjectModel } from "./object-model.ts";
import { type Session, describeNumber } from "./session.ts";
import type { BadHandleSource, HandleCall, ObjectName, Step } from "./step.ts";

type StepOf<Op extends Step["op"]> = Extract<Step, { op: Op }>;
type Refusal = StepOf<
  "refused-malloc" | "bad-handle" | "free-mapped" | "nested-map" | "wrong-unmap" | "destroy-mapped" | "bad-range"
>;

const BAD_HANDLE = ["ZLAB_BAD_HANDLE"];
const NOT_MAPPED = ["ZLAB_NOT_MAPPED", "ZLAB_BAD_HANDLE"];

export function performRefusal(session: Session, step: Refusal): void {
  switch (step.op) {
    case "refused-malloc":
      return refusedMalloc(session, step);
    case "bad-handle":
      return badHandle(session, step);
    case "free-mapped":
      return freeMapped(session, step);
    case "nested-map":
      return nestedMap(session, step);
    case "wrong-unmap":
      return wrongUnmap(session, step);
    case "destroy-mapped":
      return destroyMapped(session, step);
    case "bad-range":
      return badRange(session, step);
  }
}

/** Makes the call and verifies that it throws one of `codes` and changes nothing. */
function refuse(
  session: Session,
  { cpu, pool }: Step,
  text: () => string,
  codes: readonly string[],
  action: () => unknown,
): void {
  const judged = session.judges("state");
  const before = judged ? session.stateOf(pool) : [];
  session.expectThrow(cpu, () => `${poolPrefix(pool)}${text()}`, codes, action);
  session.note(`: refused`);
  if (judged) assertUnchanged(session, pool, before);
}

function refusedMalloc(session: Session, step: StepOf<"refused-malloc">): void {
  const { cpu, pool, bytes, errno } = step;
  const { maxBytes, movable } = session.context.capabilities;
  // The pool may have been switched to a backend that refuses it for another reason, or not at all.
  const isTooLarge = bytes > maxBytes;
  const hasRefusedFlag = step.gfp !== 0 && !movable;
  const isExpected = errno === ENOSPC ? isTooLarge && !hasRefusedFlag : hasRefusedFlag && !isTooLarge;
  if (bytes > 0 && !isExpected) return;
  const judged = session.judges("state");
  const before = judged ? session.stateOf(pool) : [];
  const flags = step.gfp === 0 ? "" : ", __GFP_HIGHMEM";
  const text = () => `${poolPrefix(pool)}malloc(${bytes}${flags})`;
  const result = session.call(cpu, text, () => session.pool(pool).malloc(bytes, GFP_NOWAIT | step.gfp));
  if (result !== errno) session.fail(`returned ${describeNumber(result)}, expected ${describeNumber(errno)}`);
  session.note(`: ${describeNumber(result)}`);
  session.counts[pool]!.failures++;
  if (judged) assertUnchanged(session, pool, before);
}

function badHandle(session: Session, step: StepOf<"bad-handle">): void {
  const handle = resolve(session, step.pool, step.source);
  if (handle === undefined || session.isLiveHandle(step.pool, handle)) return;
  if (step.call === "map" && session.open[step.cpu] !== undefined) return;
  const text = () => `${step.call}(${describeSource(session, step.source, handle)})`;
  const codes = step.call === "unmap" ? NOT_MAPPED : BAD_HANDLE;
  refuse(session, step, text, codes, () => callWith(session, step.pool, step.call, handle));
}

/** The number that a step's bad handle is; undefined if its object isn't there. */
function resolve(session: Session, pool: number, source: BadHandleSource): number | undefined {
  if (source.kind === "value") return source.value;
  if (source.kind === "freed") return inPool(session.freed.get(source.name), pool)?.handle;
  const object = session.objects.get(source.name);
  if (source.kind === "foreign") return object === undefined || object.pool === pool ? undefined : object.handle;
  const near = inPool(object, pool);
  return near === undefined ? undefined : near.handle + source.delta;
}

function inPool(object: ObjectModel | undefined, pool: number): ObjectModel | undefined {
  return object?.pool === pool ? object : undefined;
}

function describeSource(session: Session, source: BadHandleSource, handle: number): string {
  if (source.kind === "value") return String(handle);
  const label = session.label(source.name);
  if (source.kind === "freed") return `${label}, freed before`;
  if (source.kind === "foreign") return `${label}, of the other pool`;
  return `${label} ${source.delta < 0 ? "-" : "+"} ${Math.abs(source.delta)}`;
}

function callWith(session: Session, pool: number, call: HandleCall, handle: number): void {
  const backend = session.pool(pool);
  const [named, buffer] = [handle as Parameters<typeof backend.free>[0], new Uint8Array(1)];
  if (call === "map") backend.map(named, MapMode.RW);
  else if (call === "read") backend.read(named, buffer, 0, 1);
  else if (call === "write") backend.write(named, buffer, 0, 1);
  else backend[call](named);
}

function freeMapped(session: Session, step: StepOf<"free-mapped">): void {
  const object = liveObject(session, step.name);
  if (object === undefined || !session.isMapped(object)) return;
  const text = () => `free(${session.label(step.name)}), which is mapped`;
  refuse(session, step, text, ["ZLAB_MAPPED"], () => session.pool(object.pool).free(object.handle));
}

function nestedMap(session: Session, step: StepOf<"nested-map">): void {
  const object = liveObject(session, step.name);
  const open = session.open[step.cpu];
  if (object === undefined || open === undefined || open.object === object || open.object.pool !== step.pool) return;
  const text = () =>
    `map(${session.label(step.name)}, RW) while ${session.label(open.object.name)} is mapped on the CPU`;
  const map = () => session.pool(object.pool).map(object.handle, MapMode.RW);
  refuse(session, step, text, ["ZLAB_NESTED_MAP"], map);
}

function wrongUnmap(session: Session, step: StepOf<"wrong-unmap">): void {
  const object = liveObject(session, step.name);
  if (object === undefined || session.open[step.cpu]?.object === object) return;
  const text = () => `unmap(${session.label(step.name)}), which the CPU has not mapped`;
  refuse(session, step, text, NOT_MAPPED, () => session.pool(object.pool).unmap(object.handle));
}

function destroyMapped(session: Session, step: StepOf<"destroy-mapped">): void {
  if (!session.open.some((mapping) => mapping?.object.pool === step.pool)) return;
  refuse(
    session,
    step,
    () => "destroy() while an object is mapped",
    ["ZLAB_MAPPED"],
    () => session.pool(step.pool).destroy(),
  );
}

function badRange(session: Session, step: StepOf<"bad-range">): void {
  const object = liveObject(session, step.name);
  if (object === undefined || session.isMapped(object) || session.open[step.cpu] !== undefined) return;
  const slotBytes = usableBytes(session, object, step.cpu);
  const { length, bufferBytes, bufferOffset } = badCopy(step, slotBytes);
  const buffer = new Uint8Array(bufferBytes);
  const text = () =>
    `${step.call}(${session.label(step.name)}, ${length} bytes at ${bufferOffset} of a buffer of ${bufferBytes}), object slot ${slotBytes}`;
  const pool = session.pool(object.pool);
  refuse(session, step, text, ["ZLAB_RANGE"], () => pool[step.call](object.handle, buffer, bufferOffset, length));
}

function badCopy(
  { beyond, excess }: StepOf<"bad-range">,
  slotBytes: number,
): { length: number; bufferBytes: number; bufferOffset: number } {
  if (beyond === "object") return { length: slotBytes + excess, bufferBytes: slotBytes + excess, bufferOffset: 0 };
  if (beyond === "negative") return { length: -excess, bufferBytes: slotBytes, bufferOffset: 0 };
  const length = Math.max(1, slotBytes >> 1);
  return { length, bufferBytes: length + 2, bufferOffset: 2 + excess };
}

/** The object's usable length, learned from a mapping if no step has mapped it yet. */
function usableBytes(session: Session, object: ObjectModel, cpu: number): number {
  if (object.usableBytes > 0) return object.usableBytes;
  const pool = session.pool(object.pool);
  return session.call(
    cpu,
    () => `${poolPrefix(object.pool)}map(${session.label(object.name)}, RO), unmap`,
    () => {
      const { length } = pool.map(object.handle, MapMode.RO);
      pool.unmap(object.handle);
      return (object.usableBytes = length);
    },
  );
}

function liveObject(session: Session, name: ObjectName): ObjectModel | undefined {
  return session.objects.get(name);
}
