// The command line of the benchmarks.

import { parseArgs } from "node:util";

/** Wrong use of the command line; the message says what was wrong. */
export class UsageError extends Error {}

/** The command line, read. */
export interface BenchArguments {
  readonly suites: readonly string[];
  readonly backends: readonly string[];
  readonly isTrial: boolean;
  readonly isJson: boolean;
  readonly isHelp: boolean;
  /** The run to compare with: a file, or "" for the latest kept one. */
  readonly baseline: string | undefined;
  /** Name under which the run is kept; by default its date. */
  readonly saveAs: string | undefined;
}

const OPTIONS = {
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  trial: { type: "boolean" },
  backend: { type: "string", multiple: true },
  baseline: { type: "string" },
  save: { type: "string" },
} as const;

/** Reads the arguments. Throws a UsageError for unknown options, and for names that are none of `suites`. */
export function readArguments(argv: readonly string[], suites: readonly string[]): BenchArguments {
  const { values, positionals } = parse(withBaselineValue(argv));
  const unknown = positionals.find((name) => !suites.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no suite "${unknown}"; there are: ${suites.join(", ")}`);
  }
  if (values.save !== undefined && !/^[\w.-]+$/.test(values.save)) {
    throw new UsageError(`--save takes a plain name, not "${values.save}"`);
  }
  return {
    suites: positionals,
    backends: values.backend ?? [],
    isTrial: values.trial === true,
    isJson: values.json === true,
    isHelp: values.help === true,
    baseline: values.baseline,
    saveAs: values.save,
  };
}

/** `--baseline` may stand alone, which `parseArgs` doesn't know: gives it the value "" unless a file follows. */
function withBaselineValue(argv: readonly string[]): string[] {
  return argv.map((argument, i) => {
    const hasFile = argv[i + 1]?.endsWith(".json") === true;
    return argument === "--baseline" && !hasFile ? "--baseline=" : argument;
  });
}

function parse(args: string[]): {
  values: { json?: boolean; help?: boolean; trial?: boolean; backend?: string[]; baseline?: string; save?: string };
  positionals: string[];
} {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
