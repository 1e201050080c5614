// The two ways in which a replay ends early. Both are thrown without a place; whoever reads the file adds file and line.

/** The trace itself is faulty: broken JSON, an unknown operation, an object freed twice. Misuse. */
export class TraceError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TraceError";
  }
}

/** A recorded fact is not what the simulated allocator did. A result, not a mistake of the user. */
export class Divergence extends Error {
  /** The fact, "zspage sequence" say. */
  readonly what: string;
  /** What the trace says. */
  readonly expected: string;
  /** What the simulation did. */
  readonly got: string;

  constructor(what: string, expected: string | number, got: string | number) {
    super(`${what}: expected ${expected}, got ${got}`);
    this.name = "Divergence";
    this.what = what;
    this.expected = String(expected);
    this.got = String(got);
  }
}
