// Error numbers of the device, beside those that allocators return. The numbers are those of Linux on x86-64 and arm64.

import { type Errno, errnoName } from "@zlab/hw-sim";

/** There is no such file. */
export const ENOENT: Errno = -2 as Errno;
/** The request failed in the device. */
export const EIO: Errno = -5 as Errno;
/** The text is too long. */
export const E2BIG: Errno = -7 as Errno;
/** The node is closed. */
export const EBADF: Errno = -9 as Errno;
/** Another recompression or writeback is running. */
export const EAGAIN: Errno = -11 as Errno;
/** The file can't be opened in this direction. */
export const EACCES: Errno = -13 as Errno;
/** The backing file is no block device. */
export const ENOTBLK: Errno = -15 as Errno;
/** There is no such device. */
export const ENODEV: Errno = -19 as Errno;
/** The path is a directory. */
export const EISDIR: Errno = -21 as Errno;
/** The number is too large. */
export const ERANGE: Errno = -34 as Errno;
/** The device can't do that at all. */
export const EOPNOTSUPP: Errno = -95 as Errno;

const names = new Map<number, string>([
  [ENOENT, "ENOENT"],
  [EIO, "EIO"],
  [E2BIG, "E2BIG"],
  [EBADF, "EBADF"],
  [EAGAIN, "EAGAIN"],
  [EACCES, "EACCES"],
  [ENOTBLK, "ENOTBLK"],
  [ENODEV, "ENODEV"],
  [EISDIR, "EISDIR"],
  [ERANGE, "ERANGE"],
  [EOPNOTSUPP, "EOPNOTSUPP"],
]);

/** The symbolic name of any error number that the device returns or throws. */
export function zramErrnoName(errno: number): string {
  return names.get(errno) ?? errnoName(errno);
}
