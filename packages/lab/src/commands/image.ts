// The options of `zlab image`.

import type { RegisterCommand } from "../context.ts";
import { examples } from "./examples.ts";

export interface ImageOptions {
  readonly json?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  program
    .command("image")
    .summary("checks a saved image of a pool and prints what is in it")
    .description(
      "Restores the pool of an image that zlab stat --save-image wrote, with its machine, checks everything (checksums, structure, " +
        "the invariants of machine and pool, level 3) and prints what made it and the pool's statistics. If the file is damaged, what " +
        "is wrong is printed and the exit code is 1.",
    )
    .argument("<file>", "an image")
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples([
        ["zlab stat memory.bin --save-image pool.img", "make an image"],
        ["zlab image pool.img", "check it, and see the pool"],
      ]),
    )
    .action(
      context.action(async (file: string, options: ImageOptions) => {
        const { showImage } = await import("../snapshot/show-image.ts");
        return showImage(file, options, context);
      }),
    );
};
