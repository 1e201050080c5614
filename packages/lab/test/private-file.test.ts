// Files that must be whole or not there.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type DiskCalls, PrivateFile } from "../src/capture/private-file.ts";
import { run } from "../src/cli.ts";
import { WriteFailure } from "../src/errors.ts";

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "zlab-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

const fullAt = (calls: Partial<DiskCalls>): DiskCalls => ({
  writeSync: (_descriptor, bytes, offset) => Math.min(100, bytes.length - offset),
  fsyncSync: () => {},
  ...calls,
});
const noSpace = (): never => {
  throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
};

test.each([
  ["in the midst of writing", fullAt({ writeSync: (_d, _b, offset) => (offset === 0 ? 100 : noSpace()) })],
  ["when all was written", fullAt({ fsyncSync: noSpace })],
])("a disk that is full %s leaves nothing behind", (_when, disk) => {
  const directory = temporaryDirectory();
  const save = (): void => {
    using file = new PrivateFile("pages.bin", directory, disk);
    file.write(new Uint8Array(4096));
    file.complete();
  };
  expect(save).toThrow(
    new WriteFailure("pages.bin: cannot be written: the disk is full; make room, or name a file on another one"),
  );
  expect(readdirSync(directory)).toEqual([]);
});

test("has its name only when it is complete", () => {
  const directory = temporaryDirectory();
  {
    using file = new PrivateFile("pages.bin", directory);
    file.write(Uint8Array.of(1, 2, 3));
    expect(readdirSync(directory)).toEqual([`pages.bin.${process.pid}.partial`]);
    file.complete();
  }
  expect(readdirSync(directory)).toEqual(["pages.bin"]);
  expect([...readFileSync(join(directory, "pages.bin"))]).toEqual([1, 2, 3]);
});

test.skipIf(process.platform !== "linux")("that can't be written is no misuse: exit code 1", async () => {
  let stderr = "";
  const terminal = { write: (text: string) => (stderr += text) };
  const argv = ["capture", "--pid", String(process.pid), "--out", "no/pages.bin", "--limit", "1"];
  const code = await run(argv, { stdout: terminal, stderr: terminal, env: {}, cwd: temporaryDirectory() });
  expect(code).toBe(1);
  expect(stderr).toMatch(/\nzlab: no\/pages\.bin: cannot be written: there is no such directory; check the path\n$/);
});
