import { describe, expect, test } from "vitest";
import {
  EBUSY,
  EINVAL,
  ENOMEM,
  ENOSPC,
  GFP_ATOMIC,
  KERNEL_LOG_LINES,
  KernelLog,
  MachineError,
  PageState,
  PageTable,
  type Pfn,
  Prng,
  ZlabError,
  errnoName,
  gfpNames,
  isErrno,
} from "../src/index.ts";

describe("error numbers", () => {
  test("have the kernel's values and names", () => {
    expect([ENOMEM, EBUSY, EINVAL, ENOSPC]).toEqual([-12, -16, -22, -28]);
    expect([ENOMEM, EBUSY, EINVAL, ENOSPC, -5].map(errnoName)).toEqual([
      "ENOMEM",
      "EBUSY",
      "EINVAL",
      "ENOSPC",
      "errno -5",
    ]);
    expect([isErrno(-1), isErrno(0), isErrno(7)]).toEqual([true, false, false]);
  });
});

describe("ZlabError.is", () => {
  test("knows zlab's own by their code", () => {
    const error = new MachineError("ZLAB_ORDER", "x");
    expect([
      error.name,
      ZlabError.is(error),
      ZlabError.is(error, "ZLAB_ORDER"),
      ZlabError.is(error, "ZLAB_GFP"),
    ]).toEqual(["MachineError", true, true, false]);
    const foreign = Object.assign(new Error("x"), { code: "ENOENT" });
    expect([ZlabError.is(foreign), ZlabError.is(new Error("x")), ZlabError.is("ZLAB_ORDER")]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe("gfpNames", () => {
  test("spells the flags out", () => {
    expect([gfpNames(0), gfpNames(GFP_ATOMIC)]).toEqual(["0", "__GFP_HIGH|__GFP_KSWAPD_RECLAIM"]);
  });
});

describe("Prng", () => {
  test("is repeatable, stays in its bounds and reaches all of them", () => {
    const [a, b] = [new Prng(5), new Prng(5)];
    expect(Array.from({ length: 20 }, () => a.next())).toEqual(Array.from({ length: 20 }, () => b.next()));
    const seen = new Set(Array.from({ length: 300 }, () => a.below(6)));
    expect(seen).toEqual(new Set([0, 1, 2, 3, 4, 5]));
    expect(a.below(1)).toBe(0);
  });

  test("every seed gives a sequence that moves, 0 too", () => {
    for (const seed of [0, 1, -1, 2 ** 32]) {
      const prng = new Prng(seed);
      expect(new Set([prng.next(), prng.next(), prng.next()]).size).toBe(3);
    }
  });
});

describe("KernelLog", () => {
  test("keeps the last lines", () => {
    const log = new KernelLog(false);
    for (let i = 0; i < KERNEL_LOG_LINES + 3; i++) log.print(`line ${i}`);
    expect([log.lines.length, log.lines[0], log.droppedLines]).toEqual([KERNEL_LOG_LINES, "line 3", 3]);
  });

  test("a report that panics is logged whole before", () => {
    const log = new KernelLog(true);
    log.print("harmless");
    expect(() => log.report("BUG: x", "detail")).toThrow(expect.objectContaining({ code: "ZLAB_KERNEL_PANIC" }));
    expect(log.lines).toEqual(["harmless", "BUG: x", "detail"]);
  });
});

describe("PageTable", () => {
  test("keeps the fields of a descriptor apart", () => {
    const pages = new PageTable(1030);
    const pfn = 1029 as Pfn;
    pages.setState(pfn, PageState.allocatedHead, 0);
    pages.setOwner(pfn, 0xffff);
    pages.setPrivate(pfn, 2 ** 31 - 1);
    pages.setIndex(pfn, -7);
    expect([
      pages.stateOf(pfn),
      pages.orderOf(pfn),
      pages.ownerOf(pfn),
      pages.privateOf(pfn),
      pages.indexOf(pfn),
    ]).toEqual([PageState.allocatedHead, 0, 0xffff, 2 ** 31 - 1, -7]);
    expect(pages.ownerOf(1028)).toBe(0);
  });

  test("headOf finds the block of a page, or none", () => {
    const pages = new PageTable(4096);
    pages.setState(1024, PageState.allocatedHead, 3);
    pages.setState(1032, PageState.freeHead, 0);
    expect([1024, 1031, 1032, 1033, 2048].map((pfn) => pages.headOf(pfn))).toEqual([1024, 1024, 1032, -1, -1]);
  });
});
