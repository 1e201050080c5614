// What the kernel's side needs of the machine that it runs on, in one place, so that tests can stand in for a machine with zram.

import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import process from "node:process";
import { pageAlignedBuffer } from "./page-aligned-buffer.ts";

/** A device that is open for direct I/O. Both methods throw an error with a `code` as Node's have it. */
export interface DirectFile {
  read(offsetBytes: number, target: Uint8Array): void;
  write(offsetBytes: number, source: Uint8Array): void;
  close(): void;
}

/** A small file whose text changes, opened once. */
export interface TextFile {
  read(): string;
  close(): void;
}

/** Files and commands of a machine. What fails throws an error with a `code` as Node's have it. */
export interface Host {
  readonly platform: string;
  /** 0 is root; undefined where users have no numbers. */
  readonly userId: number | undefined;
  /** "6.18.44-generic" */
  readonly kernelRelease: string;
  exists(path: string): boolean;
  isWritable(path: string): boolean;
  /** Names in a directory. */
  list(path: string): string[];
  readBytes(path: string): Uint8Array;
  writeText(path: string, text: string): void;
  openText(path: string): TextFile;
  /** "253:1", or undefined if there is no block device of that path. */
  deviceNumberOf(path: string): string | undefined;
  openDirect(path: string, longestBytes: number): DirectFile;
  removeFile(path: string): void;
  /** Runs a command and returns what it says of an error; undefined if all went well. */
  run(command: string, args: readonly string[]): string | undefined;
  pause(ms: number): void;
  /** Has something done when the process ends, however it ends short of being killed. */
  onExit(action: () => void): void;
}

/** The machine that the program runs on. */
export function thisHost(): Host {
  return {
    platform: process.platform,
    userId: process.getuid?.(),
    kernelRelease: os.release(),
    exists: fs.existsSync,
    isWritable,
    list: (path) => fs.readdirSync(path),
    readBytes: (path) => fs.readFileSync(path),
    writeText: (path, text) => fs.writeFileSync(path, text),
    openText,
    deviceNumberOf,
    openDirect,
    removeFile: (path) => fs.rmSync(path),
    run,
    pause: (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
    onExit: (action) => void process.once("exit", action),
  };
}

/** Also false for root where the file system is mounted for reading only. */
function isWritable(path: string): boolean {
  try {
    fs.accessSync(path, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function openText(path: string): TextFile {
  const file = fs.openSync(path, "r");
  const buffer = Buffer.alloc(4096);
  return {
    read: () => buffer.toString("latin1", 0, fs.readSync(file, buffer, 0, buffer.length, 0)),
    close: () => fs.closeSync(file),
  };
}

function deviceNumberOf(path: string): string | undefined {
  const stat = fs.statSync(path, { throwIfNoEntry: false, bigint: true });
  if (stat?.isBlockDevice() !== true) return undefined;
  // Linux: 12 bits of the major number from bit 8, its rest from bit 32; 8 bits of the minor number from bit 0, its rest from bit 12.
  const { rdev } = stat;
  const major = ((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xffff_f000n);
  const minor = (rdev & 0xffn) | ((rdev >> 12n) & 0xffff_ff00n);
  return `${major}:${minor}`;
}

function openDirect(path: string, longestBytes: number): DirectFile {
  const { O_DIRECT, O_RDWR } = fs.constants;
  const file = fs.openSync(path, O_DIRECT | O_RDWR);
  const buffer = pageAlignedBuffer(longestBytes);
  return {
    read(offsetBytes, target) {
      requireWhole(path, fs.readSync(file, buffer, 0, target.length, offsetBytes), target.length);
      target.set(buffer.subarray(0, target.length));
    },
    write(offsetBytes, source) {
      buffer.set(source);
      requireWhole(path, fs.writeSync(file, buffer, 0, source.length, offsetBytes), source.length);
    },
    close: () => fs.closeSync(file),
  };
}

function requireWhole(path: string, doneBytes: number, lengthBytes: number): void {
  if (doneBytes !== lengthBytes) throw new Error(`${path}: ${doneBytes} of ${lengthBytes} bytes were transferred`);
}

function run(command: string, args: readonly string[]): string | undefined {
  const { status, signal, error, stderr } = spawnSync(command, args, {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  if (status === 0) return undefined;
  return error?.message ?? (stderr.trim() || `${command} ended with ${signal ?? `status ${status}`}`);
}
