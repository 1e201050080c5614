// The kernel's side: a zram device that is added for the comparison and removed again. It never uses a device that was there before,
// and never opens a node that isn't the added device's.

import { messageOf } from "../errors.ts";
import type { DirectFile, Host, TextFile } from "./host.ts";
import { CONTROL_DIRECTORY, NoReferee } from "./kernel-facts.ts";
import { MOST_REQUEST_PAGES, PAGE_BYTES } from "./operations.ts";
import { DONE, type Outcome, type ZramSide } from "./zram-side.ts";

const BLOCK_DIRECTORY = "/sys/block";
const RETRY_MS = 50;
const RETRY_COUNT = 60;

export class KernelZram implements ZramSide, Disposable {
  /** "zram1" */
  readonly name: string;
  readonly #host: Host;
  #madeNode = false;
  #isOurs = true;
  #isSetUp = false;
  #file: DirectFile | undefined;
  #stat: TextFile | undefined;

  private constructor(host: Host, name: string) {
    this.#host = host;
    this.name = name;
  }

  /** Adds a device. Throws `NoReferee` where that is not possible; then there is none. */
  static add(host: Host): KernelZram {
    const before = host.list(BLOCK_DIRECTORY);
    const name = `zram${readNumber(host)}`;
    if (before.includes(name)) throw new Error(`hot_add named ${name}, which was there before; it is left alone`);
    const device = new KernelZram(host, name);
    try {
      device.#prepare();
      return device;
    } catch (error) {
      device.remove();
      throw error;
    }
  }

  #prepare(): void {
    const pageBytes = this.#text("queue/physical_block_size");
    if (pageBytes !== String(PAGE_BYTES))
      throw new NoReferee(`the pages of this kernel have ${pageBytes} bytes; the comparison is made for ${PAGE_BYTES}`);
    if (this.#text("initstate") !== "0") this.#leave("it was in use at once");
    this.#requireNode();
  }

  /** The node in /dev, which is there at once where the kernel or a daemon makes it; elsewhere it is made, and removed later. */
  #requireNode(): void {
    const number = this.#text("dev");
    if (!this.#host.exists(this.node)) {
      const failure = this.#host.run("mknod", [this.node, "b", ...number.split(":")]);
      this.#madeNode = failure === undefined;
    }
    const found = this.#host.deviceNumberOf(this.node);
    if (found !== number)
      throw new NoReferee(`${this.node} is ${found ?? "no block device"}, not the device ${number} that was added`);
  }

  /** "/dev/zram1" */
  get node(): string {
    return `/dev/${this.name}`;
  }

  /** Names of the algorithms that the kernel has. */
  algorithms(): string[] {
    return this.#text("comp_algorithm").replaceAll(/[[\]]/g, "").split(/\s+/);
  }

  restart(algorithm: string, disksizeBytes: number): void {
    this.#close();
    if (this.#isSetUp) this.#writeWhenFree(this.#path("reset"), "1");
    try {
      this.#host.writeText(this.#path("comp_algorithm"), algorithm);
      this.#host.writeText(this.#path("disksize"), String(disksizeBytes));
    } catch (error) {
      if (codeOf(error) === "EBUSY") this.#leave("somebody else has set it up meanwhile");
      throw error;
    }
    this.#isSetUp = true;
    this.#file = this.#host.openDirect(this.node, MOST_REQUEST_PAGES * PAGE_BYTES);
    this.#stat = this.#host.openText(this.#path("mm_stat"));
  }

  write(offsetBytes: number, source: Uint8Array): Outcome {
    return outcomeOf(() => this.#file!.write(offsetBytes, source));
  }

  read(offsetBytes: number, target: Uint8Array): Outcome {
    return outcomeOf(() => this.#file!.read(offsetBytes, target));
  }

  /** Throws if the command fails: the device itself never refuses. */
  discard(offsetBytes: number, lengthBytes: number): Outcome {
    const args = ["-o", String(offsetBytes), "-l", String(lengthBytes), this.node];
    const failure = this.#host.run("blkdiscard", args);
    if (failure !== undefined) throw new Error(`blkdiscard ${args.join(" ")}: ${failure}`);
    return DONE;
  }

  setAttribute(name: string, text: string): Outcome {
    return outcomeOf(() => this.#host.writeText(this.#path(name), text));
  }

  mmStat(): readonly number[] {
    return this.#stat!.read().trim().split(/\s+/).map(Number);
  }

  /** Removes the device with all that is in it; once more does nothing. Throws if it can't, saying what to do by hand. */
  remove(): void {
    if (!this.#isOurs) return;
    this.#close();
    const number = this.name.slice("zram".length);
    try {
      this.#writeWhenFree(`${CONTROL_DIRECTORY}/hot_remove`, number);
    } catch (error) {
      const command = `echo ${number} > ${CONTROL_DIRECTORY}/hot_remove`;
      throw new Error(`${this.name} could not be removed (${messageOf(error)}); do it by hand: ${command}`, {
        cause: error,
      });
    }
    this.#isOurs = false;
    if (this.#madeNode) this.#host.removeFile(this.node);
  }

  [Symbol.dispose](): void {
    this.remove();
  }

  /** Gives up a device that somebody else uses now. */
  #leave(why: string): never {
    this.#isOurs = false;
    throw new NoReferee(`${this.name} was added, but ${why}; it is left alone`);
  }

  #close(): void {
    this.#file?.close();
    this.#stat?.close();
    this.#file = undefined;
    this.#stat = undefined;
  }

  /** Daemons look into new devices; while they do, the device is busy. */
  #writeWhenFree(path: string, text: string): void {
    for (let triesLeft = RETRY_COUNT; ; triesLeft--) {
      try {
        this.#host.writeText(path, text);
        return;
      } catch (error) {
        if (codeOf(error) !== "EBUSY" || triesLeft === 0) throw error;
        this.#host.pause(RETRY_MS);
      }
    }
  }

  #path(name: string): string {
    return `${BLOCK_DIRECTORY}/${this.name}/${name}`;
  }

  #text(name: string): string {
    return Buffer.from(this.#host.readBytes(this.#path(name)))
      .toString("latin1")
      .trim();
  }
}

/** Reads hot_add, which adds a device. */
function readNumber(host: Host): string {
  let text: string;
  try {
    text = Buffer.from(host.readBytes(`${CONTROL_DIRECTORY}/hot_add`))
      .toString("latin1")
      .trim();
  } catch (error) {
    throw new NoReferee(`no zram device could be added: ${messageOf(error)}`);
  }
  if (!/^\d+$/.test(text)) throw new Error(`hot_add gave no number: ${JSON.stringify(text)}`);
  return text;
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** An error with a code is the kernel's answer; another one is not. */
function outcomeOf(operation: () => void): Outcome {
  try {
    operation();
    return DONE;
  } catch (error) {
    const code = codeOf(error);
    if (!/^E[A-Z0-9]+$/.test(code)) throw error;
    return code;
  }
}
