import { expect, test } from "vitest";
import { resolveOptions } from "../src/eras.ts";
import { PoolTables } from "../src/pool-tables.ts";
import { HandleTable } from "../src/handle-table.ts";
import { NO_SLOT, type SlotId } from "../src/table-layout.ts";
import { ZspageTable } from "../src/zspage-table.ts";
import { smallMachine } from "./fixtures.ts";

/** A table of handles over zspages of 128 slots, with the steps of malloc and free that concern it. */
class Handles {
  readonly #zspages: ZspageTable;
  readonly table: HandleTable;
  #taken: SlotId[] = [];

  constructor(salt: number) {
    const { plan, bands } = resolveOptions(4096);
    const tables = new PoolTables(smallMachine(), `pool ${salt}`);
    this.#zspages = new ZspageTable(plan, bands, tables);
    this.table = new HandleTable(this.#zspages, tables, salt, 128);
  }

  takeSlot(): SlotId {
    if (this.#taken.length === 0) {
      const z = this.#zspages.create(this.#zspages.classAt(0), 0);
      this.#taken = Array.from({ length: 128 }, () => this.#zspages.takeSlot(z));
    }
    return this.#taken.pop()!;
  }

  issue(slot: SlotId): number {
    const handle = this.table.issue(slot);
    this.#zspages.setOwner(slot, handle);
    return handle;
  }

  release(handle: number): SlotId {
    const slot = this.table.resolve(handle);
    this.table.release(handle);
    return slot;
  }

  move(handle: number, slot: SlotId): void {
    this.#zspages.setOwner(slot, handle);
    this.table.moved(handle, slot);
  }
}

test("a handle leads to its slot, also after a move, until it is released", () => {
  const handles = new Handles(1);
  const slot = handles.takeSlot();
  const handle = handles.issue(slot);
  expect(handles.table.resolve(handle)).toBe(slot);
  const other = handles.takeSlot();
  handles.move(handle, other);
  expect(handles.table.resolve(handle)).toBe(other);
  handles.release(handle);
  expect(handles.table.resolve(handle)).toBe(NO_SLOT);
});

test("a released handle stays refused while its cell is used another 127 times", () => {
  const handles = new Handles(1);
  const stale = handles.issue(handles.takeSlot());
  const slot = handles.release(stale);
  for (let reuse = 0; reuse < 127; reuse++) {
    const handle = handles.issue(slot);
    expect(handle).not.toBe(stale);
    expect(handles.table.resolve(stale)).toBe(NO_SLOT);
    expect(handles.table.resolve(handle)).toBe(slot);
    handles.release(handle);
  }
});

test("numbers that are no handles are refused", () => {
  const handles = new Handles(1);
  const handle = handles.issue(handles.takeSlot());
  for (const wrong of [
    0,
    -1,
    -handle,
    handle - 2 ** 31,
    handle + 0.5,
    handle + 1,
    handle + 2 ** 30,
    2 ** 30,
    2 ** 30 + 1,
    2 ** 31,
    2 ** 31 + handle,
    2 ** 32 + handle,
    2 ** 53,
    NaN,
    Infinity,
  ]) {
    expect(handles.table.resolve(wrong)).toBe(NO_SLOT);
  }
});

test("handles of one pool are refused by another", () => {
  const one = new Handles(1);
  const other = new Handles(2);
  const handle = one.issue(one.takeSlot());
  other.issue(other.takeSlot());
  expect(other.table.resolve(handle)).toBe(NO_SLOT);
});

test("beyond cell 8,388,607 handles are longer, and are still refused after release", () => {
  const handles = new Handles(1);
  const first = handles.issue(handles.takeSlot());
  const any = handles.takeSlot();
  for (let cell = 2; cell <= 2 ** 23; cell++) handles.table.issue(any);
  const last = [handles.issue(handles.takeSlot()), handles.issue(handles.takeSlot())].at(-1)!;
  expect(last).toBe(2 ** 30 + 2 ** 23 + 2);
  const slot = handles.table.resolve(last);
  expect(slot).not.toBe(NO_SLOT);
  expect([handles.table.countLive(), handles.table.countFree(), handles.table.cellCount]).toEqual([
    2 ** 23 + 2,
    0,
    2 ** 23 + 2,
  ]);
  for (const handle of [last, last - 1, first]) {
    handles.release(handle);
    expect(handles.table.resolve(handle)).toBe(NO_SLOT);
  }
  expect(handles.table.countFree()).toBe(3);
  const reused = handles.issue(slot); // short handles first
  expect([reused & (2 ** 23 - 1), reused === first]).toEqual([first & (2 ** 23 - 1), false]);
  expect([handles.issue(handles.takeSlot()), handles.issue(handles.takeSlot())]).toEqual([last - 1, last]);
  expect(handles.table.countFree()).toBe(0);
});
