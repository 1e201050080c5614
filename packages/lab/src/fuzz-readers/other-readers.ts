// Readers of what is neither pages nor a trace: a line of mm_stat, the list of a process's mappings, and what modules export.

import { Buffer } from "node:buffer";
import { parseMaps } from "../capture/process-memory.ts";
import { asCodec } from "../codecs/load-codec.ts";
import { asDrivers } from "../drivers/load-drivers.ts";
import { explain } from "../explain/explain.ts";
import { type FuzzedReader, assertRight } from "./fuzzed-reader.ts";
import { pick } from "./mutations.ts";

const MM_STATS = [
  "8388608 3164715 4800512 0 4800512 238 0 98 98",
  "4096 74 12288 0 12288 0 0 0 0\n",
  "0 0 0 1048576 0 0 0 0 0",
  "1048576000 314572800 402653184 419430400 419430400 1200 350 9000 9100",
];

const explainReader: FuzzedReader = {
  name: "mm_stat",
  weight: 8,
  samples: () => MM_STATS.map((line) => Buffer.from(line)),
  mutations: [
    // Columns change places, or are multiplied.
    (bytes, prng) => {
      const cells = Buffer.from(bytes).toString().split(" ");
      const from = prng.below(cells.length);
      cells[from] = pick([cells[prng.below(cells.length)]!, `${cells[from]}0000000`, String(2 ** 53 - 4096)], prng);
      return Buffer.from(cells.join(" "));
    },
  ],
  async read(bytes, variant) {
    let output = "";
    const terminal = { write: (text: string) => (output += text) };
    const context = { stdout: terminal, stderr: terminal, env: {}, cwd: ".", action: () => () => Promise.resolve() };
    const options = { pageSize: [4096, 16384][variant % 2]!, chain: 4 + (variant % 13), json: variant % 3 === 0 };
    await explain([Buffer.from(bytes).toString()], options, context);
    assertRight(output.length > 100 && !/NaN|Infinity|undefined/.test(output), `the text ${output.slice(0, 2000)}`);
  },
};

const MAPS = `00400000-00452000 r-xp 00000000 08:02 173521      /dev/shm/a
00e03000-00e24000 rw-p 00000000 00:00 0           [heap]
7f2c5dd0a000-7f2c5dd0c000 rw-p 00000000 00:00 0
7fff61f7e000-7fff61f80000 r-xp 00000000 00:00 0   [vdso]
`;

const mapsReader: FuzzedReader = {
  name: "proc-maps",
  weight: 6,
  samples: () => [Buffer.from(MAPS)],
  mutations: [],
  read(bytes) {
    const mappings = parseMaps(Buffer.from(bytes).toString());
    assertRight(
      mappings.every(({ start, end }) => Number.isSafeInteger(start) && start <= end),
      "a range of addresses",
    );
  },
};

/** What a module may export in the place of a name or a function. Functions throw, or give nothing. */
const EXPORTS: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => 0,
  () => "",
  () => "zlab",
  () => "\u001b[2J",
  () => Symbol("module"),
  () => 10n ** 30n,
  () => [],
  () => Object.create(null),
  () => () => undefined,
  () => () => {
    throw new Error("no luck");
  },
  () =>
    new Proxy(
      {},
      {
        get: () => undefined,
        getPrototypeOf: () => {
          throw new Error("no prototype");
        },
      },
    ),
  () => ({ toString: 7, type: "t", name: "n" }),
];

/** The bytes choose what is exported, member by member; a first byte of 255 makes a getter throw. */
function exported(bytes: Uint8Array): unknown {
  const valueAt = (i: number): unknown => EXPORTS[(bytes[i] ?? 0) % EXPORTS.length]!();
  if (bytes[0]! < 64) return valueAt(1);
  const members = ["type", "name", "description", "capabilities", "create", "createStream", "parameters", "deviation"];
  const object: Record<string, unknown> = Object.fromEntries(members.map((name, i) => [name, valueAt(i + 1)]));
  if (bytes[0] === 255) {
    Object.defineProperty(object, members[(bytes[1] ?? 0) % members.length]!, {
      get: () => {
        throw new TypeError("no getter");
      },
    });
  }
  return bytes[0]! < 128 ? [object, valueAt(1)] : object;
}

const moduleReader: FuzzedReader = {
  name: "module-exports",
  weight: 8,
  samples: () => [Uint8Array.of(200, 4, 4, 4, 10, 10, 10, 0, 0), Uint8Array.of(255, 4, 4, 4, 11, 11, 11, 0, 0)],
  mutations: [(bytes, prng) => bytes.map((byte) => (prng.below(2) === 0 ? byte : prng.below(256)))],
  read(bytes, variant) {
    const value = exported(bytes.length > 0 ? bytes : Uint8Array.of(0));
    if (variant % 2 === 0) {
      for (const { type } of asDrivers("input", value)) assertRight(typeof type === "string" && type !== "", "a type");
    } else {
      assertRight(typeof asCodec("input", value).name === "string", "a name");
    }
  },
};

/** The other readers. */
export const OTHER_READERS: readonly FuzzedReader[] = [explainReader, mapsReader, moduleReader];
