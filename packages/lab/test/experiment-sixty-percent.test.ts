import { describe, expect, test } from "vitest";
import { type SixtyPercentData, sixtyPercent } from "../src/experiments/sixty-percent.ts";

const data = sixtyPercent.run({ seed: 1, scale: 0.5, progress: () => {} });

function costsOf(backend: string): (number | null)[] {
  return [...data.backends.find((candidate) => candidate.backend === backend)!.bytesPerByte];
}

const costAt = (backend: string, bytes: number): number => costsOf(backend)[data.sizesBytes.indexOf(bytes)]!;

describe("sixty-percent", () => {
  test.each(["kmalloc", "xvmalloc"])(
    "shows the plateau of %s: a page for every object above half a page",
    (backend) => {
      for (const bytes of data.sizesBytes) {
        if (bytes <= 2048 || bytes > 4088) continue;
        expect(costAt(backend, bytes)).toBe(4096 / bytes);
      }
      expect(costAt(backend, 2040)).toBeLessThan(1.01);
    },
  );

  test("gives zsmalloc the exact cost of its classes", () => {
    for (const { pages, objects, maxRequestBytes, minRequestBytes } of data.zsmallocClasses) {
      for (const bytes of data.sizesBytes) {
        if (bytes < minRequestBytes || bytes > maxRequestBytes) continue;
        expect(costAt("zsmalloc", bytes)).toBe((pages * 4096) / (objects * bytes));
      }
    }
    expect(data.zsmallocClasses.map(({ sizeBytes }) => sizeBytes)).toContain(2720);
    expect(data.zsmallocClasses.find(({ sizeBytes }) => sizeBytes === 2720)).toMatchObject({
      pages: 2,
      objects: 3,
      spanningSlots: 1,
    });
  });

  test("knows from which size on an object takes a page", () => {
    const from = Object.fromEntries(
      data.backends.map(({ backend, pageEachFromBytes }) => [backend, pageEachFromBytes]),
    );
    // zbud: 2 x 31 chunks of 64 bytes beside the header; zsmalloc: huge_class_size 3625, rounded up to the step.
    expect(from).toMatchObject({ zbud: 1992, z3fold: 1992, kmalloc: 2056, xvmalloc: 2048, zsmalloc: 3632 });
  });

  test("leaves sizes out that a backend refuses", () => {
    expect(costsOf("zbud").at(-1)).toBeNull();
    expect(costsOf("xvmalloc").at(-1)).toBeNull();
    expect(costsOf("zsmalloc").at(-1)).toBe(1);
  });

  test("concludes from the data", () => {
    const sentence = sixtyPercent.conclude(data);
    expect(sentence).toMatch(/cost 1\.03 bytes .* in zsmalloc, 1\.67 in kmalloc and 1\.67 in xvmalloc/);
    expect(sentence).toContain("kmalloc (from 2056)");
    expect(sentence).toContain("zsmalloc wastes least");
    const changed: SixtyPercentData = {
      ...data,
      backends: data.backends.map((backend) =>
        backend.backend === "kmalloc"
          ? {
              ...backend,
              pageEachFromBytes: 3000,
              atSixtyPercent: { ...backend.atSixtyPercent!, bytesPerByte: 1.01 },
              bytesPerByte: backend.bytesPerByte.map(() => 1),
            }
          : backend,
      ),
    };
    expect(sixtyPercent.conclude(changed)).toMatch(/1\.01 in kmalloc/);
    expect(sixtyPercent.conclude(changed)).not.toContain("kmalloc (from");
    expect(sixtyPercent.conclude(changed)).toContain("kmalloc wastes least");
  });

  test("says the same for the same seed", () => {
    const view = { paint: { bold: String, dim: String, good: String, bad: String }, columns: 80 };
    const again = sixtyPercent.run({ seed: 1, scale: 0.5, progress: () => {} });
    expect(JSON.stringify(again)).toBe(JSON.stringify(data));
    expect(sixtyPercent.render(again, view)).toBe(sixtyPercent.render(data, view));
  });
});
