// Error numbers of the data plane. As in the kernel an expected failure is a small negative number returned in the
// place of the result, so that the hot path neither throws nor allocates.

declare const errnoBrand: unique symbol;

/** A negative error number. Told apart from a result by `isErrno`, which narrows the type. */
export type Errno = number & { readonly [errnoBrand]: true };

/** Invalid argument: a request of 0 bytes, or a flag that the backend refuses. */
export const EINVAL: Errno = -22 as Errno;
/** The request can never fit in this backend, whatever memory is free. */
export const ENOSPC: Errno = -28 as Errno;
/** No page could be had. */
export const ENOMEM: Errno = -12 as Errno;
/** The thing is in use. */
export const EBUSY: Errno = -16 as Errno;

const names = new Map<number, string>([
  [EINVAL, "EINVAL"],
  [ENOSPC, "ENOSPC"],
  [ENOMEM, "ENOMEM"],
  [EBUSY, "EBUSY"],
]);

/** Whether a result is an error number; the other branch of the type is then excluded. */
export function isErrno(result: number): result is Errno {
  return result < 0;
}

/** The symbolic name, "ENOMEM" for -12; "errno -5" for a number that zlab never returns. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}
