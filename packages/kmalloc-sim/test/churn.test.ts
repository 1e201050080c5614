// Both backends through thousands of random operations, with failures among them: contents, invariants and pages.

import { GFP_KERNEL, Machine, Prng, isErrno, largePages } from "@zlab/hw-sim";
import { kmallocDriver, kmallocSlabDriver } from "@zlab/kmalloc-sim";
import type { Handle } from "@zlab/zpool";
import { describe, expect, test } from "vitest";

describe.each([kmallocDriver, kmallocSlabDriver])("$type", (driver) => {
  test.each([4096, 16384, 65536])(
    "any mix of operations on pages of %i bytes keeps contents and invariants",
    (pageBytes) => {
      const machine = new Machine({ ...largePages(pageBytes, 512 * pageBytes), cpus: 2 });
      const prng = new Prng(Number(process.env["ZLAB_SEED"] ?? 1));
      const before = machine.freePageCount();
      const pool = driver.create(machine, "pool");
      const live = new Map<Handle, { bytes: number; fill: number }>();
      let failures = 0;

      const store = (bytes: number, fill: number) => {
        const handle = pool.malloc(bytes, GFP_KERNEL);
        if (isErrno(handle)) return failures++;
        expect(live.has(handle)).toBe(false);
        pool.write(handle, new Uint8Array(bytes).fill(fill), 0, bytes);
        return live.set(handle, { bytes, fill });
      };
      const verifyAndFree = ([handle, { bytes, fill }]: [Handle, { bytes: number; fill: number }]) => {
        const copy = new Uint8Array(bytes);
        pool.read(handle, copy, 0, bytes);
        expect(Buffer.compare(copy, new Uint8Array(bytes).fill(fill))).toBe(0);
        pool.free(handle);
        live.delete(handle);
      };

      for (let i = 0; i < 3000; i++) {
        const isLarge = prng.below(10) === 0;
        const bytes = 1 + prng.below(isLarge ? 10 * pageBytes : pageBytes >> prng.below(10));
        const frees = live.size > 0 && prng.below(100) < (i % 1000 < 500 ? 35 : 65);
        machine.faults.failNth(prng.below(10) === 0 ? 1 : 0);
        machine.cpus.runOn(prng.below(2), () => {
          if (frees) verifyAndFree([...live][prng.below(live.size)]!);
          else store(bytes, i % 256);
        });
        pool.check(i % 16 === 0 ? 3 : 1);
        expect(machine.freePageCount()).toBe(before - pool.totalPages());
      }
      expect(failures).toBeGreaterThan(0);
      expect(pool.destroy()).toBe(live.size);
      expect(machine.freePageCount()).toBe(before);
    },
  );
});
