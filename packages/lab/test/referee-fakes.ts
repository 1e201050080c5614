// Stand-ins for a machine with zram: a kernel's side that can be made to lie, and a host whose zram-control is the simulated one.

import { gzipSync } from "node:zlib";
import { CodecRegistry, kernelCodecs } from "@zlab/codecs";
import { Machine, x86_64 } from "@zlab/hw-sim";
import { ZpoolRegistry } from "@zlab/zpool";
import { type Zram, ZramControl, ZramError, type ZramNode, zramErrnoName } from "@zlab/zram";
import { zsmallocDriver } from "@zlab/zsmalloc";
import { somePages } from "./zlab.ts";
import { Contents } from "../src/referee/contents.ts";
import type { DirectFile, Host, TextFile } from "../src/referee/host.ts";
import type { Operation } from "../src/referee/operations.ts";
import { SimulatedZram } from "../src/referee/simulated-zram.ts";
import type { Outcome } from "../src/referee/zram-side.ts";

/** Contents with a small corpus, quickly made. */
export function someContents(pageCount = 64): Contents {
  const bytes = somePages(pageCount);
  return new Contents(Array.from({ length: pageCount }, (_, i) => bytes.subarray(i * 4096, (i + 1) * 4096)));
}

/** The first operations of many. */
export function take(operations: Iterable<Operation>, count: number): Operation[] {
  const taken: Operation[] = [];
  for (const operation of operations) {
    if (taken.length === count) break;
    taken.push(operation);
  }
  return taken;
}

/** The operations, with a look at each before it is performed. */
export function* watched(
  operations: Iterable<Operation>,
  look: (operationNumber: number) => void,
): Generator<Operation> {
  let operationNumber = 0;
  for (const operation of operations) {
    look(++operationNumber);
    yield operation;
  }
}

/** A simulated device in the kernel's place, whose answers a test may change. */
export class LyingSide extends SimulatedZram {
  changeStat: (stat: readonly number[]) => readonly number[] = (stat) => stat;
  changeOutcome: (outcome: Outcome) => Outcome = (outcome) => outcome;
  changeRead: (offsetBytes: number, target: Uint8Array) => void = () => {};

  override mmStat(): readonly number[] {
    return this.changeStat(super.mmStat());
  }

  override write(offsetBytes: number, source: Uint8Array): Outcome {
    return this.changeOutcome(super.write(offsetBytes, source));
  }

  override read(offsetBytes: number, target: Uint8Array): Outcome {
    const outcome = super.read(offsetBytes, target);
    this.changeRead(offsetBytes, target);
    return outcome;
  }
}

const DEVICE_FILE = /^\/sys\/block\/zram(\d+)\/(.+)$/;
const NODE = /^\/dev\/zram(\d+)$/;

/** An error as Node's file functions throw it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: refused`), { code });
}

/** A machine with one zram device of its own, zram0, which nobody else may touch. */
export class FakeHost implements Host {
  platform = "linux";
  userId: number | undefined = 0;
  kernelRelease = "6.18.44-test";
  pageBytes = "4096";
  /** Whether nodes in /dev appear by themselves. */
  makesNodes = true;
  /** Answers of control files and commands that come before the usual ones. */
  readonly overrides = new Map<string, () => string | undefined>();
  readonly files = new Map<string, Uint8Array>([
    ["/proc/config.gz", gzipSync("CONFIG_ZSMALLOC=y\nCONFIG_ZSMALLOC_CHAIN_SIZE=8\n")],
    ["/proc/vmstat", Buffer.from("pgsteal_kswapd 0\nslabs_scanned 0\n")],
  ]);
  readonly control: ZramControl;
  /** Paths of all nodes: number of the device behind each. */
  readonly nodes = new Map<string, string>([["/dev/zram0", "252:0"]]);
  readonly commands: string[] = [];
  readonly touched: string[] = [];
  readonly exitActions: (() => void)[] = [];
  hasControl = true;
  isControlWritable = true;
  pauseCount = 0;
  openCount = 0;

  constructor() {
    const pools = new ZpoolRegistry(new Machine(x86_64(128 * 2 ** 20)), [zsmallocDriver]);
    this.control = new ZramControl({ pools, codecs: new CodecRegistry(kernelCodecs()) });
    this.control.add().attributes.write("disksize", "4096");
  }

  /** Names of the devices there are. */
  get devices(): string[] {
    return this.control.devices().map(({ id }) => `zram${id}`);
  }

  exists(path: string): boolean {
    if (path === "/sys/class/zram-control/hot_add") return this.hasControl;
    return this.files.has(path) || this.nodes.has(path);
  }

  isWritable(): boolean {
    return this.isControlWritable;
  }

  list(): string[] {
    return ["loop0", ...this.devices];
  }

  readBytes(path: string): Uint8Array {
    this.touched.push(path);
    const file = this.files.get(path);
    return file ?? Buffer.from(this.#read(path));
  }

  #read(path: string): string {
    const override = this.overrides.get(path)?.();
    if (override !== undefined) return override;
    if (path === "/sys/class/zram-control/hot_add") return this.#add();
    const [, id, name] = DEVICE_FILE.exec(path)!;
    if (name === "dev") return `252:${id}\n`;
    if (name === "queue/physical_block_size") return `${this.pageBytes}\n`;
    return this.#device(id).attributes.read(name!);
  }

  #add(): string {
    const { id } = this.control.add();
    if (this.makesNodes) this.nodes.set(`/dev/zram${id}`, `252:${id}`);
    return `${id}\n`;
  }

  writeText(path: string, text: string): void {
    this.touched.push(path);
    this.overrides.get(path)?.();
    try {
      if (path === "/sys/class/zram-control/hot_remove") {
        this.control.attributes.write("hot_remove", text);
        if (this.makesNodes) this.nodes.delete(`/dev/zram${text}`);
        return;
      }
      const [, id, name] = DEVICE_FILE.exec(path)!;
      this.#device(id).attributes.write(name!, text);
    } catch (error) {
      throw error instanceof ZramError ? systemError(error.errnoName) : error;
    }
  }

  openText(path: string): TextFile {
    this.openCount++;
    return { read: () => this.#read(path), close: () => void this.openCount-- };
  }

  deviceNumberOf(path: string): string | undefined {
    return this.nodes.get(path);
  }

  openDirect(path: string): DirectFile {
    this.touched.push(path);
    const node: ZramNode = this.#device(NODE.exec(path)?.[1]).open();
    this.openCount++;
    const require = (result: number): void => {
      if (result < 0) throw systemError(zramErrnoName(result));
    };
    return {
      read: (offsetBytes, target) => require(node.read(offsetBytes, target)),
      write: (offsetBytes, source) => require(node.write(offsetBytes, source)),
      close: () => {
        node.close();
        this.openCount--;
      },
    };
  }

  removeFile(path: string): void {
    this.nodes.delete(path);
  }

  run(command: string, args: readonly string[]): string | undefined {
    const line = [command, ...args].join(" ");
    this.commands.push(line);
    const failure = this.overrides.get(command)?.();
    if (failure !== undefined) return failure;
    if (command === "mknod") this.nodes.set(args[0]!, `${args[2]}:${args[3]}`);
    const [, offset, length, id] = /^blkdiscard -o (\d+) -l (\d+) \/dev\/zram(\d+)$/.exec(line) ?? [];
    if (id !== undefined) this.#device(id).discard(Number(offset), Number(length));
    return undefined;
  }

  pause(): void {
    this.pauseCount++;
  }

  onExit(action: () => void): void {
    this.exitActions.push(action);
  }

  #device(id: string | undefined): Zram {
    return this.control.device(Number(id));
  }
}
