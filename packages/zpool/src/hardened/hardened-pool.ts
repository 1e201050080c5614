// A pool that watches its callers, around a pool of any backend. It gives out handles and mappings of its own: handles that no
// later object gets again, and mappings that are copies between guards. The backend sees the calls that it would see without
// it, in the same order and with the same sizes, and beside them reads and writes; so objects are placed as in a plain pool
// (but for `quarantineObjects`).
//
// Before every operation the pool looks at what callers are likely to have written to since the last: the guards of open
// mappings, the latest ended mappings and the latest freed object. What it finds is thrown by that operation, which is not
// performed; the damage is then repaired, so that each misuse is reported once and the operation can be repeated.

import { ENOMEM, type Errno, type Machine, isErrno } from "@zlab/hw-sim";
import { ZPoolError, badHandle } from "../errors.ts";
import { CpuMappings, assertCopyRange } from "../mapping.ts";
import type { PoolStats } from "../stats.ts";
import {
  type Capabilities,
  type CheckLevel,
  type Handle,
  MapMode,
  type Mapping,
  type ZpoolBackend,
} from "../zpool-driver.ts";
import { FreedObjects } from "./freed-objects.ts";
import type { Hardening } from "./hardened-options.ts";
import { KeptMappings } from "./kept-mappings.ts";
import { MappingArea } from "./mapping-area.ts";
import { MisuseReports } from "./misuse-reports.ts";
import { ObjectBytes } from "./object-bytes.ts";
import { captureStack } from "./object-history.ts";
import { Field } from "./object-records.ts";
import { ObjectTable } from "./object-table.ts";
import { FRESH } from "./patterns.ts";

const poolCounts = new WeakMap<Machine, number>(); // hardened pools made on each machine

function nextPoolNumber(machine: Machine): number {
  const number = poolCounts.get(machine) ?? 0;
  poolCounts.set(machine, number + 1);
  return number;
}

/** What a hardened pool of such a backend can do: its mappings are copies, and a quarantine keeps space from being used again. */
export function hardenedCapabilities(plain: Capabilities, { quarantineObjects }: Hardening): Capabilities {
  return { ...plain, crossPage: true, images: false, ...(quarantineObjects > 0 ? { looseFit: true } : {}) };
}

export class HardenedPool implements ZpoolBackend {
  readonly type: string;
  readonly name: string;
  readonly capabilities: Capabilities;
  /** The backend's pool, for what only it can tell. Calls that change objects must not go past the hardened pool. */
  readonly plain: ZpoolBackend;
  /** Present if the backend compacts. */
  readonly compact?: () => number;
  readonly #machine: Machine;
  readonly #hardening: Hardening;
  readonly #mappings: CpuMappings;
  readonly #areas: (MappingArea | undefined)[]; // per CPU: the open mapping
  readonly #objects: ObjectTable;
  readonly #contents: ObjectBytes;
  readonly #kept: KeptMappings;
  readonly #freed: FreedObjects;
  readonly #reports: MisuseReports;
  #operation = 0;
  #failures = 0;

  /** Takes `plain` over, which must be empty. */
  constructor(machine: Machine, plain: ZpoolBackend, hardening: Hardening) {
    this.type = plain.type;
    this.name = plain.name;
    this.capabilities = hardenedCapabilities(plain.capabilities, hardening);
    this.plain = plain;
    if (plain.compact !== undefined) this.compact = () => this.#compact();
    this.#machine = machine;
    this.#hardening = hardening;
    this.#mappings = new CpuMappings(machine, plain.name);
    this.#areas = Array.from({ length: machine.cpus.count }, () => undefined);
    this.#objects = new ObjectTable(nextPoolNumber(machine));
    this.#contents = new ObjectBytes(plain, machine.memory.hasBytes);
    this.#kept = new KeptMappings(hardening.keptMappings, machine.pageBytes);
    this.#freed = new FreedObjects(machine, plain, this.#contents, hardening.quarantineObjects);
    this.#reports = new MisuseReports(plain.type, plain.name, this.#objects);
  }

  malloc(bytes: number, gfp: number): Handle | Errno {
    this.#begin();
    const result = this.#mallocOrDrain(bytes, gfp);
    if (isErrno(result)) {
      this.#failures++;
      return result;
    }
    const { records } = this.#objects;
    const cell = this.#objects.add({ backendHandle: result, bytes, gfp, operation: this.#operation });
    if (this.#hardening.recordStacks) records.setStacks(cell, { allocatedAt: captureStack(), freedAt: undefined });
    records.set(cell, Field.SEAL, this.#contents.fill(result, bytes, FRESH));
    return records.get(cell, Field.HANDLE) as Handle;
  }

  /** A quarantine must not be the reason why there is no memory. */
  #mallocOrDrain(bytes: number, gfp: number): Handle | Errno {
    const result = this.plain.malloc(bytes, gfp);
    if (result !== ENOMEM || this.#freed.quarantined === 0) return result;
    const written = this.#freed.drain();
    if (written !== undefined) throw this.#reports.writeAfterFree(written);
    return this.plain.malloc(bytes, gfp);
  }

  free(handle: Handle): void {
    this.#begin();
    const cell = this.#cell(handle, "free");
    this.#mappings.assertNotMapped(handle, "free");
    this.#verifySeal(cell, "free");
    const { records } = this.#objects;
    if (this.#hardening.recordStacks) {
      records.setStacks(cell, { ...records.stacksOf(cell), freedAt: captureStack() });
    }
    const { backendHandle, bytes } = this.#place(cell);
    this.#objects.remove(cell, this.#operation);
    this.#freed.hold({ handle, backendHandle, bytes, cpu: this.#machine.cpus.current });
  }

  map(handle: Handle, mode: MapMode): Mapping {
    this.#begin();
    const cell = this.#cell(handle, "map");
    const record = this.#mappings.available();
    if (mode !== MapMode.WO) this.#verifySeal(cell, "map");
    const { backendHandle, bytes } = this.#place(cell);
    const source = this.plain.map(backendHandle, mode);
    const { hasBytes } = this.#contents;
    const area = new MappingArea(handle, bytes, mode, this.#operation, source, hasBytes);
    if (hasBytes) {
      if (mode === MapMode.WO) area.fillObject(FRESH);
      else area.load();
      area.seal = area.sealNow();
    }
    this.#mappings.begin(record, handle, mode);
    this.#areas[this.#machine.cpus.current] = area;
    const { records } = this.#objects;
    records.set(cell, Field.MAPPED, this.#operation);
    records.set(cell, Field.MAP_MODE, mode);
    return area;
  }

  /** Ends the mapping, also when it reports an overrun. */
  unmap(handle: Handle): void {
    this.#operation++;
    this.#settle();
    if (this.#objects.wasFreed(handle)) throw this.#reports.badHandle(handle, "unmap");
    this.#mappings.end(handle);
    const { current } = this.#machine.cpus;
    const area = this.#areas[current]!;
    this.#areas[current] = undefined;
    const cell = this.#objects.find(handle);
    this.#objects.records.set(cell, Field.UNMAPPED, this.#operation);
    const damage = this.#reports.damagedGuard(area);
    const readOnlyWrite = this.#writeThroughReadOnly(area);
    this.#writeBack(area, cell);
    const lateWritten = this.#kept.add(area);
    if (damage !== undefined) throw damage;
    if (readOnlyWrite !== undefined) throw readOnlyWrite;
    if (lateWritten !== undefined) throw this.#reports.lateWrite(lateWritten);
  }

  #writeThroughReadOnly(area: MappingArea): ZPoolError | undefined {
    if (!this.#hardening.strictReadOnly || area.mode !== MapMode.RO || area.sealNow() === area.seal) return undefined;
    return this.#reports.readOnlyWrite(area);
  }

  /** Ends the backend's mapping, with the caller's changes in it unless it is RO. */
  #writeBack(area: MappingArea, cell: number): void {
    const { records } = this.#objects;
    const { backendHandle, bytes } = this.#place(cell);
    if (area.mode === MapMode.RO) return this.plain.unmap(backendHandle);
    const { hasBytes } = this.#contents;
    if (hasBytes) area.store();
    this.plain.unmap(backendHandle);
    // A backend's mapping may be a copy too. If others wrote meanwhile, only the backend knows what the object is now.
    const shared = records.get(cell, Field.WRITTEN) > area.mappedBy;
    if (hasBytes) records.set(cell, Field.SEAL, shared ? this.#contents.sealOf(backendHandle, bytes) : area.sealNow());
    records.set(cell, Field.WRITTEN, this.#operation);
  }

  read(handle: Handle, target: Uint8Array, targetOffset: number, length: number): void {
    this.#begin();
    const cell = this.#cell(handle, "read");
    const { backendHandle } = this.#place(cell);
    this.#assertCopy(cell, "read", target, targetOffset, length);
    if (!this.#contents.hasBytes) return this.plain.read(backendHandle, target, targetOffset, length);
    this.#verifySeal(cell, "read");
    target.set(this.#contents.bytes.subarray(0, length), targetOffset);
  }

  write(handle: Handle, source: Uint8Array, sourceOffset: number, length: number): void {
    this.#begin();
    const cell = this.#cell(handle, "write");
    const { backendHandle, bytes } = this.#place(cell);
    this.#assertCopy(cell, "write", source, sourceOffset, length);
    const { records } = this.#objects;
    const contents = this.#contents;
    if (contents.hasBytes) {
      this.#verifySeal(cell, "write"); // loads the rest of the object too
      contents.bytes.set(source.subarray(sourceOffset, sourceOffset + length), 0);
      records.set(cell, Field.SEAL, contents.seal(bytes));
    }
    records.set(cell, Field.WRITTEN, this.#operation);
    this.plain.write(backendHandle, source, sourceOffset, length);
  }

  totalPages(): number {
    this.#verifyWatched();
    return this.plain.totalPages();
  }

  #compact(): number {
    this.#begin();
    return this.plain.compact!();
  }

  /** Counts of the caller's own calls; pages, slots and moves as the backend has them, with a quarantine's among them. */
  stats(): PoolStats {
    this.#verifyWatched();
    const { madeCount, liveCount } = this.#objects;
    return {
      ...this.plain.stats(),
      objects: liveCount,
      mallocs: madeCount,
      frees: madeCount - liveCount,
      failures: this.#failures,
    };
  }

  /** Level 1 verifies all mappings, open and ended ones, and the latest freed object. Level 2 also the bytes of every object, live or
   * in quarantine. Then the backend's own check follows. */
  check(level: CheckLevel): void {
    this.#verifyWatched();
    this.#reportLateWrite(this.#kept.anyWritten());
    if (level >= 2) this.#verifyAll();
    this.plain.check(level);
  }

  /** Verifies everything first. What it finds is thrown, and the pool is still there; a second call destroys it. */
  destroy(): number {
    this.#mappings.assertNoneMapped("destroy");
    this.#verifyWatched();
    this.#reportLateWrite(this.#kept.anyWritten());
    this.#verifyAll();
    this.#freed.drain();
    this.plain.destroy();
    return this.#objects.liveCount;
  }

  /** Counts an operation, and looks at what callers may have written to since the last one. */
  #begin(): void {
    this.#operation++;
    this.#verifyWatched();
  }

  #verifyWatched(): void {
    this.#settle();
    if (this.#mappings.open === 0) return;
    for (const area of this.#areas) {
      const damage = area === undefined ? undefined : this.#reports.damagedGuard(area);
      if (damage === undefined) continue;
      area!.repairGuards();
      throw damage;
    }
  }

  /** Looks at the latest ended mappings and at the latest freed object, which then goes on to the backend. */
  #settle(): void {
    const freed = this.#freed.settle();
    if (freed !== undefined) throw this.#reports.writeAfterFree(freed);
    this.#reportLateWrite(this.#kept.nextWritten());
  }

  #reportLateWrite(area: MappingArea | undefined): void {
    if (area === undefined) return;
    const report = this.#reports.lateWrite(area);
    area.poison();
    throw report;
  }

  /** Verifies the bytes of every object, live or in quarantine. */
  #verifyAll(): void {
    const written = this.#freed.verify();
    if (written !== undefined) throw this.#reports.writeAfterFree(written);
    for (const cell of this.#objects.liveCells()) this.#verifySeal(cell, "check");
  }

  /** Loads the object and throws ZLAB_STRAY_WRITE if its bytes are not those that the pool wrote. */
  #verifySeal(cell: number, call: string): void {
    if (!this.#contents.hasBytes) return;
    const { records } = this.#objects;
    const { backendHandle, bytes } = this.#place(cell);
    const seal = this.#contents.sealOf(backendHandle, bytes);
    if (seal === records.get(cell, Field.SEAL)) return;
    records.set(cell, Field.SEAL, seal);
    throw this.#reports.strayWrite(cell, call);
  }

  #assertCopy(cell: number, call: "read" | "write", buffer: Uint8Array, bufferOffset: number, length: number): void {
    const { bytes } = this.#place(cell);
    if (length > bytes) throw this.#reports.copyBeyondEnd(cell, call, length);
    assertCopyRange(this.name, bytes, buffer, bufferOffset, length);
  }

  #place(cell: number): { backendHandle: Handle; bytes: number } {
    const { records } = this.#objects;
    return { backendHandle: records.get(cell, Field.BACKEND_HANDLE) as Handle, bytes: records.get(cell, Field.BYTES) };
  }

  /** The cell of a live object. Throws ZLAB_BAD_HANDLE, with the history of a freed one. */
  #cell(handle: Handle, call: string): number {
    const cell = this.#objects.find(handle);
    if (cell >= 0) return cell;
    if (this.#objects.wasFreed(handle)) throw this.#reports.badHandle(handle, call);
    throw badHandle(this.name, call, handle);
  }
}
