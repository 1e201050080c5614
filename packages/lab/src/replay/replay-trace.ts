// Replays one trace: picks the family by the header, builds a machine and a pool, and plays line after line.

import { type MachineOptions, NO_WATERMARKS, ZlabError } from "@zlab/hw-sim";
import type { PoolOptions, ZpoolBackend } from "@zlab/zpool";
import { createRegistry } from "../compose.ts";
import { type Checkpoint, Interrupted, UsageError, fileError } from "../errors.ts";
import { Checker } from "./checker.ts";
import { OPERATION_NAMES, describeOperation } from "./describe-operation.ts";
import { familyOf } from "./families/index.ts";
import { Payload } from "./payload.ts";
import { Divergence, TraceError } from "./trace-error.ts";
import type { TraceFamily, TracePlayer, TraceSettings } from "./trace-family.ts";
import { type TraceHeader, parseHeader } from "./trace-header.ts";
import { type OnRead, TraceReader } from "./trace-reader.ts";

export interface ReplaySettings {
  /** Type of another backend than the one that recorded the trace. */
  readonly backend?: string | undefined;
  /** In place of the header's. */
  readonly chainSize?: number | undefined;
  /** Check every recorded fact. */
  readonly verify: boolean;
  /** Give objects contents and check them. */
  readonly payload: boolean;
  /** Throws `Interrupted` to end the replay with what was played until then. */
  readonly checkpoint: Checkpoint;
}

/** The first fact that was not as recorded. */
interface FoundDivergence {
  /** Line of the decompressed file, from 1. */
  readonly line: number;
  readonly operation: string;
  readonly what: string;
  readonly expected: string;
  readonly got: string;
}

export interface ReplayResult {
  readonly file: string;
  readonly family: string;
  readonly backend: string;
  readonly pageBytes: number;
  readonly poolOptions: PoolOptions;
  readonly operations: number;
  /** By name, those that occurred. */
  readonly operationCounts: Readonly<Record<string, number>>;
  /** Allocations that the backend refused though the recorded one did not. */
  readonly refused: number;
  /** Recorded facts compared. */
  readonly checks: number;
  /** Objects whose bytes were compared. */
  readonly contentChecks: number;
  readonly finalPages: number;
  /** Time from the first operation to the last, reading and checking of the lines included. */
  readonly seconds: number;
  readonly divergence: FoundDivergence | null;
  /** Present if the user ended the replay after this line. */
  readonly interruptedAtLine?: number;
}

/** Replays the trace in `bytes`; `file` is named in errors. Throws a UsageError for a faulty trace or settings that don't go
 * with it; a divergence is a result. */
export function replayTrace(file: string, bytes: Uint8Array, settings: ReplaySettings): ReplayResult {
  const reader = new TraceReader(bytes);
  try {
    const header = parseHeader(reader.nextText()!);
    const family = familyOf(header);
    const run = new TraceRun(family, header, bytes.length, settings);
    const startMs = performance.now();
    const end = run.playAll(reader, settings.checkpoint);
    return { file, ...run.result(), seconds: (performance.now() - startMs) / 1000, ...end };
  } catch (error) {
    if (error instanceof TraceError) throw fileError(file, error.message, reader.lineNumber);
    if (ZlabError.is(error) || error instanceof UsageError) throw fileError(file, error.message);
    throw error;
  }
}

class TraceRun {
  readonly #family: TraceFamily;
  readonly #settings: TraceSettings;
  readonly #pool: ZpoolBackend;
  readonly #poolOptions: PoolOptions;
  readonly #checker: Checker | undefined;
  readonly #payload: Payload | undefined;
  readonly #player: TracePlayer;
  readonly #countByKind: Float64Array = new Float64Array(128); // by the code of the letter

  constructor(family: TraceFamily, header: TraceHeader, traceBytes: number, settings: ReplaySettings) {
    const backend = settings.backend ?? family.backend;
    if (settings.verify && backend !== family.backend) {
      throw new UsageError(
        `places recorded from ${family.backend} cannot be verified on ${backend}; leave out --verify or --backend`,
      );
    }
    this.#family = family;
    this.#settings = family.settings(header, settings);
    const { pageBytes } = this.#settings;
    this.#poolOptions = backend === family.backend ? this.#settings.poolOptions : { chainSize: settings.chainSize };
    const registry = createRegistry(machineFor(pageBytes, traceBytes, settings.payload));
    this.#pool = registry.driver(backend).create(registry.machine, "replay", this.#poolOptions);
    this.#checker = settings.verify ? new Checker() : undefined;
    this.#payload = settings.payload ? new Payload(this.#pool, registry.machine.memory) : undefined;
    this.#player = family.createPlayer({
      header,
      pool: this.#pool,
      pageBytes,
      recordedOptions: this.#settings.poolOptions,
      checker: this.#checker,
      payload: this.#payload,
    });
  }

  /** Plays all lines up to the first divergence. */
  playAll(reader: TraceReader, checkpoint: Checkpoint): Pick<ReplayResult, "divergence" | "interruptedAtLine"> {
    const player = this.#player;
    const onRead: OnRead = (lines, count) => player.expect?.(lines, count);
    let atEnd = false;
    try {
      while (reader.next(onRead)) {
        if (reader.lineNumber % LINES_PER_CHECKPOINT === 0) checkpoint();
        player.play(reader.line);
        this.#countByKind[reader.line.kind]!++;
      }
      atEnd = true;
      this.#payload?.verifyAll();
      this.#pool.check(1);
      return { divergence: null };
    } catch (error) {
      if (error instanceof Interrupted) return { divergence: null, interruptedAtLine: reader.lineNumber - 1 };
      if (!(error instanceof Divergence)) throw error;
      const { what, expected, got } = error;
      const operation = atEnd ? "end" : describeOperation(reader.line);
      return { divergence: { line: reader.lineNumber, operation, what, expected, got } };
    }
  }

  result(): Omit<ReplayResult, "file" | "seconds" | "divergence"> {
    const counts: Record<string, number> = {};
    for (const [letter, name] of Object.entries(OPERATION_NAMES)) {
      const count = this.#countByKind[letter.charCodeAt(0)]!;
      if (count > 0) counts[name] = count;
    }
    return {
      family: this.#family.name,
      backend: this.#pool.type,
      pageBytes: this.#settings.pageBytes,
      poolOptions: this.#poolOptions,
      operations: this.#countByKind.reduce((sum, count) => sum + count, 0),
      operationCounts: counts,
      refused: this.#player.refusedCount,
      checks: this.#checker?.count ?? 0,
      contentChecks: this.#payload?.checkCount ?? 0,
      finalPages: this.#pool.totalPages(),
    };
  }
}

/** Played in a millisecond, or in a few if they are checked. */
const LINES_PER_CHECKPOINT = 4096;

const MIN_PAGES = 2 ** 14;
const MAX_PAGES = 2 ** 28;

/** A machine that is sure to have enough pages: a line that allocates has more than 16 bytes and takes at most 16 pages. Page
 * descriptors that are never used cost nothing. */
function machineFor(pageBytes: number, traceBytes: number, hasBytes: boolean): MachineOptions {
  const pages = Math.min(MAX_PAGES, Math.max(MIN_PAGES, traceBytes));
  return {
    pageBytes,
    zones: [{ kind: "NORMAL", pages, watermarks: NO_WATERMARKS }],
    cpus: 1, // the traces were recorded on one CPU
    backing: hasBytes ? "array-buffer" : "size-only",
  };
}
