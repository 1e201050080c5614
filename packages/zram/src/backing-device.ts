// Where pages can be written back to: a device of blocks, one page each.

import { EBUSY, EINVAL, type Errno } from "@zlab/hw-sim";
import * as fs from "node:fs";
import { EIO, EISDIR, ENOENT, ENOTBLK, EACCES } from "./errno.ts";
import { ZramError } from "./errors.ts";

/** An open device. Blocks are as large as a page and counted from 0. */
export interface BackingDevice {
  /** What the attribute backing_dev shows. */
  readonly path: string;
  readonly blockCount: number;
  /** Fills `target`, a page long. Returns 0 or EIO. */
  read(block: number, target: Uint8Array): 0 | Errno;
  /** Writes `source`, a page long. Returns 0 or EIO. */
  write(block: number, source: Uint8Array): 0 | Errno;
  /** Releases the claim on the device. */
  close(): void;
}

/** Opens and claims the device at a path. Throws a `ZramError`: ENOENT, EISDIR, ENOTBLK, EBUSY if it is claimed already, EINVAL if
 * it holds less than one page. */
export type BackingOpener = (path: string, pageBytes: number) => BackingDevice;

const OPEN_ERRORS: Readonly<Record<string, Errno>> = { ENOENT, EISDIR, EACCES, EPERM: EACCES };

/** Opens block devices of the host, and regular files, which the kernel would refuse with ENOTBLK: here they stand for devices. A file
 * is claimed by one device at a time, among those that use the same opener. */
export function hostFileOpener(): BackingOpener {
  const claimed = new Set<string>();
  return (path, pageBytes) => {
    const fd = openFile(path);
    const { dev, ino } = fs.fstatSync(fd);
    const identity = `${dev}:${ino}`;
    try {
      if (claimed.has(identity)) throw new ZramError(EBUSY, `backing device ${path} is in use`);
      const blockCount = Math.floor(fileBytes(fd, path) / pageBytes);
      if (blockCount === 0) throw new ZramError(EINVAL, `backing device ${path} is smaller than a page`);
      claimed.add(identity);
      return new HostFile(path, fd, blockCount, pageBytes, () => claimed.delete(identity));
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
  };
}

function openFile(path: string): number {
  try {
    return fs.openSync(path, "r+");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ZramError(OPEN_ERRORS[code ?? ""] ?? EIO, `backing device ${path} can't be opened: ${message}`);
  }
}

/** Size of a regular file or block device. A block device tells it by where its end is. */
function fileBytes(fd: number, path: string): number {
  const stat = fs.fstatSync(fd);
  if (stat.isFile()) return stat.size;
  if (!stat.isBlockDevice()) throw new ZramError(ENOTBLK, `backing device ${path} is neither block device nor file`);
  return blockDeviceBytes(fd);
}

/** Node has no lseek: the end is found by doubling and halving reads of one byte. */
function blockDeviceBytes(fd: number): number {
  const byte = new Uint8Array(1);
  const exists = (position: number): boolean => fs.readSync(fd, byte, 0, 1, position) === 1;
  if (!exists(0)) return 0;
  let below = 0;
  let beyond = 1;
  while (exists(beyond)) {
    below = beyond;
    beyond *= 2;
  }
  while (beyond - below > 1) {
    const middle = Math.floor((below + beyond) / 2);
    if (exists(middle)) below = middle;
    else beyond = middle;
  }
  return beyond;
}

class HostFile implements BackingDevice {
  readonly path: string;
  readonly blockCount: number;
  readonly #fd: number;
  readonly #pageBytes: number;
  readonly #release: () => void;

  constructor(path: string, fd: number, blockCount: number, pageBytes: number, release: () => void) {
    this.path = path;
    this.blockCount = blockCount;
    this.#fd = fd;
    this.#pageBytes = pageBytes;
    this.#release = release;
  }

  read(block: number, target: Uint8Array): 0 | Errno {
    return complete(() => fs.readSync(this.#fd, target, 0, this.#pageBytes, block * this.#pageBytes), this.#pageBytes);
  }

  write(block: number, source: Uint8Array): 0 | Errno {
    return complete(() => fs.writeSync(this.#fd, source, 0, this.#pageBytes, block * this.#pageBytes), this.#pageBytes);
  }

  close(): void {
    fs.closeSync(this.#fd);
    this.#release();
  }
}

/** EIO unless the transfer moves all bytes; whatever the host says, the user of a device is told of an I/O error. */
function complete(transfer: () => number, bytes: number): 0 | Errno {
  try {
    return transfer() === bytes ? 0 : EIO;
  } catch {
    return EIO;
  }
}
