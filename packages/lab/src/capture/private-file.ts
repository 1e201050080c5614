// A file with secrets: nobody else can read it from its first moment, and it has its name only when it is complete and on the disk.

import { closeSync, existsSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { fileError, writeError } from "../errors.ts";

const OWNER_ONLY = 0o600;

/** What the disk is asked to do, or a stand-in for it. */
export interface DiskCalls {
  writeSync(descriptor: number, bytes: Uint8Array, offset: number): number;
  fsyncSync(descriptor: number): void;
}

export class PrivateFile implements Disposable {
  /** As the user named it. */
  readonly name: string;
  readonly #path: string;
  readonly #partialPath: string;
  #descriptor: number | undefined;
  #isComplete = false;
  readonly #disk: DiskCalls;

  /** Creates the file under another name beside it. Throws a `UsageError` if there is one with its name, or a `WriteFailure` if it can't be
   * created. */
  constructor(name: string, cwd: string, disk: DiskCalls = { writeSync, fsyncSync }) {
    this.name = name;
    this.#disk = disk;
    this.#path = resolve(cwd, name);
    this.#partialPath = `${this.#path}.${process.pid}.partial`;
    if (existsSync(this.#path)) throw fileError(name, "is there already; name another file, or remove it");
    this.#descriptor = this.#attempt(() => openSync(this.#partialPath, "wx", OWNER_ONLY));
  }

  /** Throws a `WriteFailure`, as do the other methods. */
  write(bytes: Uint8Array): void {
    this.#attempt(() => {
      for (let written = 0; written < bytes.length;) written += this.#disk.writeSync(this.#descriptor!, bytes, written);
    });
  }

  /** Waits until all that was written is on the disk. A disk may find out here that it is full. */
  sync(): void {
    this.#attempt(() => this.#disk.fsyncSync(this.#descriptor!));
  }

  /** Gives the complete file its name. */
  complete(): void {
    this.sync();
    this.#attempt(() => renameSync(this.#partialPath, this.#path));
    this.#isComplete = true;
  }

  /** Closes the file. Without `complete` nothing of it is left. */
  [Symbol.dispose](): void {
    if (this.#descriptor === undefined) return;
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (!this.#isComplete) unlinkSync(this.#partialPath);
    closeSync(descriptor);
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw writeError(this.name, error);
    }
  }
}
