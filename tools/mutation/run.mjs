// `npm run mutate -- [PACKAGE...]`: changes the sources of each package in every way that Stryker knows, one at a time, and tells
// which changes no test of the package noticed. Names of files or ranges of lines (`zsmalloc:compact.ts`, `zbud:check.ts:20-40`) judge only
// those. `--report` shows the last reports again without running anything. Survivors that equivalent.json explains are counted apart.

import { existsSync, readFileSync } from "node:fs";
import { assertArguments, cores, installTool, root, run } from "../workspace.mjs";

const USAGE = `usage: npm run mutate -- [--report] [--survivors] [PACKAGE[:FILE[:FIRST-LAST]]...]
Without names: ${cores.join(", ")}. --survivors lists what no test noticed and nothing explains.
`;
const FLAGS = ["--report", "--survivors"];
const KILLED = new Set(["Killed", "Timeout"]);
const UNNOTICED = new Set(["Survived", "NoCoverage"]);

const explained = new Set(
  JSON.parse(readFileSync(new URL("equivalent.json", import.meta.url), "utf8")).map(({ file, original, mutant }) =>
    keyOf(file, original, mutant),
  ),
);

const given = process.argv.slice(2);
assertArguments(given, FLAGS, USAGE);
main();

function main() {
  const targets = given.filter((argument) => !FLAGS.includes(argument));
  const names = targets.length > 0 ? targets : cores;
  if (!given.includes("--report")) {
    installTool("mutation");
    for (const target of names) mutate(target);
  }
  const judged = names.filter((target) => existsSync(root + reportFile(target)));
  const results = judged.map((target) => ({ target, mutants: readMutants(target) }));
  writeTable(results);
  if (given.includes("--survivors")) for (const { mutants } of results) writeSurvivors(mutants);
}

function mutate(target) {
  const [name, file, lines] = target.split(":");
  const range = file === undefined ? [] : ["--mutate", `packages/${name}/src/${file}${lines ? `:${lines}` : ""}`];
  const stryker = new URL("node_modules/@stryker-mutator/core/bin/stryker.js", import.meta.url).pathname;
  const options = [stryker, "run", "tools/mutation/stryker.config.mjs", ...range];
  run(process.execPath, options, { ZLAB_MUTATED_PACKAGE: name, ZLAB_MUTATION_REPORT: reportFile(target) }, [
    "ignore",
    "inherit",
    "inherit",
  ]);
}

/** Where Stryker's report of a package, or of a part of one ("zbud:check.ts:20-40"), goes. Seen from the root of the repository. */
function reportFile(target) {
  return `.cache/mutation/${target.replaceAll(/[:/]/g, "-")}.json`;
}

/** The mutants of a report, with the text that each replaces. */
function readMutants(target) {
  const { files } = JSON.parse(readFileSync(root + reportFile(target), "utf8"));
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split("\n");
    return mutants.map(({ location, replacement, status }) => {
      const original = textAt(lines, location);
      const isExplained = explained.has(keyOf(file, original, replacement));
      return { file, line: location.start.line, original, replacement, status, isExplained };
    });
  });
}

function textAt(lines, { start, end }) {
  const text = lines.slice(start.line - 1, end.line);
  text[text.length - 1] = text[text.length - 1].slice(0, end.column - 1);
  text[0] = text[0].slice(start.column - 1);
  return text.join("\n");
}

function keyOf(file, original, mutant) {
  return [file, original, mutant].join("\0");
}

function writeTable(results) {
  const rows = results.map(({ target, mutants }) => [target, ...countsOf(mutants)]);
  rows.push(["all", ...countsOf(results.flatMap(({ mutants }) => mutants))]);
  const table = [["package", "mutants", "killed", "survived", "explained", "score"], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  for (const [name, ...cells] of table) {
    const rest = cells.map((cell, i) => cell.padStart(widths[i + 1]));
    process.stdout.write(`${[name.padEnd(widths[0]), ...rest].join("  ")}\n`);
  }
}

/** Mutants, killed, survived, survivors explained, and killed of all in percent. */
function countsOf(mutants) {
  const killed = mutants.filter(({ status }) => KILLED.has(status)).length;
  const unnoticed = mutants.filter(({ status }) => UNNOTICED.has(status));
  const all = killed + unnoticed.length;
  const explainedCount = unnoticed.filter(({ isExplained }) => isExplained).length;
  return [
    all,
    killed,
    unnoticed.length,
    explainedCount,
    all === 0 ? "-" : `${((100 * killed) / all).toFixed(1)} %`,
  ].map(String);
}

function writeSurvivors(mutants) {
  for (const { file, line, original, replacement, status, isExplained } of mutants) {
    if (!UNNOTICED.has(status) || isExplained) continue;
    process.stdout.write(`\n${file}:${line}${status === "NoCoverage" ? " (no test runs it)" : ""}\n`);
    process.stdout.write(`- ${original}\n+ ${replacement}\n`);
  }
}
