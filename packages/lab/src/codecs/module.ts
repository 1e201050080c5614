// Binds the codecs that Node itself carries.

import "reflect-metadata";
import { ContainerModule } from "inversify";
import { deflateCodec } from "./deflate.ts";
import { PAGE_CODECS, type PageCodec } from "./page-codec.ts";
import { zstdCodec } from "./zstd.ts";

export function nodeCodecsModule(): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind<PageCodec>(PAGE_CODECS).toResolvedValue(zstdCodec).inSingletonScope();
    bind<PageCodec>(PAGE_CODECS).toResolvedValue(deflateCodec).inSingletonScope();
  });
}
