// z3fold as a part of larger things: in a container, and on a machine without bytes.

import { GFP_KERNEL, Machine, NO_WATERMARKS, Prng, isErrno, machineModule } from "@zlab/hw-sim";
import { Z3foldPool, z3foldModule } from "@zlab/z3fold";
import { type Handle, MapMode, ZPOOL, type Zpool, poolModule } from "@zlab/zpool";
import { Container } from "inversify";
import { expect, test } from "vitest";

test("a container makes pools of it", () => {
  const container = new Container();
  container.load(machineModule(), z3foldModule(), poolModule("z3fold", "zswap0"));
  const pool = container.get<Zpool>(ZPOOL, { name: "zswap0" });
  expect(pool.backend).toBeInstanceOf(Z3foldPool);
  expect([pool.type, pool.name]).toEqual(["z3fold", "zswap0"]);
  expect(isErrno(pool.malloc(100, GFP_KERNEL))).toBe(false);
});

/** The handles and placements of 500 operations. */
function churn(backing: "array-buffer" | "size-only"): unknown[] {
  const zones = [{ kind: "NORMAL" as const, pages: 400, watermarks: NO_WATERMARKS }];
  const pool = new Z3foldPool(new Machine({ pageBytes: 4096, zones, backing }), "p");
  const prng = new Prng(5);
  const buffer = new Uint8Array(4096);
  const live: Handle[] = [];
  const history: unknown[] = [];
  for (let step = 0; step < 500; step++) {
    const bytes = 1 + prng.below(3000);
    const handle = pool.malloc(bytes, GFP_KERNEL);
    if (isErrno(handle)) throw new Error("the machine is too small");
    pool.write(handle, buffer, 0, bytes);
    pool.read(handle, buffer, 0, bytes);
    history.push(handle, pool.placementOf(handle), pool.map(handle, MapMode.RW).length);
    pool.unmap(handle);
    live.push(handle);
    if (prng.below(3) > 0) pool.free(live.splice(prng.below(live.length), 1)[0]!);
  }
  pool.check(3);
  return [...history, pool.stats(), pool.unbuddiedLists(), pool.totals()];
}

test("without bytes everything else is the same", () => {
  expect(churn("size-only")).toEqual(churn("array-buffer"));
  const zones = [{ kind: "NORMAL" as const, pages: 16, watermarks: NO_WATERMARKS }];
  const pool = new Z3foldPool(new Machine({ pageBytes: 4096, zones, backing: "size-only" }), "p");
  expect(pool.map(pool.malloc(100, GFP_KERNEL) as Handle, MapMode.RW).bytes).toHaveLength(0);
});
