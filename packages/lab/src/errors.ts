// What the user did wrong. Such an error is one line on stderr and exit code 2, never a stack trace.

/** Misuse: a wrong option, file or module. The message says what is wrong and, after a semicolon, what to do. `zlab: ` is put
 * in front when it is printed. Control characters, which may stand in what is quoted from a file, are replaced: a terminal would
 * obey them. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message.replaceAll(/\p{Cc}/gu, "\uFFFD"));
    this.name = "UsageError";
  }
}

/** What the command made can't be written, as on a full disk. No misuse: exit code 1. */
export class WriteFailure extends UsageError {
  constructor(message: string) {
    super(message);
    this.name = "WriteFailure";
  }
}

/** Thrown to leave a step in the midst of it because the user wants the command to end. A command that has results of earlier steps
 * catches it and shows them. */
export class Interrupted extends Error {
  constructor() {
    super("interrupted before there was a result");
    this.name = "Interrupted";
  }
}

/** Throws `Interrupted` if the user wants the command to end. */
export type Checkpoint = () => void;

export function checkpointOf({ isInterrupted }: { readonly isInterrupted?: () => boolean }): Checkpoint {
  return () => {
    if (isInterrupted?.() === true) throw new Interrupted();
  };
}

/** Misuse found in a file: "FILE: what is wrong; what to do", or "FILE:LINE: …" with a line number from 1. */
export function fileError(file: string, what: string, line?: number): UsageError {
  return new UsageError(`${line === undefined ? file : `${file}:${line}`}: ${what}`);
}

const readFailures = new Map([
  ["ENOENT", "no such file; check the path"],
  ["EISDIR", "is a directory; name a file"],
  ["EACCES", "permission denied; make the file readable"],
  ["EPERM", "permission denied; make the file readable"],
  ["ENOTDIR", "a part of the path is not a directory; check the path"],
  ["ENAMETOOLONG", "the path is too long; check it"],
  ["ELOOP", "too many symbolic links; check the path"],
]);

/** Turns an error of `node:fs` about `file` into a message for people. */
export function readError(file: string, error: unknown): UsageError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return fileError(file, readFailures.get(code) ?? `cannot be read: ${messageOf(error)}`);
}

const writeFailures = new Map([
  ["ENOSPC", "the disk is full; make room, or name a file on another one"],
  ["EDQUOT", "your share of the disk is full; make room, or name a file on another one"],
  ["EACCES", "permission denied; name a file in a directory of yours"],
  ["EPERM", "permission denied; name a file in a directory of yours"],
  ["EROFS", "the file system is read-only; name a file on another one"],
  ["ENOENT", "there is no such directory; check the path"],
  ["ENOTDIR", "a part of the path is not a directory; check the path"],
  ["ENAMETOOLONG", "the name is too long; choose another"],
]);

/** Turns an error of `node:fs` on writing `file` into a message for people. */
export function writeError(file: string, error: unknown): WriteFailure {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return new WriteFailure(`${file}: cannot be written: ${writeFailures.get(code) ?? messageOf(error)}`);
}

/** The message of anything thrown, on one line. */
export function messageOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.trim().replaceAll(/\s*\n\s*/g, " ");
}

/** As much of what the user gave as is needed to recognise it in a message. */
export function shorten(text: string, maxLength = 40): string {
  return text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
}
