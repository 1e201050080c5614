import { describe, expect, test } from "vitest";
import { formatPlot } from "../src/output/plot.ts";
import { wrapText } from "../src/output/wrap.ts";

const axes = { x: { title: "time, s" }, y: { title: "height, m" }, columns: 40, rows: 5 };

describe("plots", () => {
  test("show a curve between labelled axes", () => {
    const curve = {
      name: "ball",
      points: [
        [0, 0],
        [10, 4],
      ] as const,
    };
    expect(formatPlot([curve], axes)).toBe(
      [
        "height, m",
        "4 ┤                                ooooo",
        "  │                       ooooooooo",
        "2 ┤              ooooooooo",
        "  │     ooooooooo",
        "0 ┤ooooo",
        "  └┬─────────────────┬─────────────────┬",
        "   0                 5                10",
        "   time, s",
        "o ball",
        "",
      ].join("\n"),
    );
  });

  test("take turns where curves coincide", () => {
    const points = [
      [0, 1],
      [10, 1],
    ] as const;
    const plot = formatPlot(
      [
        { name: "a", points },
        { name: "b", points },
      ],
      axes,
    );
    expect(plot).toMatch(/(o\+){15}/);
    expect(plot).toContain("o a  + b");
  });

  test("cut off what lies outside, and leave gaps where there is nothing", () => {
    const points = [
      [0, 1],
      [4, 1],
      [5, Number.NaN],
      [6, 1],
      [8, 100],
      [10, 1],
    ] as const;
    const lines = formatPlot([{ name: "a", points }], { ...axes, y: { title: "y", min: 0, max: 2 } }).split("\n");
    expect(lines[3]).toMatch(/┤o{15} +o+ +o+$/);
    expect(lines).toHaveLength(11);
  });

  test("join steep steps", () => {
    const points = [
      [0, 0],
      [5, 0],
      [5.5, 4],
      [10, 4],
    ] as const;
    const lines = formatPlot([{ name: "a", points }], axes).split("\n");
    for (const line of lines.slice(1, 6)) expect(line).toContain("o");
  });

  test("are never wider than asked", () => {
    for (const columns of [40, 60, 100]) {
      const curves = Array.from({ length: 12 }, (_, i) => ({
        name: `curve ${i}`,
        points: [
          [0, i],
          [100_000, 1000],
        ] as const,
      }));
      for (const line of formatPlot(curves, { ...axes, columns }).split("\n")) {
        expect(line.length).toBeLessThanOrEqual(columns);
      }
    }
  });
});

test("paragraphs are broken between words", () => {
  expect(wrapText("one two three  four", 8)).toBe("one two\nthree\nfour");
  expect(wrapText("incomprehensible words", 8)).toBe("incomprehensible\nwords");
});
