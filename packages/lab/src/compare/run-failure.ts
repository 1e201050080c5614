// What a comparison found wrong in a backend.

/** How a backend failed. Of a wrong byte, where it is and what it should be. */
export interface FailureDetails {
  /** What was being done: "verification after store", "churn", … */
  readonly stage: string;
  readonly message: string;
  /** Number of the page among all input pages. */
  readonly pageIndex?: number;
  /** Offset in the stored object, or in the page if what was read back decompresses to something else. */
  readonly offset?: number;
  readonly expected?: number;
  readonly got?: number;
}

/** Thrown to end the run of one backend; the others go on. */
export class RunFailure extends Error {
  readonly details: FailureDetails;

  constructor(details: FailureDetails) {
    super(details.message);
    this.name = "RunFailure";
    this.details = details;
  }
}
