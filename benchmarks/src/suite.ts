// A suite as the program sees it.

import type { CaseResult } from "./case-result.ts";
import type { CaseRequest } from "./cases.ts";
import type { SuiteReport } from "./report.ts";

/** What a suite is run with. */
export interface SuiteContext {
  /** Only these backends, by label; all if empty. */
  readonly backends: readonly string[];
  /** Small sizes and few samples: for a look at whether everything works, not for figures. */
  readonly isTrial: boolean;
  /** Runs a case; for figures in a process of its own. */
  readonly runCase: (request: CaseRequest) => Promise<CaseResult>;
  /** Tells what is measured now. */
  readonly progress: (what: string) => void;
}

/** One suite of benchmarks. */
export interface Suite {
  readonly name: string;
  /** One line for the help. */
  readonly summary: string;
  /** Whether `npm run bench` without names runs it. */
  readonly isDefault: boolean;
  readonly run: (context: SuiteContext) => Promise<SuiteReport>;
}
