// The hand-written scanner of plain lines against JSON.parse.

import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_FIELDS } from "../src/replay/trace-line.ts";
import { TraceReader } from "../src/replay/trace-reader.ts";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);

interface Taken {
  readonly kind: string;
  readonly fields: readonly unknown[];
}

/** What the reader makes of a line: kind and fields, "error", or "end". */
function takeApart(bytes: Uint8Array): (Taken | "error")[] {
  const reader = new TraceReader(bytes);
  const taken: (Taken | "error")[] = [];
  for (;;) {
    try {
      if (!reader.next()) return taken;
    } catch {
      taken.push("error");
      continue;
    }
    const { line } = reader;
    const fields = Array.from({ length: line.count }, (_, i) => {
      if (i >= MAX_FIELDS) return line.valueAt(i);
      if (((line.letters >> i) & 1) === 1) return String.fromCharCode(line.at(i));
      return ((line.others >> i) & 1) === 1 ? line.valueAt(i) : line.at(i);
    });
    taken.push({ kind: line.kindName, fields });
  }
}

/** The same by JSON.parse alone. */
function reference(text: string): Taken | "error" {
  try {
    const [kind, ...fields] = JSON.parse(text.endsWith("\r") ? text.slice(0, -1) : text) as [string, ...unknown[]];
    return typeof kind === "string" && /^[a-z]$/.test(kind) ? { kind, fields } : "error";
  } catch {
    return "error";
  }
}

const letter = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz".split(""));
const integer = fc.oneof(
  fc.nat(300),
  fc.maxSafeInteger(),
  fc.integer(),
  fc.constantFrom(0, -1, 4294967295, 2 ** 53 - 1),
);
const oddValue = fc.oneof(
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.string(),
  fc.array(fc.nat()),
  fc.dictionary(fc.string(), fc.nat()),
);
const plainLine = fc
  .tuple(letter, fc.array(fc.oneof({ weight: 6, arbitrary: integer }, letter), { maxLength: MAX_FIELDS + 2 }))
  .map(([kind, fields]) => JSON.stringify([kind, ...fields]));
const oddLine = fc
  .tuple(fc.oneof(letter, oddValue), fc.array(fc.oneof(integer, letter, oddValue), { maxLength: 6 }))
  .map(([kind, fields]) => JSON.stringify([kind, ...fields]));
/** Single characters that matter to JSON, put in at a place. */
const damage = fc.tuple(
  fc.nat(),
  fc.constantFrom(...'0123456789-+.eE,[]{}" \t\rxné'.split(""), "00", "1e3", "-0", ""),
  fc.nat(3),
);

const damagedLine = fc.tuple(fc.oneof(plainLine, oddLine), fc.array(damage, { maxLength: 3 })).map(([line, damages]) =>
  damages.reduce((text, [place, inserted, removedCount]) => {
    const at = place % (text.length + 1);
    return text.slice(0, at) + inserted + text.slice(at + removedCount);
  }, line),
);

test("lines are taken apart as JSON.parse would", () => {
  const lines = fc.array(fc.oneof(plainLine, oddLine, damagedLine), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(lines, fc.constantFrom("\n", "\r\n"), fc.boolean(), (texts, newline, newlineAtEnd) => {
      const last = texts.at(-1)!;
      fc.pre(newlineAtEnd || last !== "");
      const bytes = Buffer.from(texts.join(newline) + (newlineAtEnd ? newline : ""));
      expect(takeApart(bytes)).toEqual(texts.map(reference));
    }),
    { seed, numRuns: 3000 },
  );
});

test.each([
  ['["a",0,15,1]', [0, 15, 1]],
  ['["a"]', []],
  ['["e",4294967295,-28,6]', [4294967295, -28, 6]],
  ['["w",603,"c",2792,7]', [603, "c", 2792, 7]],
  ['["a",999999999999999,9007199254740991]', [999999999999999, 9007199254740991]],
  ['["a", 1,2]', [1, 2]],
  ['["a",1.0,1e2,12E-1]', [1, 100, 1.2]],
  ['["a",-0]', [-0]],
  ['["f",1,2,[[3,4]]]', [1, 2, [[3, 4]]]],
  ['["s",1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]],
  ['["s",1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]],
])("%s", (text, fields) => {
  expect(takeApart(Buffer.from(text))).toEqual([{ kind: text[2], fields }]);
});

test.each(['["a",01]', '["a",-]', '["a",1,]', '["a" 1]', '["a",1', '["a",1]x', '["a",1]]', '["a",--1]', "", "{}", "7"])(
  "%s is refused",
  (text) => {
    expect(takeApart(Buffer.from(`${text}\n`))).toEqual(["error"]);
  },
);

test("the end of a subarray is the end of the trace", () => {
  const bytes = Buffer.from('["f",12,3]45]\n');
  expect(takeApart(bytes.subarray(0, 10))).toEqual([{ kind: "f", fields: [12, 3] }]);
  expect(takeApart(bytes.subarray(0, 9))).toEqual(["error"]);
});
