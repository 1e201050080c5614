// What a hardened pool finds, when, and how it tells it.

import { ENOMEM, GFP_KERNEL, Machine, isErrno } from "@zlab/hw-sim";
import {
  type Handle,
  HardenedError,
  HardenedPool,
  MapMode,
  type PoolOptions,
  type ZpoolBackend,
  ZpoolRegistry,
} from "@zlab/zpool";
import { ReferenceDriver, conformanceMachine } from "@zlab/zpool/testing";
import { describe, expect, test } from "vitest";
import { SlabDriver } from "./slab-driver.ts";

function hardenedPool(options: PoolOptions = {}, machine = new Machine(conformanceMachine())): HardenedPool {
  const registry = new ZpoolRegistry(machine, [new ReferenceDriver()]);
  return registry.create("reference", "p", { hardened: true, ...options }).backend as HardenedPool;
}

function malloc(pool: ZpoolBackend, bytes: number): Handle {
  const handle = pool.malloc(bytes, GFP_KERNEL);
  if (isErrno(handle)) throw new Error("no memory");
  return handle;
}

function store(pool: ZpoolBackend, bytes: number, value: number): Handle {
  const handle = malloc(pool, bytes);
  pool.write(handle, new Uint8Array(bytes).fill(value), 0, bytes);
  return handle;
}

function bytesOf(pool: ZpoolBackend, handle: Handle, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  pool.read(handle, bytes, 0, length);
  return bytes;
}

/** The misuse that `action` reports. */
function report(action: () => unknown): HardenedError {
  try {
    action();
  } catch (error) {
    if (error instanceof HardenedError) return error;
    throw error;
  }
  throw new Error("nothing was found");
}

describe("an overrun", () => {
  test("by one byte is told by unmap, which ends the mapping and keeps the object", () => {
    const pool = hardenedPool();
    const handle = store(pool, 100, 1);
    const { bytes, offset, length } = pool.map(handle, MapMode.RW);
    expect(length).toBe(100);
    bytes.fill(0x41, offset, offset + 101);
    const error = report(() => pool.unmap(handle));
    expect(error).toMatchObject({ code: "ZLAB_OVERRUN", misuse: "overrun" });
    expect(error.message).toBe(
      'reference pool "p": object 1 (100 bytes) was overrun: byte 100 is 0x41 instead of 0xbb; ' +
        "allocated by operation 1, last written by 2, mapped RW by 3, unmapped by 4",
    );
    expect(bytesOf(pool, handle, 100)).toEqual(new Uint8Array(100).fill(0x41));
    pool.check(3);
  });

  test.each([1, 7, 8, 4095, 4096])("of an object of %i bytes", (size) => {
    const pool = hardenedPool();
    const handle = malloc(pool, size);
    const { bytes, offset, length } = pool.map(handle, MapMode.WO);
    bytes[offset + length] = 0;
    expect(report(() => pool.unmap(handle)).message).toContain(`byte ${size} is 0x00`);
  });

  test("below the start is an underrun", () => {
    const pool = hardenedPool();
    const handle = malloc(pool, 10);
    const { bytes, offset } = pool.map(handle, MapMode.RO);
    bytes[offset - 1] = 0x41;
    expect(report(() => pool.unmap(handle))).toMatchObject({ code: "ZLAB_UNDERRUN", misuse: "underrun" });
  });

  test("is told by any operation in between, once", () => {
    const pool = hardenedPool();
    const handle = malloc(pool, 10);
    const { bytes, offset } = pool.map(handle, MapMode.RW);
    bytes[offset + 10] = 0;
    expect(report(() => pool.malloc(5, GFP_KERNEL)).misuse).toBe("overrun");
    expect(pool.stats().objects).toBe(1);
    pool.unmap(handle);
    pool.check(3);
  });

  test("by a copy is refused", () => {
    const pool = hardenedPool();
    const handle = store(pool, 10, 1);
    const error = report(() => pool.write(handle, new Uint8Array(11), 0, 11));
    expect(error).toMatchObject({ code: "ZLAB_RANGE", misuse: "overrun" });
    expect(bytesOf(pool, handle, 10)).toEqual(new Uint8Array(10).fill(1));
  });
});

describe("a write after unmap", () => {
  test("is told by the next operation, which is not performed; the object is whole", () => {
    const pool = hardenedPool();
    const handle = store(pool, 100, 1);
    const mapping = pool.map(handle, MapMode.RW);
    pool.unmap(handle);
    const other = store(pool, 100, 2);
    mapping.bytes[mapping.offset + 7] = 0x41;
    const error = report(() => pool.free(other));
    expect(error).toMatchObject({ code: "ZLAB_WRITE_AFTER_UNMAP", misuse: "write-after-unmap" });
    expect(error.message).toContain("through the RW mapping made by operation 3: byte 7 is 0x41 instead of 0x6b");
    expect(error.history).toMatchObject({ handle, object: 1, bytes: 100, allocatedBy: 1, mappedBy: 3, unmappedBy: 4 });
    pool.free(other);
    expect(bytesOf(pool, handle, 100)).toEqual(new Uint8Array(100).fill(1));
  });

  /** Writes through a mapping after which `later` others were made and ended. */
  function writeLate(pool: HardenedPool, later: number): void {
    const handle = store(pool, 4096, 1);
    const { bytes } = pool.map(handle, MapMode.RO);
    for (let round = 0; round < later; round++) {
      pool.unmap(handle);
      pool.map(handle, MapMode.RO);
    }
    pool.unmap(handle);
    bytes[0]! ^= 1;
  }

  test("through the last 4 mappings is found by any operation", () => {
    const pool = hardenedPool();
    writeLate(pool, 3);
    expect(report(() => pool.totalPages()).misuse).toBe("write-after-unmap");
    pool.check(3);
  });

  test("through the last 16 mappings is found by a check, at the latest 12 operations later", () => {
    const pool = hardenedPool();
    writeLate(pool, 15);
    expect(report(() => pool.check(1)).misuse).toBe("write-after-unmap");
    writeLate(pool, 15);
    expect(() => Array.from({ length: 12 }, () => pool.totalPages())).toThrow(HardenedError);
    writeLate(pool, 15);
    expect(report(() => pool.destroy()).misuse).toBe("write-after-unmap");
  });

  test("through a mapping that is kept no longer is told by the unmap that takes its place", () => {
    const pool = hardenedPool({ keptMappings: 6 });
    const handle = store(pool, 10, 1);
    const mappings = Array.from({ length: 6 }, () => {
      const mapping = pool.map(handle, MapMode.RO);
      pool.unmap(handle);
      return mapping;
    });
    pool.map(handle, MapMode.RO);
    mappings[0]!.bytes[0] = 0; // the unmap looks at the second before it makes room
    const error = report(() => pool.unmap(handle));
    expect(error.message).toContain("made by operation 3: byte -64 is 0x00");
    pool.check(3);
  });
});

describe("a write after free", () => {
  test("through a mapping that was kept", () => {
    const pool = hardenedPool();
    const handle = store(pool, 10, 1);
    const { bytes, offset } = pool.map(handle, MapMode.RW);
    pool.unmap(handle);
    pool.free(handle);
    malloc(pool, 10);
    bytes[offset] = 0;
    const error = report(() => pool.check(1));
    expect(error).toMatchObject({ code: "ZLAB_WRITE_AFTER_FREE", misuse: "write-after-free" });
    expect(error.history).toMatchObject({ handle, freedBy: 5 });
  });

  test("to the memory where the object was, before the next operation; its page is given back all the same", () => {
    const pool = hardenedPool();
    malloc(pool, 10);
    const handle = malloc(pool, 3000);
    const { bytes, offset } = pool.plain.map(2 as Handle, MapMode.RO);
    pool.plain.unmap(2 as Handle);
    pool.free(handle);
    bytes[offset + 2999] = 0;
    const error = report(() => pool.stats());
    expect(error).toMatchObject({ code: "ZLAB_WRITE_AFTER_FREE", misuse: "write-after-free" });
    expect(error.message).toContain("byte 2999 is 0x00 instead of 0x6b");
    expect(pool.stats()).toMatchObject({ objects: 1, frees: 1 });
    pool.check(3);
  });

  test("to an object in quarantine, by a check and when it leaves", () => {
    for (const leaves of [false, true]) {
      const pool = hardenedPool({ quarantineObjects: leaves ? 2 : 3 });
      const handle = malloc(pool, 10);
      const { bytes, offset } = pool.plain.map(1 as Handle, MapMode.RO);
      pool.plain.unmap(1 as Handle);
      pool.free(handle);
      pool.check(3);
      bytes[offset] = 0;
      const others = [malloc(pool, 10), malloc(pool, 10)];
      for (const other of others) pool.free(other);
      const error = report(() => (leaves ? malloc(pool, 10) : pool.check(2)));
      expect(error.history).toMatchObject({ handle });
    }
  });

  test("to the memory of a later object is a stray write", () => {
    const pool = hardenedPool();
    const handle = store(pool, 10, 1);
    const { bytes, offset } = pool.plain.map(1 as Handle, MapMode.RO);
    pool.plain.unmap(1 as Handle);
    bytes[offset + 9] = 2;
    const error = report(() => pool.map(handle, MapMode.RO));
    expect(error).toMatchObject({ code: "ZLAB_STRAY_WRITE", misuse: "stray-write" });
    pool.map(handle, MapMode.RO);
    pool.unmap(handle);
    bytes[offset] = 7;
    expect(report(() => pool.check(2)).misuse).toBe("stray-write");
  });
});

describe("handles", () => {
  test("a double free is told with the first", () => {
    const pool = hardenedPool();
    const handle = malloc(pool, 10);
    pool.free(handle);
    const error = report(() => pool.free(handle));
    expect(error).toMatchObject({ code: "ZLAB_BAD_HANDLE", misuse: "double-free" });
    expect(error.message).toBe(
      `reference pool "p": object 1 (10 bytes) was freed twice (handle ${handle}); allocated by operation 1, freed by 2`,
    );
  });

  test("a stale one is refused by every call, however often its cell was used again", () => {
    const pool = hardenedPool();
    const handle = malloc(pool, 10);
    pool.free(handle);
    for (let round = 0; round < 2000; round++) pool.free(malloc(pool, 10));
    const live = malloc(pool, 10);
    const calls = [
      () => pool.read(handle, new Uint8Array(1), 0, 1),
      () => pool.write(handle, new Uint8Array(1), 0, 1),
      () => pool.map(handle, MapMode.RW),
      () => pool.unmap(handle),
    ];
    for (const call of calls) {
      const error = report(call);
      expect(error).toMatchObject({ code: "ZLAB_BAD_HANDLE", misuse: "stale-handle", history: undefined });
      expect(error.message).toContain("freed too long ago");
    }
    expect(report(() => pool.free(handle)).misuse).toBe("double-free");
    pool.free(live);
  });

  test("of another pool of the machine name nothing", () => {
    const machine = new Machine(conformanceMachine());
    const [first, second] = [hardenedPool({}, machine), hardenedPool({}, machine)];
    const handle = malloc(first, 10);
    malloc(second, 10);
    expect(() => second.free(handle)).toThrow("comes from elsewhere");
  });

  test("call stacks are told if they are recorded", () => {
    const pool = hardenedPool({ recordStacks: true });
    const handle = malloc(pool, 10);
    pool.free(handle);
    const error = report(() => pool.free(handle));
    expect(error.history?.allocatedAt).toContain("hardened.test");
    expect(error.message).toMatch(/\n {2}allocated\n.*hardened\.test[^]*\n {2}freed\n.*hardened\.test/);
    expect(error.message).not.toContain("hardened-pool.ts");
  });
});

describe("mappings", () => {
  test("WO shows no old bytes; what is written stays", () => {
    const pool = hardenedPool();
    const handle = store(pool, 4, 1);
    const { bytes, offset } = pool.map(handle, MapMode.WO);
    expect([...bytes.subarray(offset, offset + 4)]).toEqual([0x5a, 0x5a, 0x5a, 0x5a]);
    bytes[offset] = 9;
    pool.unmap(handle);
    expect([...bytesOf(pool, handle, 4)]).toEqual([9, 0x5a, 0x5a, 0x5a]);
  });

  test("a write through RO is lost, and told if that is asked for", () => {
    for (const strictReadOnly of [false, true]) {
      const pool = hardenedPool({ strictReadOnly });
      const handle = store(pool, 4, 1);
      const { bytes, offset } = pool.map(handle, MapMode.RO);
      bytes[offset + 3] = 2;
      if (strictReadOnly) expect(report(() => pool.unmap(handle)).code).toBe("ZLAB_READ_ONLY_WRITE");
      else pool.unmap(handle);
      expect([...bytesOf(pool, handle, 4)]).toEqual([1, 1, 1, 1]);
    }
  });

  test("of one object on two CPUs: the last to end decides, and nothing is reported", () => {
    const machine = new Machine(conformanceMachine());
    const pool = hardenedPool({}, machine);
    const handle = store(pool, 4, 1);
    const mine = pool.map(handle, MapMode.RW);
    const theirs = machine.cpus.runOn(1, () => pool.map(handle, MapMode.RW));
    theirs.bytes[theirs.offset] = 2;
    machine.cpus.runOn(1, () => pool.unmap(handle));
    mine.bytes[mine.offset + 1] = 3;
    pool.unmap(handle);
    expect([...bytesOf(pool, handle, 4)]).toEqual([1, 3, 1, 1]);
    pool.check(3);
  });
});

test("without memory a quarantine is given back before malloc fails", () => {
  const machine = new Machine(conformanceMachine());
  const pool = hardenedPool({ quarantineObjects: 1000 }, machine);
  const handles: Handle[] = [];
  for (let handle = pool.malloc(4096, GFP_KERNEL); !isErrno(handle); handle = pool.malloc(4096, GFP_KERNEL)) {
    handles.push(handle);
  }
  pool.free(handles[0]!);
  pool.free(handles[1]!);
  const failures = pool.stats().failures;
  malloc(pool, 4096);
  malloc(pool, 4096);
  expect(pool.malloc(4096, GFP_KERNEL)).toBe(ENOMEM);
  expect(pool.stats()).toMatchObject({ failures: failures + 1, objects: handles.length });
  expect(pool.capabilities.looseFit).toBe(true);
  expect(hardenedPool().capabilities.looseFit).toBeUndefined();
  pool.check(3);
});

test("destroy tells what it finds, and destroys the pool at the second call", () => {
  const machine = new Machine(conformanceMachine());
  const free = machine.freePageCount();
  const pool = hardenedPool({}, machine);
  const handle = store(pool, 10, 1);
  const { bytes, offset } = pool.map(handle, MapMode.RO);
  pool.unmap(handle);
  bytes[offset] = 7;
  expect(report(() => pool.destroy()).misuse).toBe("write-after-unmap");
  expect(pool.destroy()).toBe(1);
  expect(machine.freePageCount()).toBe(free);
});

test("on a machine without bytes handles and copies are watched", () => {
  const machine = new Machine({ ...conformanceMachine(), backing: "size-only" });
  const pool = hardenedPool({}, machine);
  const handle = malloc(pool, 10);
  const mapping = pool.map(handle, MapMode.RW);
  expect(mapping.bytes).toHaveLength(0);
  pool.unmap(handle);
  pool.write(handle, new Uint8Array(10), 0, 10);
  expect(report(() => pool.read(handle, new Uint8Array(11), 0, 11)).misuse).toBe("overrun");
  pool.free(handle);
  expect(report(() => pool.free(handle)).misuse).toBe("double-free");
  pool.check(3);
  expect(pool.destroy()).toBe(0);
});

describe("the registry", () => {
  test("makes the driver's own pool unless a hardened one is asked for", () => {
    const registry = new ZpoolRegistry(new Machine(conformanceMachine()), [new ReferenceDriver()]);
    for (const options of [undefined, {}, { hardened: false }]) {
      expect(registry.create("reference", "p", options).backend).not.toBeInstanceOf(HardenedPool);
    }
    expect(registry.create("reference", "p", { hardened: true }).backend).toBeInstanceOf(HardenedPool);
  });

  test.each([
    [{ hardened: "yes" }, /hardened must be true or false, not yes/],
    [{ hardened: true, keptMappings: 0 }, /keptMappings must be an integer from 1 to 4096, not 0/],
    [{ hardened: true, quarantineObjects: 0.5 }, /quarantineObjects must be an integer from 0 to 65536, not 0.5/],
    [{ hardened: true, recordStacks: 1 }, /recordStacks must be true or false, not 1/],
    [{ hardened: true, other: 1 }, /no option "other"/],
    [{ keptMappings: 16 }, /no option "keptMappings"/],
  ])("refuses %j", (options, message) => {
    const registry = new ZpoolRegistry(new Machine(conformanceMachine()), [new ReferenceDriver()]);
    const refused = expect.objectContaining({ code: "ZLAB_POOL_OPTIONS", message: expect.stringMatching(message) });
    expect(() => registry.create("reference", "p", options)).toThrow(refused as Error);
    registry.unregister("reference");
  });

  test("a pool in use can be exchanged for a hardened one, and back", () => {
    const registry = new ZpoolRegistry(new Machine(conformanceMachine()), [new ReferenceDriver(), new SlabDriver()]);
    const pool = registry.create("reference", "p");
    let handle = store(pool, 10, 5);
    for (const options of [{ hardened: true }, {}]) {
      handle = pool.switchTo("slab-test", [{ handle, bytes: 10 }], GFP_KERNEL, options).get(handle)!;
      expect(bytesOf(pool, handle, 10)).toEqual(new Uint8Array(10).fill(5));
      expect(pool.backend instanceof HardenedPool).toBe(options.hardened === true);
    }
  });
});
