// A file with secrets: nobody else can read it from its first moment, and it has its name only when it is complete.

import { closeSync, existsSync, openSync, renameSync, unlinkSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { fileError, messageOf } from "../errors.ts";

const OWNER_ONLY = 0o600;

export class PrivateFile implements Disposable {
  /** As the user named it. */
  readonly name: string;
  readonly #path: string;
  readonly #partialPath: string;
  #descriptor: number | undefined;
  #isComplete = false;

  /** Creates the file under another name beside it. Throws a `UsageError` if there is one with its name, or it can't be created. */
  constructor(name: string, cwd: string) {
    this.name = name;
    this.#path = resolve(cwd, name);
    this.#partialPath = `${this.#path}.${process.pid}.partial`;
    if (existsSync(this.#path)) throw fileError(name, "is there already; name another file with --out, or remove it");
    this.#descriptor = this.#attempt(() => openSync(this.#partialPath, "wx", OWNER_ONLY));
  }

  write(bytes: Uint8Array): void {
    this.#attempt(() => {
      for (let written = 0; written < bytes.length;) written += writeSync(this.#descriptor!, bytes, written);
    });
  }

  /** Gives the complete file its name. */
  complete(): void {
    this.#attempt(() => renameSync(this.#partialPath, this.#path));
    this.#isComplete = true;
  }

  /** Closes the file. Without `complete` nothing of it is left. */
  [Symbol.dispose](): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    if (!this.#isComplete) unlinkSync(this.#partialPath);
  }

  #attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw fileError(this.name, `cannot be written: ${messageOf(error)}`);
    }
  }
}
