// What the program and its threads say to each other. Sizes are not said: they are in the table that all share.

import { UsageError, messageOf } from "../errors.ts";
import type { SharedPages } from "../pages/page-set.ts";

/** What a thread is started with. */
export interface SizingOrder {
  readonly pages: SharedPages;
  /** Items of `--codec`: names, and files of modules, which the thread imports by itself. */
  readonly codecs: readonly string[];
  readonly cwd: string;
  readonly pageCount: number;
  readonly sizes: SharedArrayBuffer;
  readonly chunks: SharedArrayBuffer;
}

/** A chunk is done; or it failed, and the thread takes no other. Without a number the thread could not begin. */
export interface ChunkReport {
  readonly chunk?: number;
  readonly failure?: Failure;
}

/** An error on its way to another thread. Cloning an Error loses its class, and with it whether the user is to blame. */
export interface Failure {
  readonly message: string;
  readonly isUsageError: boolean;
  readonly code: string | undefined;
  readonly stack: string | undefined;
}

export function failureOf(error: unknown): Failure {
  const code = error instanceof Error && "code" in error ? String(error.code) : undefined;
  const stack = error instanceof Error ? error.stack : undefined;
  return { message: messageOf(error), isUsageError: error instanceof UsageError, code, stack };
}

/** The error that the thread had. */
export function errorOf({ message, isUsageError, code, stack }: Failure): Error {
  const error = isUsageError ? new UsageError(message) : new Error(message);
  if (stack !== undefined) error.stack = stack;
  return code === undefined ? error : Object.assign(error, { code });
}
