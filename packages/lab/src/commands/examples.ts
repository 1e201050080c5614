// The examples at the end of a command's help.

/** A section "Examples:" of command lines with what they do, in two columns. */
export function examples(list: readonly (readonly [command: string, what: string])[]): string {
  const width = Math.max(...list.map(([command]) => command.length));
  const lines = list.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`);
  return `\nExamples:\n${lines.join("\n")}`;
}
