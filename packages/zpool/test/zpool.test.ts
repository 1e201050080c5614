// The front end: destroying, and exchanging the backend of a pool in use.

import { GFP_KERNEL, Machine, ZlabError, __GFP_HIGHMEM, isErrno } from "@zlab/hw-sim";
import { type Handle, MapMode, type Zpool, ZpoolRegistry } from "@zlab/zpool";
import { ReferenceDriver, conformanceMachine } from "@zlab/zpool/testing";
import { beforeEach, describe, expect, test } from "vitest";
import { SlabDriver } from "./slab-driver.ts";

let machine: Machine;
let registry: ZpoolRegistry;
let pool: Zpool;
let live: { handle: Handle; bytes: number }[];

const contentOf = (handle: Handle, bytes: number): number[] => {
  const buffer = new Uint8Array(bytes);
  pool.read(handle, buffer, 0, bytes);
  return [...buffer];
};

const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    return ZlabError.is(error) ? error.code : `not a ZlabError: ${String(error)}`;
  }
  return "nothing thrown";
};

beforeEach(() => {
  machine = new Machine(conformanceMachine());
  registry = new ZpoolRegistry(machine, [new ReferenceDriver(), new SlabDriver()]);
  pool = registry.create("slab-test", "zram0");
  live = [100, 3000, 5, 3000].map((bytes, i) => {
    const handle = pool.malloc(bytes, GFP_KERNEL);
    if (isErrno(handle)) throw new Error("no memory");
    pool.write(handle, new Uint8Array(bytes).fill(i + 1), 0, bytes);
    return { handle, bytes };
  });
});

/** The pool is as beforeEach left it, and works. */
function expectIntact(): void {
  expect(pool.type).toBe("slab-test");
  live.forEach(({ handle, bytes }, i) =>
    expect(contentOf(handle, bytes)).toEqual(Array.from({ length: bytes }, () => i + 1)),
  );
  expect(pool.stats()).toMatchObject({ objects: 4, mallocs: 4 });
  expect(pool.totalPages()).toBe(machine.totalPageCount() - machine.freePageCount());
  pool.check(3);
  expect(codeOf(() => registry.unregister("slab-test"))).toBe("ZLAB_DRIVER_BUSY");
}

const messageOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing thrown";
};

test("every call goes to the backend", () => {
  expect(pool.capabilities).toBe(pool.backend.capabilities);
  const { handle } = live[0]!;
  const mapping = pool.map(handle, MapMode.RW);
  mapping.bytes[mapping.offset] = 77;
  pool.unmap(handle);
  expect(contentOf(handle, 1)).toEqual([77]);
  expect(codeOf(() => pool.unmap(handle))).toBe("ZLAB_NOT_MAPPED");
  pool.free(handle);
  expect(pool.stats()).toMatchObject({ objects: 3, frees: 1 });
  pool.check(2);
  for (let pfn = 0; pfn < machine.endPfn; pfn++) machine.pages.setOwner(pfn, 0);
  expect(codeOf(() => pool.check(3))).toBe("ZLAB_CORRUPT");
});

test("what can't be done is told with the pool and the object", () => {
  const first = live[0]!;
  const { handle } = first;
  const switching = (objects: { handle: Handle; bytes: number }[], gfp = GFP_KERNEL) =>
    messageOf(() => pool.switchTo("reference", objects, gfp));
  expect(switching([first])).toBe(
    'pool "zram0" holds 4 objects, but 1 were named to be moved; name every live object once',
  );
  expect(switching([first, first])).toBe(`object ${handle} of pool "zram0" was named twice; name each once`);
  expect(switching(live, __GFP_HIGHMEM)).toBe(
    `reference refuses object ${handle} of 100 bytes: EINVAL; the pool stays with slab-test`,
  );
  pool.destroy();
  expect(messageOf(() => pool.destroy())).toBe('pool "zram0" is destroyed already');
});

test.each([4095, 4096, 4097, 9000])("switchTo moves an object of %i bytes", (bytes) => {
  const machineOf64k = new Machine({ ...conformanceMachine(), pageBytes: 65536 });
  const reference = new ZpoolRegistry(machineOf64k, [new ReferenceDriver()]).create("reference", "p");
  const handle = reference.malloc(bytes, GFP_KERNEL) as Handle;
  const content = Uint8Array.from({ length: bytes }, (_, i) => i % 251);
  reference.write(handle, content, 0, bytes);
  const moved = reference.switchTo("reference", [{ handle, bytes }], GFP_KERNEL).get(handle)!;
  const copy = new Uint8Array(bytes);
  reference.read(moved, copy, 0, bytes);
  expect(copy).toEqual(content);
});

describe("destroy", () => {
  test("gives the pages back, releases the driver and returns the number of objects left", () => {
    expect(pool.destroy()).toBe(4);
    expect(machine.freePageCount()).toBe(machine.totalPageCount());
    registry.unregister("slab-test");
    expect(registry.has("slab-test")).toBe(false);
  });

  test("is refused the second time, and the driver is not released twice", () => {
    const other = registry.create("slab-test", "zram1");
    pool.destroy();
    expect(codeOf(() => pool.destroy())).toBe("ZLAB_DESTROYED");
    expect(codeOf(() => registry.unregister("slab-test"))).toBe("ZLAB_DRIVER_BUSY");
    other.destroy();
    registry.unregister("slab-test");
  });

  test("is refused while an object is mapped, and the pool goes on", () => {
    pool.map(live[0]!.handle, MapMode.RO);
    expect(codeOf(() => pool.destroy())).toBe("ZLAB_MAPPED");
    pool.unmap(live[0]!.handle);
    expectIntact();
  });
});

describe("switchTo", () => {
  test("moves every object, destroys the old pool and pins the new driver instead", () => {
    const moved = pool.switchTo("reference", live, GFP_KERNEL);
    expect(pool.type).toBe("reference");
    expect([...moved.keys()]).toEqual(live.map(({ handle }) => handle));
    live.forEach(({ handle, bytes }, i) =>
      expect(contentOf(moved.get(handle)!, bytes)).toEqual(Array.from({ length: bytes }, () => i + 1)),
    );
    expect(pool.totalPages()).toBe(4);
    expect(machine.freePageCount()).toBe(machine.totalPageCount() - 4);
    registry.unregister("slab-test");
    expect(codeOf(() => registry.unregister("reference"))).toBe("ZLAB_DRIVER_BUSY");
    expect(pool.destroy()).toBe(4);
    registry.unregister("reference");
  });

  test("works to the same type and back", () => {
    const moved = pool.switchTo("slab-test", live, GFP_KERNEL);
    live = live.map(({ handle, bytes }) => ({ handle: moved.get(handle)!, bytes }));
    expectIntact();
  });

  test.each<[string, string, () => unknown]>([
    ["an unknown backend", "ZLAB_NO_DRIVER", () => pool.switchTo("zhash", live, GFP_KERNEL)],
    [
      "options that the backend refuses",
      "ZLAB_POOL_OPTIONS",
      () => pool.switchTo("reference", live, 0, { chainSize: 8 }),
    ],
    ["an object that the new backend refuses", "ZLAB_SWITCH", () => pool.switchTo("reference", live, __GFP_HIGHMEM)],
    ["a list that forgets an object", "ZLAB_SWITCH", () => pool.switchTo("reference", live.slice(1), GFP_KERNEL)],
    ["a list that names one twice", "ZLAB_SWITCH", () => pool.switchTo("reference", [...live, live[0]!], GFP_KERNEL)],
    [
      "a list that names one twice and forgets another",
      "ZLAB_SWITCH",
      () => pool.switchTo("reference", [live[0]!, ...live.slice(0, 3)], GFP_KERNEL),
    ],
    [
      "a handle that is not live",
      "ZLAB_BAD_HANDLE",
      () => pool.switchTo("reference", [{ handle: 99 as Handle, bytes: 1 }], GFP_KERNEL),
    ],
  ])("given %s leaves everything as it was", (_, code, action) => {
    expect(codeOf(action)).toBe(code);
    expectIntact();
    registry.unregister("reference");
  });

  test("without memory for the copies leaves everything as it was", () => {
    machine.faults.failNth(3);
    expect(codeOf(() => pool.switchTo("reference", live, GFP_KERNEL))).toBe("ZLAB_SWITCH");
    expectIntact();
    registry.unregister("reference");
  });

  test("while an object is mapped leaves everything as it was", () => {
    pool.map(live[1]!.handle, MapMode.RO);
    expect(codeOf(() => pool.switchTo("reference", live, GFP_KERNEL))).toBe("ZLAB_MAPPED");
    pool.unmap(live[1]!.handle);
    expectIntact();
    registry.unregister("reference");
  });

  test("of a destroyed pool is refused", () => {
    pool.destroy();
    expect(codeOf(() => pool.switchTo("reference", [], GFP_KERNEL))).toBe("ZLAB_DESTROYED");
    registry.unregister("reference");
  });
});

test("compact is 0 pages where the backend can't", () => {
  expect(registry.create("reference", "r").compact()).toBe(0);
  expect(pool.compact()).toBeGreaterThanOrEqual(0);
});
