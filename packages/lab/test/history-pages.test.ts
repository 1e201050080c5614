import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NO_SLOT, PageNumbers } from "../src/history/page-numbers.ts";
import { coveredPages, touchedPages } from "../src/history/page-range.ts";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);

/** Numbers of the pages of a range. */
const pagesOf = ({ first, end }: { first: number; end: number }): number[] =>
  Array.from({ length: end - first }, (_, i) => first + i);

describe("ranges of bytes", () => {
  test("are split as the bytes of a disk tell", () => {
    const pageBytes = 8;
    fc.assert(
      fc.property(fc.nat(60), fc.nat(40), (offset, length) => {
        const pages = Array.from({ length: 16 }, (_, page) => {
          const covered = Array.from({ length: pageBytes }, (__, i) => page * pageBytes + i).filter(
            (byte) => byte >= offset && byte < offset + length,
          );
          return { page, coveredBytes: covered.length };
        });
        const touched = pages.filter(({ coveredBytes }) => coveredBytes > 0).map(({ page }) => page);
        const covered = pages.filter(({ coveredBytes }) => coveredBytes === pageBytes).map(({ page }) => page);
        expect(pagesOf(touchedPages(offset, length, pageBytes))).toEqual(touched);
        expect(pagesOf(coveredPages(offset, length, pageBytes))).toEqual(covered);
      }),
      { seed },
    );
  });

  test("are exact far out on a disk", () => {
    const offset = 2 ** 52;
    expect(touchedPages(offset + 4095, 2, 4096)).toEqual({ first: 2 ** 40, end: 2 ** 40 + 2 });
    expect(coveredPages(offset - 1, 4098, 4096)).toEqual({ first: 2 ** 40, end: 2 ** 40 + 1 });
  });
});

describe("numbers of pages", () => {
  const page = fc.oneof(fc.nat(300), fc.integer({ min: 2 ** 33, max: 2 ** 33 + 300 }), fc.constant(2 ** 40 - 1));

  test("are given densely, and found again", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(3), page), { maxLength: 400 }),
        fc.nat(3),
        page,
        fc.nat(2000),
        (adds, disk, first, n) => {
          const numbers = new PageNumbers();
          const model = new Map<string, number>();
          for (const [d, p] of adds) {
            if (!model.has(`${d} ${p}`)) model.set(`${d} ${p}`, model.size);
            expect(numbers.add(d, p)).toBe(model.get(`${d} ${p}`));
          }
          expect(numbers.count).toBe(model.size);
          for (const [d, p] of adds) expect(numbers.find(3 - d, p)).toBe(model.get(`${3 - d} ${p}`) ?? NO_SLOT);
          const inRange = adds.filter(([d, p]) => d === disk && p >= first && p < first + n).map(([, p]) => p);
          const expected = [...new Set(inRange)].toSorted((a, b) => a - b).map((p) => model.get(`${disk} ${p}`));
          expect(numbers.findRange(disk, first, first + n)).toEqual(expected);
        },
      ),
      { seed },
    );
  });

  test("hold while the table grows", () => {
    const numbers = new PageNumbers();
    const all = Array.from({ length: 20_000 }, (_, i) => i);
    expect(all.map((i) => numbers.add(i % 3, i * 1009))).toEqual(all);
    expect(all.map((i) => numbers.find(i % 3, i * 1009))).toEqual(all);
    expect(numbers.findRange(0, 0, 2 ** 40)).toEqual(Array.from({ length: 6667 }, (_, i) => 3 * i));
  });

  test("come in the order of the pages, whether they are looked up or looked through", () => {
    const numbers = new PageNumbers();
    for (const n of [9, 3, 7]) numbers.add(0, n);
    expect(numbers.findRange(0, 7, 10)).toEqual([2, 0]);
    expect(numbers.findRange(0, 0, 2 ** 39)).toEqual([1, 2, 0]);
  });

  test("have limits", () => {
    const numbers = new PageNumbers();
    expect(() => numbers.add(4096, 0)).toThrow("more than 4096 disks");
    expect(() => numbers.add(0, 2 ** 40)).toThrow("beyond the largest disk");
    expect([numbers.find(4096, 0), numbers.find(0, 2 ** 40)]).toEqual([NO_SLOT, NO_SLOT]);
  });
});
