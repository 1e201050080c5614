// Links between the documents and to the sources lead somewhere.

import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, test } from "vitest";
import { type TextFile, documents, root } from "./repository.ts";

const LINK = /\]\(([^)\s]+)\)/g;

/** Relative links of a document whose file or folder does not exist. */
function brokenLinks({ path, text }: TextFile): string[] {
  const prose = text.replaceAll(/^```[^]*?^```$/gm, "").replaceAll(/`[^`\n]*`/g, "");
  return Array.from(prose.matchAll(LINK), (match) => match[1]!.split("#")[0]!)
    .filter((target) => target !== "" && !/^[a-z]+:/.test(target))
    .filter((target) => !existsSync(join(root, posix.dirname(path), target)))
    .map((target) => `${path}: ${target} does not exist`);
}

test("all", () => expect(documents().flatMap(brokenLinks)).toEqual([]));

test("a broken link is found", () => {
  const text =
    "[a](./setup.test.ts) [b](nowhere.ts#part) [c](#part) [d](https://a.b/c) `[e](gone)`\n```text\n[f](gone)\n```\n";
  expect(brokenLinks({ path: "test/README.md", text })).toEqual(["test/README.md: nowhere.ts does not exist"]);
});
