// What a case hands back to the process that started it.

/** Samples and single figures of one case, and what it cost the process that ran it. */
export interface CaseResult {
  /** Samples by the name of what was measured. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
  /** Single figures by name. */
  readonly facts: Readonly<Record<string, number>>;
  /** Collections of the young generation while the case was measured. */
  readonly scavenges: number;
  /** All other garbage collections: mark-sweep and its incremental steps. */
  readonly otherCollections: number;
  /** Resident memory of the process at the end. */
  readonly rssBytes: number;
  /** Why the case ended early. */
  readonly refusal?: string;
}
