// Steps with mappings: open, write, look, close. What a mapping may show depends on its mode and on `crossPage`.

import { MapMode, type Mapping } from "../zpool-driver.ts";
import { assertContent, hex, poolPrefix } from "./judge.ts";
import { type ObjectModel, fillPattern } from "./object-model.ts";
import { type OpenMapping, type Session, modeName } from "./session.ts";
import type { Step } from "./step.ts";

type StepOf<Op extends Step["op"]> = Extract<Step, { op: Op }>;

/** Calls `map` and verifies the form of the result. */
function openMapping(session: Session, object: ObjectModel, mode: MapMode, cpu: number): Mapping {
  const mapping: unknown = session.machine.cpus.runOn(cpu, () => session.pool(object.pool).map(object.handle, mode));
  assertMapping(session, mapping);
  if (session.judges("lengths") && mapping.length < object.bytes) {
    session.fail(`the mapping has ${mapping.length} bytes, but ${object.bytes} were asked for`);
  }
  object.usableBytes = mapping.length;
  return mapping;
}

function assertMapping(session: Session, mapping: unknown): asserts mapping is Mapping {
  if (typeof mapping !== "object" || mapping === null) session.fail(`returned ${String(mapping)}, expected a mapping`);
  const { bytes, offset, length } = mapping as Mapping;
  if (!(bytes instanceof Uint8Array)) session.fail("the mapping's bytes are no Uint8Array");
  if (!Number.isSafeInteger(offset) || offset < 0) session.fail(`the mapping's offset is ${offset}`);
  if (!Number.isSafeInteger(length) || length < 1) session.fail(`the mapping's length is ${length}`);
  if (session.hasBytes && offset + length > bytes.length) {
    session.fail(`the mapping ends at byte ${offset + length} of an array of ${bytes.length}`);
  }
}

/** Maps the object for the time of `use`: "fill" through WO, "read" through RO. One line of the protocol. */
export function withMapping(
  session: Session,
  object: ObjectModel,
  cpu: number,
  purpose: "fill" | "read",
  use: (mapping: Mapping) => void,
): void {
  const mode = purpose === "fill" ? MapMode.WO : MapMode.RO;
  const name = () => `${poolPrefix(object.pool)}${purpose}(${session.label(object.name)}`;
  const text = () => `${name()}, ${object.accessibleBytes} bytes through a ${modeName(mode)} mapping)`;
  session.call(cpu, text, () => {
    use(openMapping(session, object, mode, cpu));
    session.machine.cpus.runOn(cpu, () => session.pool(object.pool).unmap(object.handle));
  });
}

export function mapStep(session: Session, step: StepOf<"map">): void {
  const object = session.objects.get(step.name);
  if (object === undefined || session.open[step.cpu] !== undefined) return;
  if (session.isMapped(object) && step.shared !== true) return;
  const text = () => `${poolPrefix(object.pool)}map(${session.label(step.name)}, ${modeName(step.mode)})`;
  const mapping = session.call(step.cpu, text, () => openMapping(session, object, step.mode, step.cpu));
  session.open[step.cpu] = { object, mode: step.mode, mapping, changedCopy: undefined, outdated: false };
  if (step.mode === MapMode.WO) {
    if (session.context.capabilities.crossPage) object.forget();
  } else if (session.judges("contents")) {
    assertContent(session, object, mapping.bytes, mapping.offset);
  }
}

/** Writes through the CPU's open mapping. */
export function store(session: Session, step: StepOf<"store">): void {
  const open = session.open[step.cpu];
  if (open === undefined || open.object.pool !== step.pool || !session.hasBytes) return;
  const { object, mapping } = open;
  const from = Math.floor((mapping.length * step.from) / 1000);
  const length = Math.min(mapping.length - from, Math.ceil((mapping.length * step.length) / 1000));
  session.begin(
    step.cpu,
    () => `write bytes ${from} to ${from + length - 1} of the mapped ${session.label(object.name)}`,
  );
  const losable = open.mode === MapMode.RO && session.context.capabilities.crossPage;
  if (losable) {
    open.changedCopy ??= mapping.bytes.slice(mapping.offset, mapping.offset + mapping.length);
    fillPattern(open.changedCopy, from, length, step.seed);
    mapping.bytes.set(open.changedCopy.subarray(from, from + length), mapping.offset + from);
    return;
  }
  object.setPattern(from, length, step.seed);
  mapping.bytes.set(object.content.subarray(from, from + length), mapping.offset + from);
  for (const other of session.open)
    if (other !== undefined && other !== open && other.object === object) other.outdated = true;
}

/** Verifies the object mapped on the CPU through its mapping. */
export function look(session: Session, { cpu }: StepOf<"look">): void {
  const open = session.open[cpu];
  if (open === undefined || open.outdated || open.changedCopy !== undefined || !session.judges("contents")) return;
  session.begin(cpu, () => `look at the mapped ${session.label(open.object.name)}`);
  assertContent(session, open.object, open.mapping.bytes, open.mapping.offset);
}

/** Ends the CPU's open mapping, if there is one. */
export function unmapStep(session: Session, cpu: number): void {
  const open = session.open[cpu];
  if (open === undefined) return;
  const { object } = open;
  const text = () => `${poolPrefix(object.pool)}unmap(${session.label(object.name)})`;
  session.call(cpu, text, () => session.pool(object.pool).unmap(object.handle));
  session.open[cpu] = undefined;
  if (open.changedCopy !== undefined) settleLosableChanges(session, open, open.changedCopy, cpu);
}

/** After changes through an RO mapping every byte is either as before or as changed. */
function settleLosableChanges(session: Session, { object }: OpenMapping, changed: Uint8Array, cpu: number): void {
  const got = new Uint8Array(changed.length);
  const text = () => `${poolPrefix(object.pool)}read(${session.label(object.name)})`;
  session.call(cpu, text, () => session.pool(object.pool).read(object.handle, got, 0, got.length));
  for (let i = 0; i < object.known.length && i < got.length; i++) {
    if (object.known[i] !== 1) continue;
    if (session.judges("contents") && got[i] !== object.content[i] && got[i] !== changed[i]) {
      session.fail(
        `byte ${i} is ${hex(got[i])}, expected ${hex(object.content[i])}, or ${hex(changed[i])} as written through the RO mapping`,
      );
    }
    object.setByte(i, got[i]!);
  }
}
