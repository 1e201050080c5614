// What is thrown. Expected failures of the data plane are error numbers (errno.ts); an exception means a wrong
// configuration or a programmer's error, and its message says what was wrong, where, and what to do.

/** Base of every exception that zlab throws on purpose; `code` is stable, the message is for people. */
export class ZlabError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = new.target.name;
    this.code = code;
  }

  /** Whether `error` is one of zlab's own, optionally of one code; works across copies of the package. */
  static is(error: unknown, code?: string): error is ZlabError {
    if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return false;
    return error.code.startsWith("ZLAB_") && (code === undefined || error.code === code);
  }
}

/** A wrong configuration of the machine, or a use of it that hardware or kernel would not survive. */
export class MachineError extends ZlabError {}
