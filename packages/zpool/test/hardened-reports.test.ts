// The words of a hardened pool's reports, and which of the backend's calls it makes.

import { ENOMEM, GFP_KERNEL, Machine, isErrno } from "@zlab/hw-sim";
import {
  type CheckLevel,
  type Handle,
  HardenedError,
  HardenedPool,
  MapMode,
  type Mapping,
  type PoolOptions,
  type ZpoolBackend,
  hardenedDriver,
} from "@zlab/zpool";
import { ReferenceDriver, conformanceMachine } from "@zlab/zpool/testing";
import { describe, expect, test } from "vitest";
import { describeHistory } from "../src/hardened/object-history.ts";
import { SlabDriver } from "./slab-driver.ts";

function poolOn(machine: Machine, options: PoolOptions = {}): HardenedPool {
  return hardenedDriver(new SlabDriver()).create(machine, "p", options) as HardenedPool;
}

const newPool = (options: PoolOptions = {}): HardenedPool => poolOn(new Machine(conformanceMachine()), options);

function malloc(pool: ZpoolBackend, bytes: number): Handle {
  const handle = pool.malloc(bytes, GFP_KERNEL);
  if (isErrno(handle)) throw new Error("no memory");
  return handle;
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing thrown";
}

/** Changes a byte of an object behind the pool's back: of the pool's object number `object`, from 1. */
function scribble(pool: HardenedPool, object: number, byteIndex: number): void {
  const { bytes, offset } = pool.plain.map(object as Handle, MapMode.RW);
  bytes[offset + byteIndex]! ^= 1;
  pool.plain.unmap(object as Handle);
}

const plainHandle = (pool: HardenedPool): Handle => {
  const handle = Array.from({ length: 10_000 }, (_, i) => i + 1).find((candidate) => {
    try {
      pool.plain.unmap(pool.plain.map(candidate as Handle, MapMode.RO) && (candidate as Handle));
      return true;
    } catch {
      return false;
    }
  });
  return handle as Handle;
};

describe("a handle that is not live", () => {
  const calls: [string, (pool: HardenedPool, handle: Handle) => unknown][] = [
    ["map", (pool, handle) => pool.map(handle, MapMode.RO)],
    ["read", (pool, handle) => pool.read(handle, new Uint8Array(1), 0, 1)],
    ["write", (pool, handle) => pool.write(handle, new Uint8Array(1), 0, 1)],
  ];

  test.each([...calls, ["unmap", (pool: HardenedPool, handle: Handle) => pool.unmap(handle)] as const])(
    "freed before: %s",
    (name, call) => {
      const pool = newPool();
      const handle = malloc(pool, 1);
      pool.free(handle);
      expect(messageOf(() => call(pool, handle))).toBe(
        `slab-test pool "p": object 1 (1 byte) was used after free, by ${name} (handle ${handle}); ` +
          "allocated by operation 1, freed by 2",
      );
    },
  );

  test.each([...calls, ["free", (pool: HardenedPool, handle: Handle) => pool.free(handle)] as const])(
    "made up: %s",
    (name, call) => {
      expect(messageOf(() => call(newPool(), 5 as Handle))).toBe(
        `p: ${name} of handle 5, which is not live: it is 0, was freed before, or comes from elsewhere`,
      );
    },
  );

  test("freed too long ago", () => {
    const pool = newPool();
    const handle = malloc(pool, 10);
    pool.free(handle);
    for (let i = 0; i < 1024; i++) pool.free(malloc(pool, 10));
    expect(messageOf(() => pool.map(handle, MapMode.RO))).toBe(
      `slab-test pool "p": an object was used after free, by map (handle ${handle}); freed too long ago to tell its history`,
    );
  });
});

describe("what is mapped", () => {
  test("is neither freed nor destroyed", () => {
    const pool = newPool();
    const handle = malloc(pool, 10);
    pool.map(handle, MapMode.RO);
    expect(messageOf(() => pool.free(handle))).toBe(`p: free of object ${handle}, which CPU 0 has mapped`);
    expect(messageOf(() => pool.destroy())).toBe("p: destroy while 1 objects are mapped");
    pool.unmap(handle);
    expect(pool.destroy()).toBe(1);
  });

  test.each([
    [MapMode.RW, "RW"],
    [MapMode.RO, "RO"],
    [MapMode.WO, "WO"],
  ])("mode %d is told as %s", (mode, name) => {
    const pool = newPool();
    const handle = malloc(pool, 10);
    const { bytes, offset } = pool.map(handle, mode);
    bytes[offset - 1] = 0;
    expect(messageOf(() => pool.unmap(handle))).toBe(
      `slab-test pool "p": object 1 (10 bytes) was written before its start: byte -1 is 0x00 instead of 0xbb; ` +
        `allocated by operation 1, mapped ${name} by 2, unmapped by 3`,
    );
  });

  test("damage is repaired on both sides, so that it is told once", () => {
    const pool = newPool();
    const handle = malloc(pool, 10);
    const { bytes, offset } = pool.map(handle, MapMode.RW);
    bytes.fill(7, offset, offset + 10);
    bytes[offset - 64] = 0;
    expect(messageOf(() => pool.stats())).toContain("byte -64 is 0x00");
    bytes[offset + 10] = 0;
    expect(messageOf(() => pool.stats())).toContain("was overrun: byte 10 is 0x00");
    pool.check(3);
    pool.unmap(handle);
    const copy = new Uint8Array(10);
    pool.read(handle, copy, 0, 10);
    expect(copy).toEqual(new Uint8Array(10).fill(7));
  });

  test("writes through RO, after unmap and after free are told with the mapping", () => {
    const pool = newPool({ strictReadOnly: true });
    const handle = malloc(pool, 10);
    const first = pool.map(handle, MapMode.RO);
    first.bytes[first.offset] = 1;
    expect(messageOf(() => pool.unmap(handle))).toContain(
      "was written through the RO mapping made by operation 2; all",
    );
    first.bytes[first.offset] = 1;
    expect(messageOf(() => pool.stats())).toContain(
      "was written after unmap, through the RO mapping made by operation 2: byte 0 is 0x01 instead of 0x6b; all",
    );
    pool.free(handle);
    pool.stats();
    first.bytes[first.offset] = 1;
    expect(messageOf(() => pool.stats())).toContain(
      "was written after free, through the RO mapping made by operation 2: byte 0 is 0x01 instead of 0x6b; all",
    );
    pool.check(3);
  });

  test("RO without a write, and RW with one, are not read-only writes", () => {
    const pool = newPool({ strictReadOnly: true });
    const handle = malloc(pool, 10);
    pool.unmap((pool.map(handle, MapMode.RO), handle));
    const { bytes, offset } = pool.map(handle, MapMode.RW);
    bytes[offset] = 1;
    pool.unmap(handle);
    pool.check(3);
  });
});

describe("a stray write", () => {
  test.each<[string, (pool: HardenedPool, handle: Handle) => unknown]>([
    ["free", (pool, handle) => pool.free(handle)],
    ["map", (pool, handle) => pool.map(handle, MapMode.RW)],
    ["read", (pool, handle) => pool.read(handle, new Uint8Array(1), 0, 1)],
    ["write", (pool, handle) => pool.write(handle, new Uint8Array(1), 0, 1)],
    ["check", (pool) => pool.check(2)],
    ["check", (pool) => pool.destroy()],
  ])("is seen by %s", (name, call) => {
    const pool = newPool();
    const handle = malloc(pool, 10);
    scribble(pool, plainHandle(pool), 9);
    pool.check(1);
    expect(messageOf(() => call(pool, handle))).toBe(
      `slab-test pool "p": object 1 (10 bytes) has changed, but not by a call to the pool; seen by ${name}; ` +
        "allocated by operation 1",
    );
    pool.check(3);
  });

  test("is not looked for by a WO mapping, which shows no old bytes", () => {
    const pool = newPool();
    const handle = malloc(pool, 10);
    scribble(pool, plainHandle(pool), 9);
    pool.map(handle, MapMode.WO);
    pool.unmap(handle);
    pool.check(3);
  });
});

test("a copy beyond the end is told, one beyond the buffer too, and both leave the buffer alone", () => {
  const pool = newPool();
  const handle = malloc(pool, 10);
  expect(messageOf(() => pool.write(handle, new Uint8Array(11), 0, 11))).toContain(
    "was overrun by a write of 11 bytes;",
  );
  expect(messageOf(() => pool.read(handle, new Uint8Array(11), 0, 11))).toContain("was overrun by a read of 11 bytes;");
  for (const call of ["read", "write"] as const) {
    expect(messageOf(() => pool[call](handle, new Uint8Array(12), 7, 10))).toBe(
      "p: copy of 10 bytes at offset 7 of a buffer of 12, with an object slot of 10",
    );
  }
  expect(messageOf(() => pool.write(handle, new Uint8Array(12), -1, 1))).toContain("copy of 1 bytes at offset -1");
});

test("an object larger than a page of the buffer is copied whole", () => {
  const machine = new Machine({ ...conformanceMachine(), pageBytes: 65536 });
  const pool = hardenedDriver(new ReferenceDriver()).create(machine, "p");
  for (const bytes of [4096, 4097, 8192, 65536]) {
    const content = Uint8Array.from({ length: bytes }, (_, i) => (i * 7) % 251);
    const handle = malloc(pool, bytes);
    pool.write(handle, content, 0, bytes);
    const copy = new Uint8Array(bytes);
    pool.read(handle, copy, 0, bytes);
    expect(copy).toEqual(content);
    pool.check(3);
  }
});

describe("a write to a freed object's memory is seen", () => {
  test.each<[string, (pool: HardenedPool, kept: Handle) => unknown]>([
    ["unmap", (pool, kept) => pool.unmap(kept)],
    ["read", (pool, kept) => pool.read(kept, new Uint8Array(1), 0, 1)],
    ["destroy", (pool) => pool.destroy()],
  ])("by %s", (_, call) => {
    const pool = newPool();
    const freed = malloc(pool, 3000);
    const inBackend = plainHandle(pool);
    const kept = malloc(pool, 10);
    pool.free(freed);
    scribble(pool, inBackend, 0);
    expect(messageOf(() => call(pool, kept))).toContain(
      "was written after free, in the pool's memory: byte 0 is 0x6a instead of 0x6b",
    );
  });
});

test("what wrote last is told, also if it was an unmap before the last", () => {
  const pool = newPool();
  const handle = malloc(pool, 10);
  for (const mode of [MapMode.RW, MapMode.RO]) {
    pool.map(handle, mode);
    pool.unmap(handle);
  }
  pool.free(handle);
  expect(messageOf(() => pool.free(handle))).toContain("last written by 3, mapped RO by 4, unmapped by 5, freed by 6");
});

test("by default no stacks are told, and a write through RO has its own kind", () => {
  const pool = newPool({ strictReadOnly: true });
  const handle = malloc(pool, 10);
  const { bytes, offset } = pool.map(handle, MapMode.RO);
  bytes[offset] = 1;
  try {
    pool.unmap(handle);
  } catch (error) {
    expect(error).toMatchObject({ misuse: "read-only-write", history: { allocatedAt: undefined } });
  }
  expect(pool.stats().objects).toBe(1);
});

test("on a machine without bytes a read leaves the caller's buffer alone", () => {
  const pool = poolOn(new Machine({ ...conformanceMachine(), backing: "size-only" }));
  const target = Uint8Array.of(9, 9);
  pool.read(malloc(pool, 2), target, 0, 2);
  expect([...target]).toEqual([9, 9]);
});

test("a backend without memory is asked once", () => {
  const pool = newPool();
  let calls = 0;
  pool.plain.malloc = () => (calls++, ENOMEM);
  expect([pool.malloc(10, GFP_KERNEL), calls]).toEqual([ENOMEM, 1]);
});

describe("the backend", () => {
  test("compacts through the pool if it can, after what callers did was looked at", () => {
    const pool = newPool();
    const handles = Array.from({ length: 20 }, () => malloc(pool, 3000));
    handles.forEach((handle, i) => i % 3 > 0 && pool.free(handle));
    const { bytes } = pool.map(handles[0]!, MapMode.RO);
    pool.unmap(handles[0]!);
    bytes[0] = 0;
    expect(messageOf(() => pool.compact!())).toContain("was written after unmap");
    expect(pool.compact!()).toBeGreaterThan(0);
    pool.check(3);
    const machine = new Machine(conformanceMachine());
    expect(hardenedDriver(new ReferenceDriver()).create(machine, "p").compact === undefined).toBe(true);
  });

  test("is checked too, at the level asked for", () => {
    const pool = newPool();
    const levels: CheckLevel[] = [];
    pool.plain.check = (level) => levels.push(level);
    for (const level of [1, 2, 3] as const) pool.check(level);
    expect(levels).toEqual([1, 2, 3]);
  });

  test("frees an object on the CPU on which its user freed it", () => {
    const machine = new Machine(conformanceMachine());
    const pool = poolOn(machine);
    const cpus: number[] = [];
    const free = pool.plain.free.bind(pool.plain);
    pool.plain.free = (handle) => {
      cpus.push(machine.cpus.current);
      free(handle);
    };
    const handles = [malloc(pool, 10), malloc(pool, 10)];
    machine.cpus.runOn(1, () => pool.free(handles[0]!));
    pool.free(handles[1]!);
    pool.stats();
    expect(cpus).toEqual([1, 0]);
    expect(pool.plain.stats().objects).toBe(0);
  });

  test("a driver's defaults hold unless an option is given", () => {
    const driver = hardenedDriver(new SlabDriver(), { quarantineObjects: 2 });
    expect(driver.description).toBe(`${new SlabDriver().description}; hardened`);
    expect(driver.capabilities(4096)).toEqual({
      ...new SlabDriver().capabilities(),
      crossPage: true,
      images: false,
      looseFit: true,
    });
    expect(driver.capabilities(4096, { quarantineObjects: 0 }).looseFit).toBeUndefined();
    const machine = new Machine(conformanceMachine());
    expect(driver.create(machine, "p").capabilities.looseFit).toBe(true);
    expect(driver.create(machine, "p", { quarantineObjects: 0 }).capabilities.looseFit).toBeUndefined();
    expect(() => driver.capabilities(4096, { keptMappings: 0 })).toThrow("keptMappings must be an integer");
  });

  test.each([
    { keptMappings: 1 },
    { keptMappings: 4096 },
    { quarantineObjects: 0 },
    { quarantineObjects: 65536 },
    { strictReadOnly: false },
  ])("limits of an option: %j", (options) => {
    newPool(options).check(3);
  });

  test.each([
    [{ keptMappings: 4097 }, "hardened pool: keptMappings must be an integer from 1 to 4096, not 4097"],
    [{ keptMappings: "16" }, "hardened pool: keptMappings must be an integer from 1 to 4096, not 16"],
    [{ quarantineObjects: 65537 }, "hardened pool: quarantineObjects must be an integer from 0 to 65536, not 65537"],
    [{ strictReadOnly: 0 }, "hardened pool: strictReadOnly must be true or false, not 0"],
  ])("refuses %j", (options, message) => {
    expect(messageOf(() => newPool(options))).toBe(message);
  });
});

describe("the quarantine", () => {
  test("is given back by a malloc that finds no memory, which tells what was written to it", () => {
    const pool = newPool({ quarantineObjects: 4 });
    const handle = malloc(pool, 3000);
    const inBackend = plainHandle(pool);
    pool.free(handle);
    pool.stats();
    scribble(pool, inBackend, 0);
    const plainMalloc = pool.plain.malloc.bind(pool.plain);
    pool.plain.malloc = () => ENOMEM;
    expect(messageOf(() => pool.malloc(10, GFP_KERNEL))).toContain("was written after free, in the pool's memory");
    expect(pool.malloc(10, GFP_KERNEL)).toBe(ENOMEM);
    pool.plain.malloc = plainMalloc;
    expect(pool.plain.stats().objects).toBe(0);
  });

  test("is emptied when the pool is destroyed", () => {
    const pool = newPool({ quarantineObjects: 4 });
    const handle = malloc(pool, 10);
    const kept = malloc(pool, 10);
    pool.free(handle);
    pool.stats();
    let left = -1;
    const destroy = pool.plain.destroy.bind(pool.plain);
    pool.plain.destroy = () => (left = destroy());
    expect([pool.destroy(), left]).toEqual([1, 1]);
    expect(kept).toBeGreaterThan(0);
  });
});

test("a history tells what happened, in order, and an unmap that wrote only once", () => {
  const nothing = { mappedBy: undefined, mapMode: undefined, unmappedBy: undefined, writtenBy: undefined };
  const made = { handle: 1 as never, object: 1, bytes: 1, gfp: 0, allocatedBy: 1, ...nothing };
  const life = { ...made, freedBy: undefined, allocatedAt: undefined, freedAt: undefined };
  expect(describeHistory(life)).toBe("allocated by operation 1");
  expect(describeHistory({ ...life, writtenBy: 2 })).toBe("allocated by operation 1, last written by 2");
  const mapped = { ...life, mappedBy: 3, mapMode: MapMode.RW, unmappedBy: 4 };
  expect(describeHistory({ ...mapped, writtenBy: 4 })).toBe("allocated by operation 1, mapped RW by 3, unmapped by 4");
  expect(describeHistory({ ...mapped, writtenBy: 5, freedBy: 6, allocatedAt: "here", freedAt: "there" })).toBe(
    "allocated by operation 1, last written by 5, mapped RW by 3, unmapped by 4, freed by 6\n" +
      "  allocated\nhere\n  freed\nthere",
  );
});

test("stacks have a line for each call, the caller's own first", () => {
  const pool = newPool({ recordStacks: true });
  const handle = malloc(pool, 10);
  pool.free(handle);
  const kept = malloc(pool, 10);
  try {
    pool.free(handle);
  } catch (error) {
    const { allocatedAt, freedAt } = (error as HardenedError).history!;
    expect(allocatedAt).toMatch(/^ +at malloc .*hardened-reports[^\n]*\n +at /);
    expect(freedAt).toMatch(/^ +at [^\n]*hardened-reports/);
  }
  const { bytes, offset }: Mapping = pool.map(kept, MapMode.RW);
  bytes[offset + 10] = 0;
  expect(messageOf(() => pool.unmap(kept))).not.toContain("freed");
});
