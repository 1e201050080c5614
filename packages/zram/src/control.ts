// /sys/class/zram-control: devices come and go.

import { EBUSY, EINVAL } from "@zlab/hw-sim";
import { type Attribute, AttributeFiles } from "./attribute-files.ts";
import { Zram } from "./device.ts";
import { ENODEV } from "./errno.ts";
import { ZramError } from "./errors.ts";
import { type ZramConfig, type ZramOptions, type ZramParts, resolveZramOptions } from "./options.ts";
import { INT_MAX, parseInteger } from "./parse.ts";

export class ZramControl {
  /** hot_add, of which every read makes a device, and hot_remove. */
  readonly attributes: AttributeFiles;
  readonly #config: ZramConfig;
  readonly #devices: (Zram | undefined)[] = [];

  /** Options hold for all devices. None exists yet; the kernel's driver begins with one. */
  constructor(parts: ZramParts, options?: ZramOptions) {
    this.#config = resolveZramOptions(parts, options);
    this.attributes = new AttributeFiles(
      new Map<string, Attribute>([
        ["hot_add", { read: () => `${this.add().id}\n`, mode: 0o400 }],
        ["hot_remove", { write: (text) => this.remove(deviceNumber(text)) }],
      ]),
    );
  }

  /** A new, uninitialised device with the lowest free number. */
  add(): Zram {
    const free = this.#devices.indexOf(undefined);
    const id = free === -1 ? this.#devices.length : free;
    const device = new Zram(id, this.#config);
    this.#devices[id] = device;
    return device;
  }

  /** The device of a number. Throws ENODEV. */
  device(id: number): Zram {
    const device = this.#devices[id];
    if (device === undefined) throw new ZramError(ENODEV, `there is no device zram${id}`);
    return device;
  }

  /** All devices, by number. */
  devices(): Zram[] {
    return this.#devices.filter((device) => device !== undefined);
  }

  /** Resets a device, full or not, and removes it. Throws ENODEV, or EBUSY while it is open. */
  remove(id: number): void {
    const device = this.device(id);
    if (device.openNodes > 0) throw new ZramError(EBUSY, `zram${id} is open`);
    device.reset();
    this.#devices[id] = undefined;
  }
}

function deviceNumber(text: string): number {
  const id = parseInteger("hot_remove", text, { min: -INT_MAX - 1n, max: INT_MAX });
  if (id < 0n) throw new ZramError(EINVAL, "hot_remove: device numbers are not negative");
  return Number(id);
}
