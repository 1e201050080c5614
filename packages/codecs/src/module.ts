// How codecs get into a container: one ContainerModule each, swapped in one line.

import { containerModule } from "@zlab/hw-sim";
import type { ContainerModule, ContainerModuleLoadOptions } from "inversify";
import type { Codec } from "./codec.ts";
import { kernelCodecs } from "./kernel-codecs.ts";
import { CodecRegistry } from "./registry.ts";
import { CODEC, CODECS, CODEC_REGISTRY } from "./tokens.ts";

/** Binds a codec: among all codecs, by its name, and, once per container, the registry that collects them. */
export function codecModule(codec: Codec): ContainerModule {
  return containerModule((options) => bindCodec(options, codec));
}

/** Binds all codecs of this package. */
export function kernelCodecsModule(): ContainerModule {
  return containerModule((options) => {
    for (const codec of kernelCodecs()) bindCodec(options, codec);
  });
}

function bindCodec({ bind, isBound }: ContainerModuleLoadOptions, codec: Codec): void {
  bind<Codec>(CODECS).toConstantValue(codec);
  bind<Codec>(CODEC).toConstantValue(codec).whenNamed(codec.name);
  if (isBound(CODEC_REGISTRY)) return;
  bind<CodecRegistry>(CODEC_REGISTRY)
    .toResolvedValue((codecs: Codec[]) => new CodecRegistry(codecs), [{ isMultiple: true, serviceIdentifier: CODECS }])
    .inSingletonScope();
}
