// The memory of a running process as Linux shows it: /proc/PID/maps has the ranges of addresses, pagemap tells for each page whether it is
// there and whose it is, mem has the bytes.
//
//   pagemap, 64 bits a page   | 63 present | 62 swapped | 61 of a file, or shared | 60 .. 0 other |

import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { endianness } from "node:os";
import { join } from "node:path";
import { UsageError, messageOf } from "../errors.ts";

const ENTRY_BYTES = 8;
const ENTRIES_PER_READ = 65_536;
const HIGH_WORD = endianness() === "LE" ? 1 : 0;
const PRESENT = 0x8000_0000; // of the high word
const FILE_OR_SHARED = 0x2000_0000;

/** Ranges that belong to the kernel rather than the process. */
const KERNEL_RANGES = new Set(["[vdso]", "[vvar]", "[vvar_vclock]", "[vsyscall]"]);

/** A range of addresses. */
export interface Mapping {
  readonly start: number;
  readonly end: number;
  /** Path of the file, "[heap]" and the like, or "". */
  readonly name: string;
  readonly isFile: boolean;
}

/** Neighbouring pages that are resident and the process's own. */
export interface PageRun {
  readonly address: number;
  readonly pageCount: number;
}

export class ProcessMemory implements Disposable {
  readonly pid: number;
  readonly pageBytes: number;
  /** Name of the program, as the kernel has it. */
  readonly command: string;
  readonly mappings: readonly Mapping[];
  readonly #pagemap: number;
  readonly #mem: number;

  /** Opens the files under `proc`, a directory such as /proc. Throws a `UsageError` if there is no such process, or no right to read
   * its memory. */
  constructor(pid: number, proc: string) {
    const directory = join(proc, String(pid));
    this.pid = pid;
    const opened: number[] = [];
    try {
      this.pageBytes = pageBytesOf(readFileSync(join(proc, "self", "auxv")));
      this.command = readFileSync(join(directory, "comm"), "utf8").trim();
      this.mappings = parseMaps(readFileSync(join(directory, "maps"), "utf8"));
      opened.push((this.#pagemap = openSync(join(directory, "pagemap"), "r")));
      opened.push((this.#mem = openSync(join(directory, "mem"), "r")));
    } catch (error) {
      for (const descriptor of opened) closeSync(descriptor);
      throw accessError(pid, error);
    }
  }

  /** The pages of a mapping that are in memory and belong to the process alone, in runs of at most `maxPages`. */
  *residentRuns({ start, end }: Mapping, maxPages: number): Generator<PageRun> {
    const pageTotal = (end - start) / this.pageBytes;
    const words = new Uint32Array(2 * Math.min(ENTRIES_PER_READ, pageTotal));
    let runStart = 0;
    let runPages = 0;
    for (let first = 0; first < pageTotal; first += ENTRIES_PER_READ) {
      const count = Math.min(ENTRIES_PER_READ, pageTotal - first);
      this.#readPagemap(start / this.pageBytes + first, new Uint8Array(words.buffer, 0, count * ENTRY_BYTES));
      for (let i = 0; i < count; i++) {
        const high = words[2 * i + HIGH_WORD]!;
        const isWanted = (high & PRESENT) !== 0 && (high & FILE_OR_SHARED) === 0;
        if (isWanted && runPages === 0) runStart = first + i;
        if (isWanted) runPages++;
        if (runPages > 0 && (!isWanted || runPages === maxPages)) {
          yield { address: start + runStart * this.pageBytes, pageCount: runPages };
          runPages = 0;
        }
      }
    }
    if (runPages > 0) yield { address: start + runStart * this.pageBytes, pageCount: runPages };
  }

  /** Fills `target` with the bytes at an address. Returns false if they can't be read; throws a `UsageError` if the process has ended. */
  read(address: number, target: Uint8Array): boolean {
    let count: number;
    try {
      count = readSync(this.#mem, target, 0, target.length, address);
    } catch {
      return false; // a page of a device, or one that was unmapped in the meantime
    }
    if (count === 0) throw new UsageError(`process ${this.pid} ended while its memory was read; nothing was saved`);
    return count === target.length;
  }

  [Symbol.dispose](): void {
    closeSync(this.#pagemap);
    closeSync(this.#mem);
  }

  #readPagemap(pageIndex: number, target: Uint8Array): void {
    let count: number;
    try {
      count = readSync(this.#pagemap, target, 0, target.length, pageIndex * ENTRY_BYTES);
    } catch (error) {
      throw accessError(this.pid, error);
    }
    target.fill(0, count); // the kernel ends with the last address that a process can have, and with the process
  }
}

/** Ranges of a maps file that can hold pages of the process's own. */
export function parseMaps(text: string): Mapping[] {
  return text.split("\n").flatMap((line) => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ (\d+) *(.*)$/.exec(line);
    if (match === null) return [];
    const [start, end] = [Number.parseInt(match[1]!, 16), Number.parseInt(match[2]!, 16)];
    const name = match[4]!;
    if (!Number.isSafeInteger(end) || end <= start || KERNEL_RANGES.has(name)) return [];
    return [{ start, end, name, isFile: match[3] !== "0" }];
  });
}

/** AT_PAGESZ of the auxiliary vector, which the kernel hands to every program: pairs of a key and a value, 64 bits each. */
function pageBytesOf(auxv: Uint8Array): number {
  const AT_PAGESZ = 6n;
  const words = new BigUint64Array(new Uint8Array(auxv).buffer); // a copy, since a Buffer may lie anywhere in another
  for (let i = 0; i + 1 < words.length; i += 2) if (words[i] === AT_PAGESZ) return Number(words[i + 1]);
  throw new UsageError("the page size of this machine can't be found in /proc/self/auxv");
}

/** What it means that a file of a process can't be read. */
export function accessError(pid: number, error: unknown): UsageError {
  if (error instanceof UsageError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT" || code === "ESRCH") return new UsageError(`there is no process ${pid}; see ps -e`);
  if (code === "EACCES" || code === "EPERM") {
    const what = "run zlab as root, or as the process's user where kernel.yama.ptrace_scope is 0";
    return new UsageError(`reading the memory of process ${pid} is not permitted; ${what}`);
  }
  return new UsageError(`the memory of process ${pid} cannot be read: ${messageOf(error)}`);
}
