// Backing devices that are nothing but memory, for tests and for experiments without a file.

import { EBUSY, type Errno } from "@zlab/hw-sim";
import type { BackingDevice, BackingOpener } from "./backing-device.ts";
import { ENOENT } from "./errno.ts";
import { ZramError } from "./errors.ts";

/** An opener for the devices given as path and number of pages. Their contents stay when they are closed. */
export function memoryBackingOpener(devices: Readonly<Record<string, number>>): BackingOpener {
  const claimed = new Set<string>();
  const contents = new Map<string, Map<number, Uint8Array>>();
  return (path, pageBytes) => {
    const blockCount = Object.hasOwn(devices, path) ? devices[path] : undefined;
    if (blockCount === undefined) throw new ZramError(ENOENT, `there is no backing device ${path}`);
    if (claimed.has(path)) throw new ZramError(EBUSY, `backing device ${path} is in use`);
    claimed.add(path);
    const blocks = contents.get(path) ?? new Map<number, Uint8Array>();
    contents.set(path, blocks);
    return new MemoryBacking(path, blockCount, pageBytes, blocks, () => claimed.delete(path));
  };
}

class MemoryBacking implements BackingDevice {
  readonly path: string;
  readonly blockCount: number;
  readonly #pageBytes: number;
  readonly #blocks: Map<number, Uint8Array>;
  readonly #release: () => void;

  constructor(
    path: string,
    blockCount: number,
    pageBytes: number,
    blocks: Map<number, Uint8Array>,
    release: () => void,
  ) {
    this.path = path;
    this.blockCount = blockCount;
    this.#pageBytes = pageBytes;
    this.#blocks = blocks;
    this.#release = release;
  }

  read(block: number, target: Uint8Array): 0 | Errno {
    const content = this.#blocks.get(block);
    if (content === undefined) target.fill(0, 0, this.#pageBytes);
    else target.set(content);
    return 0;
  }

  write(block: number, source: Uint8Array): 0 | Errno {
    this.#blocks.set(block, source.slice(0, this.#pageBytes));
    return 0;
  }

  close(): void {
    this.#release();
  }
}
