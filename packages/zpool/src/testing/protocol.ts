// The lines of a counterexample, made short: runs of lines of one kind become one line.

const MIN_RUN = 4; // shorter runs are told line by line
const MAX_LINES = 60;
const KEPT_AT_ENDS = 25;

/** "a = malloc(24)" to "h = malloc(24)" become "a … h = malloc(24), 8 objects"; what is still too long loses its middle. */
export function foldProtocol(lines: readonly string[]): string[] {
  const folded: string[] = [];
  for (let start = 0; start < lines.length;) {
    const end = endOfRun(lines, start);
    const run = lines.slice(start, end);
    if (run.length < MIN_RUN) folded.push(...run);
    else folded.push(foldRun(run));
    start = end;
  }
  if (folded.length <= MAX_LINES) return folded;
  const leftOut = folded.length - 2 * KEPT_AT_ENDS;
  return [...folded.slice(0, KEPT_AT_ENDS), `… (${leftOut} lines left out)`, ...folded.slice(-KEPT_AT_ENDS)];
}

/** Index after the last of the lines from `start` on that are of one kind. */
function endOfRun(lines: readonly string[], start: number): number {
  const kind = kindOf(lines[start]!);
  if (kind === undefined) return start + 1;
  const end = lines.findIndex((line, index) => index > start && kindOf(line) !== kind);
  return end < 0 ? lines.length : end;
}

/** What a line says without the object's name; undefined for lines that are told one by one. */
function kindOf(line: string): string | undefined {
  const malloc = /^\w+ = (malloc\(\d+\)(?:: ENOMEM)?)$/.exec(line);
  if (malloc !== null) return malloc[1];
  return /^free\(\w+\)$/.test(line) ? "free" : undefined;
}

function foldRun(run: readonly string[]): string {
  const [first, last] = [run[0]!, run.at(-1)!];
  if (first.startsWith("free("))
    return `${run.map((line) => line.slice(0, -1).replace("free(", "")).reduce(joinFreed)})`;
  return `${first.split(" ")[0]} … ${last}, ${run.length} objects`;
}

/** "free(a" and "b" to "free(a, b". */
function joinFreed(joined: string, name: string, index: number): string {
  return `${index === 1 ? `free(${joined}` : joined}, ${name}`;
}
