// What the control files of a device throw. I/O returns error numbers instead.

import { type Errno, ZlabError } from "@zlab/hw-sim";
import { zramErrnoName } from "./errno.ts";

/** An attribute or a control file refused: the kernel's error number, and in words why. The code is the number's name behind
 * "ZLAB_ZRAM_", for example ZLAB_ZRAM_EBUSY. */
export class ZramError extends ZlabError {
  /** Negative, as in the kernel. */
  readonly errno: Errno;
  /** "EBUSY" */
  readonly errnoName: string;

  constructor(errno: Errno, message: string) {
    const name = zramErrnoName(errno);
    super(`ZLAB_ZRAM_${name}`, `${message} (${name})`);
    this.errno = errno;
    this.errnoName = name;
  }
}
