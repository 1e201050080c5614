// How devices get into a container.

import { CODEC_REGISTRY, type CodecRegistry } from "@zlab/codecs";
import { containerModule } from "@zlab/hw-sim";
import { ZPOOL_REGISTRY, type ZpoolRegistry } from "@zlab/zpool";
import type { ContainerModule } from "inversify";
import { ZramControl } from "./control.ts";
import type { ZramOptions } from "./options.ts";
import { ZRAM_CONTROL } from "./tokens.ts";

/** Binds the control of all devices, over the pools and codecs that other modules bind. */
export function zramModule(options?: ZramOptions): ContainerModule {
  return containerModule(({ bind }) => {
    bind<ZramControl>(ZRAM_CONTROL)
      .toResolvedValue(
        (pools: ZpoolRegistry, codecs: CodecRegistry) => new ZramControl({ pools, codecs }, options),
        [ZPOOL_REGISTRY, CODEC_REGISTRY],
      )
      .inSingletonScope();
  });
}
