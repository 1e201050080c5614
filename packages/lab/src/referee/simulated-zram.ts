// The simulated side: a device of @zlab/zram over zsmalloc, on a machine of its own.

import { CodecRegistry, kernelCodecs } from "@zlab/codecs";
import { Machine, x86_64 } from "@zlab/hw-sim";
import { ZpoolRegistry } from "@zlab/zpool";
import { Zram, ZramError, type ZramEra, type ZramNode, resolveZramOptions, zramErrnoName } from "@zlab/zram";
import { zsmallocDriver } from "@zlab/zsmalloc";
import { DONE, type Outcome, type ZramSide } from "./zram-side.ts";

const MACHINE_BYTES = 128 * 2 ** 20;

export class SimulatedZram implements ZramSide {
  readonly zram: Zram;
  #node: ZramNode | undefined;

  /** `chainSize`: pages of the longest zspage, 4 to 16. */
  constructor(era: ZramEra, chainSize: number) {
    const pools = new ZpoolRegistry(new Machine(x86_64(MACHINE_BYTES)), [zsmallocDriver]);
    const codecs = new CodecRegistry(kernelCodecs());
    const poolOptions = { era: "linux-6.12", chainSize };
    this.zram = new Zram(0, resolveZramOptions({ pools, codecs }, { era, poolOptions }));
  }

  restart(algorithm: string, disksizeBytes: number): void {
    const { attributes } = this.zram;
    this.#node?.close();
    attributes.write("reset", "1");
    attributes.write("comp_algorithm", algorithm);
    attributes.write("disksize", String(disksizeBytes));
    this.#node = this.zram.open();
  }

  write(offsetBytes: number, source: Uint8Array): Outcome {
    return outcomeOf(this.#node!.write(offsetBytes, source));
  }

  read(offsetBytes: number, target: Uint8Array): Outcome {
    return outcomeOf(this.#node!.read(offsetBytes, target));
  }

  discard(offsetBytes: number, lengthBytes: number): Outcome {
    return outcomeOf(this.#node!.discard(offsetBytes, lengthBytes));
  }

  setAttribute(name: string, text: string): Outcome {
    try {
      this.zram.attributes.write(name, text);
      return DONE;
    } catch (error) {
      if (error instanceof ZramError) return error.errnoName;
      throw error;
    }
  }

  mmStat(): readonly number[] {
    return this.zram.mmStat();
  }
}

function outcomeOf(result: number): Outcome {
  return result < 0 ? zramErrnoName(result) : DONE;
}
