import { describe, expect, test } from "vitest";
import { BlockOperation } from "../src/history/block-operation.ts";
import { DiskNames } from "../src/history/disk-names.ts";
import { historyFormatOf } from "../src/history/formats/formats.ts";
import type { BlktraceAction, HistoryFormatName } from "../src/history/formats/history-format.ts";
import { LineCursor } from "../src/history/line-cursor.ts";

type Parsed = readonly [kind: string, disk: string, offsetBytes: number, lengthBytes: number, contentPage?: number];

/** The operations of a trace, with the lines that hold none left out. */
function parsed(text: string, { action = "Q" as BlktraceAction, format }: Options = {}): Parsed[] {
  const disks = new DiskNames();
  const operation = new BlockOperation();
  const found: Parsed[] = [];
  const cursors = text.split("\n").map(cursorOf);
  const parser = historyFormatOf(cursors[0]!, format).createParser({ pageBytes: 4096, action, disks });
  for (const cursor of cursors) {
    cursor.rewind();
    if (!parser.parse(cursor, operation)) continue;
    const { kind, diskIndex, offsetBytes, lengthBytes, contentPage } = operation;
    const row = [kind, disks.names[diskIndex] ?? "", offsetBytes, lengthBytes] as const;
    found.push(contentPage < 0 ? row : [...row, contentPage]);
  }
  return found;
}

interface Options {
  readonly action?: BlktraceAction;
  readonly format?: HistoryFormatName;
}

/** A line in the middle of other bytes, as it is in a piece of a file. */
function cursorOf(line: string): LineCursor {
  const text = new TextEncoder().encode(line);
  const bytes = new Uint8Array(text.length + 12).fill(0x31);
  bytes.set(text, 5);
  const cursor = new LineCursor();
  cursor.set(bytes, 5, 5 + text.length);
  return cursor;
}

describe("zlab-history", () => {
  const header = '{"format":"zlab-history","version":1,"pageBytes":4096}';

  test("gives operations in pages, with contents and disks", () => {
    const lines = [
      header,
      '{"op":"write","page":3}',
      '{"op":"write","page":0,"pages":8,"content":16}',
      ' {"op":"discard","page":2,"pages":3,"disk":"b"}',
      '{"op":"zero","page":1099511627775}',
      '{"op":"compact"}',
    ];
    expect(parsed(lines.join("\n"))).toEqual([
      ["write", "", 12288, 4096],
      ["write", "", 0, 32768, 16],
      ["discard", "b", 8192, 12288],
      ["zero", "", 1099511627775 * 4096, 4096],
      ["compact", "", 0, 0],
    ]);
  });

  test.each([
    ["a first line that is no header", '{"op":"write","page":3}', /no header; the first line must be \{"format"/],
    ["another version", header.replace("1", "2"), /version 2 is not known, only 1/],
    ["another page size", header.replace("4096", "16384"), /"pageBytes" is 16384, but pages have 4096 bytes/],
    ["a line that is cut off", `${header}\n{"op":"write","pa`, /not valid JSON: "\{\\"op/],
    ["an array", `${header}\n["write",3]`, /expected an object/],
    [
      "an unknown operation",
      `${header}\n{"op":"trim","page":3}`,
      /"op" must be one of write, discard, zero, compact, not "trim"/,
    ],
    ["a name of Object's", `${header}\n{"op":"constructor"}`, /"op" must be one of/],
    [
      "an unknown field",
      `${header}\n{"op":"write","page":3,"cont":1}`,
      /"cont" means nothing; "write" has the fields page, pages/,
    ],
    ["a content to discard", `${header}\n{"op":"discard","page":3,"content":1}`, /"content" means nothing/],
    ["no page", `${header}\n{"op":"write"}`, /"page" must be a whole number from 0 on, not left out/],
    ["half a page", `${header}\n{"op":"write","page":0.5}`, /"page" must be a whole number from 0 on, not 0\.5/],
    ["no pages", `${header}\n{"op":"write","page":0,"pages":0}`, /"pages" must be a whole number from 1 on, not 0/],
    ["a page beyond any disk", `${header}\n{"op":"write","page":4398046511104}`, /beyond any disk/],
    ["a disk that is no string", `${header}\n{"op":"write","page":0,"disk":7}`, /"disk" must be a string, not 7/],
  ])("refuses %s", (_, text, message) => {
    expect(() => parsed(text)).toThrow(message);
  });
});

describe("MSR-Cambridge CSV", () => {
  test("gives the writes of every disk, in bytes", () => {
    const lines = [
      "128166372003061629,hm,1,Read,383496192,32768,1331",
      "128166372016382155,hm,1,Write,310378496,512,2133",
      "128166372026382245,hm,0,Write,536870912000,4096,1",
      "128166372026382246,src1,0,write,0,65536,0",
    ];
    const writes = [
      ["write", "hm,1", 310378496, 512],
      ["write", "hm,0", 536870912000, 4096],
      ["write", "src1,0", 0, 65536],
    ];
    expect(parsed(lines.join("\n"))).toEqual(writes);
    expect(parsed(["Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime", ...lines].join("\n"))).toEqual(
      writes,
    );
  });

  test.each([
    ["another type", "1,hm,1,Trim,0,4096,1"],
    ["a column too few", "1,hm,1,Write,0,4096"],
    ["a column too many", "1,hm,1,Write,0,4096,1,"],
    ["a negative offset", "1,hm,1,Write,-4096,4096,1"],
    ["an offset that is not exact", "1,hm,1,Write,9007199254740993,4096,1"],
    ["no disk number", "1,hm,,Write,0,4096,1"],
    ["a time that is none", "x,hm,1,Write,0,4096,1"],
    ["the heading again", "Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime"],
  ])("refuses %s", (_, line) => {
    expect(() => parsed(`1,hm,1,Read,0,4096,1\n${line}`)).toThrow(
      `expected Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime with Read or Write, not ${JSON.stringify(line)}`,
    );
  });
});

describe("blkparse text", () => {
  const TRACE = `  8,0    3        1     0.000000000   697  G   W 223490 + 8 [kjournald]
  8,0    3        2     0.000001829   697  P   N [kjournald]
  8,0    3        3     0.000002197   697  Q   W 223490 + 8 [kjournald]
  8,0    3        4     0.000005000   697  Q  WS 223498 + 16 [kjournald]
  8,0    3        5     0.000006000   697  M   W 223498 + 16 [kjournald]
  8,0    3        6     0.000007000   697  U   N [kjournald] 1
  8,0    0        7     0.000008000     0  C  WS 223490 + 24 [0]
  8,0    0        8     0.000008100     0  C   W 4096 + 8 [-5]
253,16   1        1     0.000009000   701  Q  DS 1024 + 2048 [fstrim]
  8,0    1        2     0.000010000   701  Q FWFSM 0 + 8 [jbd2/sda1 8]
  8,0    1        3     0.000011000   701  Q FWS [jbd2/sda1-8]
  8,0    1        4     0.000012000   701  Q RAM 64 + 8 [cat]
  8,0    1        5     0.000013000   701  Q WZS 128 + 8 [mkfs]
  8,0    1        6     0.000014000   701  Q DE 256 + 8 [blkdiscard]
  8,0    1        7     0.000015000   701  Q  FN [sync]
  8,0    1        0     0.000016000     0  m   N served: vt=0
CPU0 (sda):
 Reads Queued:           1,        4KiB	 Writes Queued:           2,       12KiB
 IO unplugs:             1        	 Timer unplugs:           0
Total (sda):
 Reads Queued:           1,        4KiB

Throughput (R/W): 0KiB/s / 100KiB/s
Events (sda): 17 entries
Skips: 0 forward (0 -   0.0%)`;

  test("gives each request once, as it was queued", () => {
    expect(parsed(TRACE)).toEqual([
      ["write", "8,0", 223490 * 512, 4096],
      ["write", "8,0", 223498 * 512, 8192],
      ["discard", "253,16", 524288, 1048576],
      ["write", "8,0", 0, 4096],
      ["zero", "8,0", 65536, 4096],
    ]);
  });

  test("or as it was completed, without what failed", () => {
    expect(parsed(TRACE, { action: "C" })).toEqual([["write", "8,0", 223490 * 512, 12288]]);
  });

  test("goes on with events behind a summary: traces may be put together", () => {
    expect(parsed(`${TRACE}\n${TRACE}`)).toHaveLength(10);
  });

  test.each([
    ["an event that is cut off", "  8,0    3        4     0.0000"],
    ["a sector that is none", "  8,0    3        4     0.000005000   697  Q  WS x + 16 [kjournald]"],
    ["a count that is none", "  8,0    3        4     0.000005000   697  Q  WS 16 + [kjournald]"],
    ["flags that are none", "  8,0    3        4     0.000005000   697  Q  w- 16 + 8 [kjournald]"],
    ["a sector beyond any disk", "  8,0    3        4     0.000005000   697  Q  WS 9007199254740991 + 8"],
    ["a line of something else", "hello, world"],
  ])("refuses %s", (_, line) => {
    expect(() => parsed(`${TRACE.split("\n")[0]}\n${line}`)).toThrow(
      `neither an event of blkparse's default format nor its summary: ${JSON.stringify(line)}`,
    );
  });
});

describe("the format", () => {
  test("that is forced decides", () => {
    expect(() => parsed("1,hm,1,Read,0,4096,1", { format: "blkparse" })).toThrow("neither an event of blkparse");
  });

  test("is refused if no line of the formats begins the trace", () => {
    expect(() => parsed("time op size")).toThrow(
      'neither zlab-history, MSR-Cambridge CSV nor blkparse text: "time op size"; give a trace, or --history-format',
    );
  });
});
