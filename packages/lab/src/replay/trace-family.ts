// What a trace family is: a kind of recording that is recognised by its header line, names the backend that it was recorded
// from, and knows which facts its lines hold. One file per family in families/.

import type { PoolOptions, ZpoolBackend } from "@zlab/zpool";
import type { Checker } from "./checker.ts";
import type { Payload } from "./payload.ts";
import type { TraceHeader } from "./trace-header.ts";
import type { TraceLine } from "./trace-line.ts";

/** What the header says about the pool. */
export interface TraceSettings {
  readonly pageBytes: number;
  /** Options of the pool that recorded the trace. */
  readonly poolOptions: PoolOptions;
}

/** What the user said about the pool. */
interface SettingsOverrides {
  readonly chainSize?: number | undefined;
}

/** What a player plays on. */
export interface Stage {
  readonly header: TraceHeader;
  readonly pool: ZpoolBackend;
  readonly pageBytes: number;
  /** Options of the pool that recorded the trace, whatever `pool` is. */
  readonly recordedOptions: PoolOptions;
  /** Present if recorded facts are to be checked; then `pool` is of the family's own backend. */
  readonly checker: Checker | undefined;
  /** Present if objects have contents. */
  readonly payload: Payload | undefined;
}

/** Executes the lines of one trace on one pool. */
export interface TracePlayer {
  /** Attempts that the pool refused though the recorded one did not; only on another backend. */
  readonly refusedCount: number;
  /** Told the lines that come next, the first `count` of `lines`, to fetch what they will need. */
  expect?(lines: readonly TraceLine[], count: number): void;
  /** Executes one line and checks its facts. Throws a TraceError or a Divergence. */
  play(line: TraceLine): void;
}

export interface TraceFamily {
  /** "zsmalloc-6.12". */
  readonly name: string;
  /** Type of the backend that recorded it. */
  readonly backend: string;
  /** Whether the header is one of this family. */
  recognises(header: TraceHeader): boolean;
  /** Page size and pool options of the recording. Throws a TraceError for a header that contradicts itself. */
  settings(header: TraceHeader, overrides: SettingsOverrides): TraceSettings;
  createPlayer(stage: Stage): TracePlayer;
}
