// Runs the steps of an experiment on a simulated device and says what is seen, in the form of the observations.

import { CodecRegistry, kernelCodecs } from "@zlab/codecs";
import { Machine, isErrno, x86_64 } from "@zlab/hw-sim";
import { ZpoolRegistry } from "@zlab/zpool";
import {
  type BackingDevice,
  type Zram,
  ZramControl,
  type ZramEra,
  ZramError,
  type ZramNode,
  blockStates,
  memoryBackingOpener,
  zramErrnoName,
} from "@zlab/zram";
import { zsmallocDriver } from "@zlab/zsmalloc";
import { type Observation, PAGE_BYTES, type Recipe, type Step, golden, isPage, pageOf } from "./experiments.ts";
import { recordedCodec } from "./recorded-codec.ts";

const codecs = new CodecRegistry([...kernelCodecs(), recordedCodec("lz4hc"), recordedCodec("842")]);

/** Names that differ between libraries for the same number. */
const ALIASES: Readonly<Record<string, string>> = { EOPNOTSUPP: "ENOTSUP" };

type Seen = Record<string, unknown>;
type Operation = (step: Step, expected: Observation) => Seen;

export class ExperimentRunner {
  readonly control: ZramControl;
  readonly #zram: Zram;
  readonly #backing = new Map<string, BackingDevice>();
  #node: ZramNode | undefined;
  #microseconds = 10_000_000;

  constructor(era: ZramEra) {
    const paths = Object.entries(golden.backing_devices).map(([path, { pages }]) => [path, pages] as const);
    const open = memoryBackingOpener(Object.fromEntries(paths));
    const pools = new ZpoolRegistry(new Machine(x86_64(64 * 1024 * 1024)), [zsmallocDriver]);
    const clock = () => (this.#microseconds += 1);
    const openBacking = (path: string, pageBytes: number) => {
      const device = open(path, pageBytes);
      this.#backing.set(path, device);
      return device;
    };
    this.control = new ZramControl({ pools, codecs }, { era, clock, openBacking });
    this.#zram = this.control.add();
  }

  /** Does a step. The observation expected says which of the facts to look at. */
  run(step: Step, expected: Observation): Seen {
    const operation = this.#operations[step.op];
    if (operation === undefined) throw new Error(`no operation ${step.op}`);
    const seen = operation(step, expected);
    if ("mm" in expected) seen["mm"] = this.#zram.mmStat();
    if ("io" in expected) seen["io"] = this.#zram.ioStat();
    if ("mm" in expected && this.#zram.bdStat().some((count) => count !== 0)) seen["bd"] = this.#zram.bdStat();
    this.#zram.check();
    return seen;
  }

  /** Ends the experiment: everything goes back. */
  finish(): void {
    this.#node?.close();
    for (const { id } of this.control.devices()) this.control.remove(id);
  }

  #open(): ZramNode {
    this.#node ??= this.#zram.open();
    return this.#node;
  }

  readonly #operations: Readonly<Record<string, Operation>> = {
    attr_w: ({ attr, value }) => attempt(() => this.#zram.attributes.write(attr, value)),
    attr_r: ({ attr }, expected) => this.#readAttribute(attr, expected),
    exists: ({ attr }) => ({ exists: this.#zram.attributes.exists(attr) }),
    size: () => ({ sectors: Number(this.#zram.attributes.read("size")) }),
    blkstat: () => blockStat(this.#zram.attributes.read("stat")),
    hot_remove: ({ id }) => attempt(() => this.control.attributes.write("hot_remove", id ?? String(this.#zram.id))),
    block_state: () => attempt(() => this.#blockRows()),
    open: () => attempt(() => this.#open()),
    close: () => attempt(() => this.#close()),
    sleep: ({ seconds }) => attempt(() => (this.#microseconds += seconds * 1e6)),
    fail_backing_io: ({ times }) => attempt(() => this.#zram.backingFaults.failNext(times)),
    peek_backing: ({ block }, expected) => this.#peek(block, expected),
    write: ({ page, data }) => transfer(this.#open().write(page * PAGE_BYTES, pagesOf(data))),
    read: ({ page, count = 1 }, expected) => this.#read(page, count, expected),
    write_direct_bytes: ({ offset, length }) => transfer(this.#open().write(offset, new Uint8Array(length))),
    read_direct_bytes: ({ offset, length }) => transfer(this.#open().read(offset, new Uint8Array(length))),
    bwrite: ({ offset, hex }) => transfer(this.#open().writeBuffered(offset, Buffer.from(hex, "hex"))),
    bread: ({ offset, length }) => this.#readBuffered(offset, length),
    fsync: () => outcome(this.#open().fsync()),
    discard: ({ offset, length }) => outcome(this.#open().discard(offset, length)),
    punch: ({ offset, length }) => outcome(this.#open().discard(offset, length)),
    zeroout: ({ offset, length }) => outcome(this.#open().zeroOut(offset, length)),
    zerorange: ({ offset, length }) => outcome(this.#open().zeroOut(offset, length)),
    zerorange_nounmap: ({ offset, length }) => outcome(this.#open().zeroOut(offset, length)),
    secdiscard: () => outcome(this.#open().secureDiscard()),
  };

  #readAttribute(attr: string, expected: Observation): Seen {
    if (!("selected" in expected)) return attempt(() => ({ value: this.#zram.attributes.read(attr) }));
    const text = this.#zram.attributes.read(attr);
    if (attr === "comp_algorithm") return { selected: bracketed(text) };
    const lines = text.split("\n").filter((line) => line !== "");
    return { selected: Object.fromEntries(lines.map((line) => [/^#(\d): /.exec(line)![1], bracketed(line)])) };
  }

  #blockRows(): Seen {
    this.#zram.blockState();
    const states = Array.from(blockStates(this.#zram.store!));
    return { rows: states.map(({ index, accessTime, flags }) => [index, flags, accessTime === 0]) };
  }

  #close(): void {
    this.#node?.close();
    this.#node = undefined;
  }

  #read(page: number, count: number, expected: Observation): Seen {
    const target = new Uint8Array(count * PAGE_BYTES);
    const seen = transfer(this.#open().read(page * PAGE_BYTES, target));
    if (typeof seen["bytes"] === "number") seen["data"] = recognise(target.subarray(0, seen["bytes"]), expected);
    return seen;
  }

  #readBuffered(offset: number, length: number): Seen {
    const target = new Uint8Array(length);
    return { ...transfer(this.#open().readBuffered(offset, target)), hex: Buffer.from(target).toString("hex") };
  }

  #peek(block: number, expected: Observation): Seen {
    const target = new Uint8Array(PAGE_BYTES);
    this.#backing.get("/dev/vdb")!.read(block, target);
    return { data: recognise(target, expected) };
  }
}

function attempt(action: () => unknown): Seen {
  try {
    const result = action();
    return typeof result === "object" && result !== null && !("close" in result) ? { ...result } : { ok: true };
  } catch (error) {
    if (error instanceof ZramError) return { errno: nameOf(error.errno) };
    throw error;
  }
}

function transfer(result: number): Seen {
  return isErrno(result) ? { errno: nameOf(result) } : { bytes: result };
}

function outcome(result: number): Seen {
  return isErrno(result) ? { errno: nameOf(result) } : { ok: true };
}

function nameOf(errno: number): string {
  const name = zramErrnoName(errno);
  return ALIASES[name] ?? name;
}

function pagesOf(recipes: readonly Recipe[]): Uint8Array {
  return Buffer.concat(recipes.map(pageOf));
}

/** The recipes expected, where the pages are those; what they are otherwise. */
function recognise(bytes: Uint8Array, { data }: Observation): unknown[] {
  return Array.from({ length: bytes.length / PAGE_BYTES }, (_, i) => {
    const page = bytes.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES);
    const recipe = (data as readonly Recipe[] | undefined)?.[i];
    return recipe !== undefined && isPage(page, recipe)
      ? recipe
      : `another page: ${page.subarray(0, 16).join(" ")} ...`;
  });
}

function bracketed(text: string): string | undefined {
  return /\[(.*?)\]/.exec(text)?.[1];
}

function blockStat(text: string): Seen {
  const fields = text.trim().split(/ +/).map(Number);
  if (fields.length !== 17) throw new Error(`stat has ${fields.length} columns`);
  return {
    reads: fields[0],
    read_sectors: fields[2],
    writes: fields[4],
    write_sectors: fields[6],
    discards: fields[11],
    discard_sectors: fields[13],
    flushes: fields[15],
  };
}
