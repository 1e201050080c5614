// The language of the zram campaign: what is done to a device, as data, so that any command can be left out.

import type { Prng } from "@zlab/hw-sim";
import { oneOf } from "./configurations.ts";

/** Different pages that there are to write; see `zram-pages.ts`. */
export const CONTENT_COUNT = 64;

export type ZramCommand =
  /** Writes pages from `index` on, with these contents, in one request. */
  | { readonly do: "write"; readonly index: number; readonly contents: readonly number[] }
  /** Writes the 4 KiB block number `block` of a page with that part of a content. */
  | { readonly do: "write-part"; readonly index: number; readonly block: number; readonly content: number }
  | { readonly do: "read"; readonly index: number }
  | { readonly do: "discard"; readonly index: number; readonly count: number }
  | { readonly do: "slot-free"; readonly index: number }
  | { readonly do: "attribute"; readonly name: string; readonly text: string }
  /** The next so many requests to the backing device fail. */
  | { readonly do: "fail-backing"; readonly count: number }
  /** From now on so many per cent of the page allocations fail. */
  | { readonly do: "inject"; readonly percent: number; readonly seed: number }
  /** Exactly the n-th page allocation from now fails. */
  | { readonly do: "fail-nth"; readonly nth: number }
  /** Another owner takes pages until only so many are free; 0 gives all back. */
  | { readonly do: "squat"; readonly leavePages: number }
  /** Requests beyond the device's end, a second disksize: refused. */
  | { readonly do: "misuse" }
  /** The device is reset and given its settings again. */
  | { readonly do: "reset" };

const ATTRIBUTES: readonly (readonly [string, string])[] = [
  ["compact", "1"],
  ["idle", "all"],
  ["idle", "1"],
  ["mem_used_max", "0"],
  ["mem_limit", "0"],
  ["mem_limit", "0"],
  ["mem_limit", "64K"],
  ["mem_limit", "1M"],
  ["recompress", "type=huge"],
  ["recompress", "type=idle max_pages=3"],
  ["recompress", "threshold=2000"],
  ["recompress", "algo=zstd"],
  ["recompress", "priority=2"],
  ["writeback", "idle"],
  ["writeback", "huge"],
  ["writeback", "huge_idle"],
  ["writeback", "incompressible"],
  ["writeback", "page_index=3"],
  ["writeback_limit_enable", "1"],
  ["writeback_limit_enable", "0"],
  ["writeback_limit", "3"],
  ["writeback_limit", "100"],
  ["recompress", "type=nonsense threshold=-1"],
  ["writeback", "page_index=999999"],
  ["mem_limit", "many"],
];

/** How often each kind comes before a run's own factors. */
const KINDS = {
  write: 40,
  "write-part": 6,
  read: 10,
  discard: 6,
  "slot-free": 4,
  attribute: 20,
  "fail-backing": 1,
  inject: 1,
  "fail-nth": 4,
  squat: 1,
  misuse: 1,
  reset: 0.3,
} as const satisfies Record<ZramCommand["do"], number>;

type Kind = keyof typeof KINDS;

/** `count` random commands for a device of `slotCount` pages of `blocksPerPage` blocks. Each list leaves some kinds out. */
export function drawCommands(prng: Prng, count: number, slotCount: number, blocksPerPage: number): ZramCommand[] {
  const kinds = (Object.keys(KINDS) as Kind[]).filter((kind) => kind === "write" || prng.below(100) < 70);
  let sum = 0;
  const cumulated = kinds.map((kind) => (sum += KINDS[kind] * oneOf(prng, [1, 1, 2, 4])));
  const attributes = ATTRIBUTES.filter(() => prng.below(100) < 60);
  return Array.from({ length: count }, () => {
    const dice = (prng.below(2 ** 20) / 2 ** 20) * sum;
    const kind = kinds[cumulated.findIndex((upTo) => dice < upTo)]!;
    return drawCommand(kind, prng, slotCount, blocksPerPage, attributes);
  });
}

function drawCommand(
  kind: Kind,
  prng: Prng,
  slotCount: number,
  blocksPerPage: number,
  attributes: typeof ATTRIBUTES,
): ZramCommand {
  const index = prng.below(slotCount);
  const content = prng.below(CONTENT_COUNT);
  switch (kind) {
    case "write": {
      const count = prng.below(8) === 0 ? Math.min(4, slotCount - index) : 1;
      return { do: kind, index, contents: Array.from({ length: count }, (_, i) => (content + i) % CONTENT_COUNT) };
    }
    case "write-part":
      return { do: kind, index, block: prng.below(blocksPerPage), content };
    case "read":
    case "slot-free":
      return { do: kind, index };
    case "discard":
      return { do: kind, index, count: Math.min(1 + prng.below(4), slotCount - index) };
    case "attribute": {
      const [name, text] = attributes.length === 0 ? (["compact", "1"] as const) : oneOf(prng, attributes);
      return { do: kind, name, text };
    }
    case "fail-backing":
      return { do: kind, count: 1 + prng.below(3) };
    case "inject":
      return { do: kind, percent: oneOf(prng, [0, 0, 10, 50]), seed: prng.below(2 ** 24) };
    case "fail-nth":
      return { do: kind, nth: 1 + prng.below(4) };
    case "squat":
      return { do: kind, leavePages: oneOf(prng, [0, 0, 1, 4, 12]) };
    default:
      return { do: kind };
  }
}

/** A command on one line. */
export function describeCommand(command: ZramCommand): string {
  switch (command.do) {
    case "write":
      return `write page ${command.index} with content ${command.contents.join(", ")}`;
    case "write-part":
      return `write block ${command.block} of page ${command.index} with content ${command.content}`;
    case "read":
      return `read page ${command.index}`;
    case "discard":
      return `discard ${command.count} pages from ${command.index}`;
    case "slot-free":
      return `notify that slot ${command.index} is free`;
    case "attribute":
      return `echo ${command.text} > ${command.name}`;
    case "fail-backing":
      return `the next ${command.count} requests to the backing device fail`;
    case "inject":
      return `from now on ${command.percent} % of the page allocations fail`;
    case "fail-nth":
      return `page allocation ${command.nth} from now fails`;
    case "squat":
      return command.leavePages === 0
        ? "the machine gets its pages back"
        : `the machine is left with ${command.leavePages} free pages`;
    case "misuse":
      return "requests beyond the end, and a second disksize";
    default:
      return command.do;
  }
}
