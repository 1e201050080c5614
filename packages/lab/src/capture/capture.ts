// `zlab capture`: the resident anonymous pages of a process into a file. The process goes on meanwhile, so that pages may be from
// different moments.

import type { CaptureOptions } from "../commands/capture.ts";
import type { CommandContext, ExitCode, Terminal } from "../context.ts";
import { type Checkpoint, UsageError, checkpointOf } from "../errors.ts";
import { counted, formatBytes, formatPageSize, isOrAre } from "../output/format.ts";
import { writeJson } from "../output/json.ts";
import { startProgress } from "../output/progress.ts";
import { PrivateFile } from "./private-file.ts";
import { type Mapping, type PageRun, ProcessMemory } from "./process-memory.ts";

const RUN_BYTES = 2 ** 20;

/** What captures from: the system, or a stand-in for it. */
export interface CaptureSystem {
  readonly platform: string;
  /** Where the files of processes are. */
  readonly proc: string;
}

/** The result, as `--json` prints it. */
interface CaptureResult {
  readonly pid: number;
  readonly command: string;
  readonly file: string;
  readonly index: string;
  readonly pageBytes: number;
  readonly pages: number;
  /** Pages that were there and could not be read. */
  readonly unreadablePages: number;
  /** Whether --limit ended it. */
  readonly isLimited: boolean;
}

export async function capture(
  options: CaptureOptions,
  context: CommandContext,
  system: CaptureSystem = { platform: process.platform, proc: "/proc" },
): Promise<ExitCode> {
  const { stdout, stderr, cwd } = context;
  const { pid, out = `memory-${pid}.bin` } = options;
  if (system.platform !== "linux") {
    throw new UsageError(`capture reads the memory of a process from Linux's /proc; this is ${system.platform}`);
  }
  using memory = new ProcessMemory(pid, system.proc);
  stderr.write(
    `warning: ${out} will hold memory of process ${pid} (${memory.command}): passwords, keys and private data may be in it. ` +
      "Only you can read it; delete it when you are done.\n",
  );
  using pages = new PrivateFile(out, cwd);
  using index = new PrivateFile(`${out}.csv`, cwd);
  const copy = new PageCopy(memory, pages, index, options.limit ?? Number.POSITIVE_INFINITY);
  copyMappings(copy, memory, options.anonOnly === true, context);
  if (copy.pageCount === 0) {
    throw new UsageError(`process ${pid} (${memory.command}) has no resident anonymous pages; nothing was saved`);
  }
  pages.sync(); // so that neither file gets its name if there is no room for the other
  index.complete();
  pages.complete();
  const result: CaptureResult = {
    pid,
    command: memory.command,
    file: pages.name,
    index: index.name,
    pageBytes: memory.pageBytes,
    pages: copy.pageCount,
    unreadablePages: copy.unreadableCount,
    isLimited: copy.isLimited,
  };
  if (options.json) writeJson(stdout, result);
  else writeSummary(result, stdout);
  return 0;
}

/** Throws `Interrupted` if the user wants to end: then nothing is saved. */
function copyMappings(copy: PageCopy, memory: ProcessMemory, anonOnly: boolean, context: CommandContext): void {
  const checkpoint: Checkpoint = checkpointOf(context);
  const mappings = memory.mappings.filter(({ isFile }) => !(anonOnly && isFile));
  using progress = startProgress(context.stderr, mappings.length);
  for (const [i, mapping] of mappings.entries()) {
    for (const run of memory.residentRuns(mapping, RUN_BYTES / memory.pageBytes)) {
      checkpoint();
      progress.update(i, `memory ranges, ${counted(copy.pageCount, "page")}`);
      copy.add(run, mapping);
      if (copy.isLimited) return;
    }
  }
}

/** Pages on their way to the file, with a line of the index for each. */
class PageCopy {
  pageCount = 0;
  unreadableCount = 0;
  isLimited = false;
  readonly #memory: ProcessMemory;
  readonly #pages: PrivateFile;
  readonly #index: PrivateFile;
  readonly #limit: number;
  readonly #buffer = new Uint8Array(RUN_BYTES);

  constructor(memory: ProcessMemory, pages: PrivateFile, index: PrivateFile, limit: number) {
    this.#memory = memory;
    this.#pages = pages;
    this.#index = index;
    this.#limit = limit;
    index.write(Buffer.from("page,address,mapping\n"));
  }

  /** Copies a run, or of a run that can't be read as a whole what can be. */
  add({ address, pageCount }: PageRun, mapping: Mapping): void {
    const { pageBytes } = this.#memory;
    const count = Math.min(pageCount, this.#limit - this.pageCount);
    const bytes = this.#buffer.subarray(0, count * pageBytes);
    if (count === 0 || this.#memory.read(address, bytes)) this.#save(bytes, address, mapping);
    else if (count === 1) this.unreadableCount++;
    else for (let i = 0; i < count; i++) this.add({ address: address + i * pageBytes, pageCount: 1 }, mapping);
    if (count < pageCount) this.isLimited = true;
  }

  #save(bytes: Uint8Array, address: number, { name }: Mapping): void {
    const { pageBytes } = this.#memory;
    const label = name === "" ? "anonymous" : name;
    const cell = /[",\n]/.test(label) ? `"${label.replaceAll('"', '""')}"` : label;
    const lines: string[] = [];
    for (let offset = 0; offset < bytes.length; offset += pageBytes) {
      lines.push(`${this.pageCount++},0x${(address + offset).toString(16)},${cell}\n`);
    }
    this.#pages.write(bytes);
    this.#index.write(Buffer.from(lines.join("")));
  }
}

function writeSummary(result: CaptureResult, stdout: Terminal): void {
  const { pid, command, file, index, pages, pageBytes, unreadablePages, isLimited } = result;
  const size = `${counted(pages, "page")} of ${formatPageSize(pageBytes)} (${formatBytes(pages * pageBytes)})`;
  stdout.write(`${file}: ${size} of process ${pid} (${command}); ${index} says where each is from\n`);
  if (unreadablePages > 0) {
    stdout.write(`${counted(unreadablePages, "page")} could not be read and ${isOrAre(unreadablePages)} left out\n`);
  }
  if (isLimited) stdout.write("the process has more pages: --limit ended the capture\n");
}
