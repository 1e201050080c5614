// The program as a process: what `run` can't show. Needs the built program, which `npm test` has made before.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { packageDirectory, temporaryFile } from "./zlab.ts";

const program = `${packageDirectory}dist/main.js`;

function shell(command: string): { code: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, NODE: process.execPath, ZLAB: program, NO_COLOR: "1" };
  const { status, stdout, stderr } = spawnSync("bash", ["-c", `set -o pipefail; ${command}`], {
    env,
    cwd: packageDirectory,
    encoding: "utf8",
  });
  return { code: status, stdout, stderr };
}

describe.skipIf(!existsSync(program))("the process", () => {
  test("has the exit code of the command", () => {
    expect(shell('"$NODE" "$ZLAB" --version')).toMatchObject({ code: 0, stderr: "" });
    expect(shell('"$NODE" "$ZLAB" nosuch')).toMatchObject({ code: 2, stdout: "" });
  });

  test.skipIf(!existsSync("/dev/full"))("says on one line that its output can't be written", () => {
    const { code, stderr } = shell('"$NODE" "$ZLAB" backends >/dev/full');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^zlab: cannot write the output: ENOSPC[^\n]*\n$/);
  });

  test("reports what a driver module leaves behind on one line", () => {
    const { code, stderr } = shell('"$NODE" "$ZLAB" backends --driver test/fixtures/delayed-failure.js >/dev/null');
    expect(code).toBe(2);
    expect(stderr).toBe("zlab: uncaught: too late\n");
  });

  test("says when a driver module never finishes loading", () => {
    const file = temporaryFile("waiting.mjs", "await new Promise(() => {});");
    const { code, stderr } = shell(`"$NODE" "$ZLAB" backends --driver ${file}`);
    expect({ code, stderr }).toEqual({ code: 2, stderr: "zlab: a module that was imported never finished loading\n" });
  });

  test("a driver may lie anywhere", () => {
    const file = temporaryFile("somewhere.mjs", readFileSync(`${packageDirectory}examples/page-per-object.js`));
    const { code, stdout, stderr } = shell(`"$NODE" "$ZLAB" backends --driver ${file} | tail -n 1`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^page-per-object +4,096 /);
  });

  test("says when the memory isn't enough", () => {
    const file = temporaryFile("greedy.mjs", "for (const all = []; ; all.push([all]));");
    const { code, stderr } = shell(`NODE_OPTIONS=--max-old-space-size=40 "$NODE" "$ZLAB" backends --driver ${file}`);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^zlab: there is not enough memory for this input; [^\n]*\n$/);
  });

  test("ends quietly when its reader has gone", () => {
    const { code, stderr } = shell('"$NODE" "$ZLAB" stat --json | true');
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

interface Ending {
  readonly code: number | null;
  readonly endedBy: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs zlab, sends it a signal as soon as it prints something, and waits for its end. */
function signalled(argv: readonly string[], signal: NodeJS.Signals): Promise<Ending> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...argv], { cwd: packageDirectory });
    let stdout = "";
    let stderr = "";
    child.stdout.once("data", () => child.kill(signal));
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.on("close", (code, endedBy) => resolve({ code, endedBy, stdout, stderr }));
  });
}

describe.skipIf(!existsSync(program))("a signal", () => {
  test("ends a command with what it has so far", async () => {
    const { code, stdout, stderr } = await signalled(["reproduce"], "SIGINT");
    expect(code).toBe(130);
    expect(stdout).toMatch(/^T1 /m);
    expect(stdout).toMatch(/figures/);
    expect(stderr).toMatch(/^zlab: interrupted after \d+ of \d+ tables\nzlab: ended by SIGINT\n$/);
  });

  test("ends a module that never gives way", async () => {
    const file = temporaryFile("busy.mjs", 'import { writeSync } from "node:fs"; writeSync(1, "busy"); for (;;);');
    const { endedBy, stdout, stderr } = await signalled(["backends", "--driver", file], "SIGTERM");
    expect({ endedBy, stdout, stderr }).toEqual({
      endedBy: "SIGTERM",
      stdout: "busy",
      stderr: "zlab: ended by SIGTERM\n",
    });
  });
});
