// `npm run mutate -- [PACKAGE...]`: changes the sources of each package in every way that Stryker knows, one at a time, and tells
// which changes no test of the package noticed. It goes in two rounds: all mutants before the quick tests, and those that live
// before all tests. Names of files or ranges of lines (`zsmalloc:compact.ts`, `zbud:check.ts:20-40`) judge only those. `--quick`
// leaves out the second round; `--again` goes on with it from the last report; `--report` shows the last reports without running
// anything. Survivors that equivalent.json explains are counted apart.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { assertArguments, cores, installTool, root, run } from "../workspace.mjs";

const USAGE = `usage: npm run mutate -- [--quick] [--again] [--report] [--survivors] [PACKAGE[:FILE[:FIRST-LAST]]...]
Without names: ${cores.join(", ")}. --survivors lists what no test noticed and nothing explains.
ZLAB_MUTATION_JOBS=N judges N mutants at a time (1).
`;
const FLAGS = ["--quick", "--again", "--report", "--survivors"];
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
  const part = file === undefined ? [] : [`packages/${name}/src/${file}${lines ? `:${lines}` : ""}`];
  if (!given.includes("--again")) stryker(name, part, reportFile(target), true);
  if (given.includes("--quick")) return;
  const living = readMutants(target).filter(isLiving);
  if (living.length === 0) return;
  const second = reportFile(`${target}-living`);
  stryker(name, living.map(rangeOf), second, false);
  mergeReports(target, readReport(second));
}

/** Judges the mutants of a package, or those within `ranges` only. */
function stryker(name, ranges, report, quick) {
  const program = new URL("node_modules/@stryker-mutator/core/bin/stryker.js", import.meta.url).pathname;
  const part = ranges.length === 0 ? [] : ["--mutate", ranges.join(",")];
  run(
    process.execPath,
    [program, "run", "tools/mutation/stryker.config.mjs", ...part],
    { ZLAB_MUTATED_PACKAGE: name, ZLAB_MUTATION_REPORT: report, ZLAB_MUTATION_QUICK: quick ? "1" : "" },
    ["ignore", "inherit", "inherit"],
  );
}

/** What no test noticed so far and nothing explains. */
function isLiving({ status, isExplained }) {
  return UNNOTICED.has(status) && !isExplained;
}

/** A mutant's place as Stryker takes it: lines from 1, columns from 0. */
function rangeOf({ file, location: { start, end } }) {
  return `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`;
}

/** Enters the verdicts of the second round in the report of the first. */
function mergeReports(target, second) {
  const report = readReport(reportFile(target));
  for (const [file, { mutants }] of Object.entries(report.files)) {
    const verdicts = new Map(second.files[file]?.mutants.map((mutant) => [placeOf(mutant), mutant.status]));
    for (const mutant of mutants) {
      const verdict = verdicts.get(placeOf(mutant));
      if (UNNOTICED.has(mutant.status) && verdict !== undefined) mutant.status = verdict;
    }
  }
  writeFileSync(root + reportFile(target), JSON.stringify(report));
}

function placeOf({ location: { start, end }, replacement }) {
  return [start.line, start.column, end.line, end.column, replacement].join(":");
}

function readReport(report) {
  return JSON.parse(readFileSync(root + report, "utf8"));
}

/** Where Stryker's report of a package, or of a part of one ("zbud:check.ts:20-40"), goes. Seen from the root of the repository. */
function reportFile(target) {
  return `.cache/mutation/${target.replaceAll(/[:/]/g, "-")}.json`;
}

/** The mutants of a report, with the text that each replaces. */
function readMutants(target) {
  const { files } = readReport(reportFile(target));
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    const lines = source.split("\n");
    return mutants.map(({ location, replacement, status }) => {
      const original = textAt(lines, location);
      const isExplained = explained.has(keyOf(file, original, replacement));
      return { file, location, original, replacement, status, isExplained };
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
  for (const { file, location, original, replacement, status } of mutants.filter(isLiving)) {
    process.stdout.write(`\n${file}:${location.start.line}${status === "NoCoverage" ? " (no test runs it)" : ""}\n`);
    process.stdout.write(`- ${original}\n+ ${replacement}\n`);
  }
}
