// What must be known of a kernel before it can be compared with: whether it can be at all, and how it was built.

import { gunzipSync } from "node:zlib";
import type { ZramEra } from "@zlab/zram";
import type { Host } from "./host.ts";

export const CONTROL_DIRECTORY = "/sys/class/zram-control";

const DEFAULT_CHAIN_SIZE = 8;

/** Says why there can be no comparison here. It is no failure. */
export class NoReferee extends Error {
  constructor(message: string) {
    super(message);
    this.name = "NoReferee";
  }
}

/** How the kernel was built, as far as it matters. */
export interface KernelFacts {
  readonly release: string;
  /** The rules that hold for it. */
  readonly era: ZramEra;
  /** Pages of the longest zspage. */
  readonly chainSize: number;
  /** Where the chain size is from: the path of the kernel's configuration, or undefined if it is taken to be the default. */
  readonly configFile: string | undefined;
  /** Whether there is a command for discards. */
  readonly canDiscard: boolean;
}

/** The facts of the running kernel. Throws `NoReferee` where zram can't be used; nothing is changed to find that out. */
export function kernelFacts(host: Host): KernelFacts {
  if (host.platform !== "linux") throw new NoReferee(`zram is a part of Linux, and this is ${host.platform}`);
  const era = eraOf(host.kernelRelease);
  if (!host.exists(`${CONTROL_DIRECTORY}/hot_add`))
    throw new NoReferee(`there is no ${CONTROL_DIRECTORY}: this kernel has no zram, or its module is not loaded`);
  if (host.userId !== 0) throw new NoReferee("only root may add a zram device");
  // Reading hot_add adds a device even where the file system is read-only, and then nothing could remove it.
  if (!host.isWritable(`${CONTROL_DIRECTORY}/hot_remove`))
    throw new NoReferee(`${CONTROL_DIRECTORY}/hot_remove can't be written, so a device could not be removed again`);
  return {
    release: host.kernelRelease,
    era,
    ...chainSizeOf(host),
    canDiscard: host.run("blkdiscard", ["--help"]) === undefined,
  };
}

function eraOf(release: string): ZramEra {
  const [major = 0, minor = 0] = release.split(/[.-]/, 2).map(Number);
  const version = major * 1000 + minor;
  if (!(version >= 6012))
    throw new NoReferee(`the oldest kernel whose rules are known is Linux 6.12, and this is ${release}`);
  return version < 6018 ? "6.12" : "6.18";
}

function chainSizeOf(host: Host): { chainSize: number; configFile: string | undefined } {
  for (const configFile of ["/proc/config.gz", `/boot/config-${host.kernelRelease}`]) {
    if (!host.exists(configFile)) continue;
    const bytes = host.readBytes(configFile);
    const text = Buffer.from(configFile.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1");
    const match = /^CONFIG_ZSMALLOC_CHAIN_SIZE=(\d+)$/m.exec(text);
    if (match !== null) return { chainSize: Number(match[1]), configFile };
  }
  return { chainSize: DEFAULT_CHAIN_SIZE, configFile: undefined };
}

/** A number that grows when the kernel asks its caches to give memory back; 0 where it doesn't say. */
export function slabScans(host: Host): number {
  const file = "/proc/vmstat";
  if (!host.exists(file)) return 0;
  const match = /^slabs_scanned (\d+)$/m.exec(Buffer.from(host.readBytes(file)).toString("latin1"));
  return Number(match?.[1] ?? 0);
}
