// Runs the examples of the documents: every ```ts block that is directly followed by a ```text block is a program, and the text is
// exactly what it prints. Shell commands in ```sh blocks are not run.

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatWithOptions } from "node:util";
import { afterAll, describe, expect, test, vi } from "vitest";
import { type TextFile, documents, root } from "./repository.ts";

interface Example {
  readonly title: string;
  /** Folder whose dependencies the example may import. */
  readonly home: string;
  readonly code: string;
  readonly output: string;
}

const EXAMPLE = /^```ts\n([^]*?)^```\n+```text\n([^]*?)^```$/gm;

/** Generated programs lie in a hidden folder of a package, where its dependencies are found. */
const CACHE = ".cache/readme-examples";

/** The examples of a document. Those of the documents at the root may import whatever the lab can. */
function examplesOf({ path, text }: TextFile): Example[] {
  const home = /^packages\/[^/]+/.exec(path)?.[0] ?? "packages/lab";
  return Array.from(text.matchAll(EXAMPLE), (match) => ({
    title: `${path}:${text.slice(0, match.index).split("\n").length}`,
    home,
    code: match[1]!,
    output: match[2]!,
  }));
}

/** Runs a program and returns what it prints by console.log. */
async function run({ title, home, code }: Example): Promise<string> {
  const folder = join(root, home, CACHE);
  const file = join(folder, `${title.replaceAll(/\W+/g, "-")}.ts`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, code);
  let printed = "";
  const log = vi.spyOn(console, "log").mockImplementation((...values: unknown[]) => {
    printed += `${formatWithOptions({ colors: false }, ...values)}\n`;
  });
  try {
    await import(file);
  } finally {
    log.mockRestore();
  }
  return printed;
}

const all = documents();
const examples = all.flatMap(examplesOf);

afterAll(() => {
  for (const home of new Set(["packages/lab", ...examples.map((example) => example.home)])) {
    rmSync(join(root, home, CACHE), { recursive: true, force: true });
  }
});

test.each(examples)("$title", async (example) => expect(await run(example)).toBe(example.output));

const libraries = all.filter(
  ({ path }) => /^packages\/[^/]+\/README\.md$/.test(path) && path !== "packages/lab/README.md",
);

test.each(libraries)("$path has an example that runs", (file) => expect(examplesOf(file)).not.toEqual([]));

describe("the runner", () => {
  const planted = (block: string) => ({ path: "README.md", text: `# Title\n\n${block}\n\nMore.\n` });
  const program = 'console.log("one", 2);\nawait 0;\nconsole.log({ three: [3] });\n';

  test("takes a program with its output, and nothing else", async () => {
    const block = `\`\`\`ts\n${program}\`\`\`\n\n\`\`\`text\none 2\n{ three: [ 3 ] }\n\`\`\``;
    const [example, ...others] = examplesOf(planted(block));
    expect(others).toEqual([]);
    expect(example).toMatchObject({ title: "README.md:3", home: "packages/lab", code: program });
    expect(await run(example!)).toBe(example!.output);
    expect(examplesOf(planted("```ts\nlet a;\n```\n\nIt prints:\n\n```text\nb\n```"))).toEqual([]);
    expect(examplesOf(planted("```sh\nnpm start\n```\n```text\nb\n```"))).toEqual([]);
  });

  test("sees other output, and an exception", async () => {
    const [wrong] = examplesOf(planted('```ts\nconsole.log("1 ");\n```\n```text\n1\n```'));
    expect(await run(wrong!)).not.toBe(wrong!.output);
    const failing = { title: "failing", home: "packages/lab", code: 'throw new Error("planted");', output: "" };
    await expect(run(failing)).rejects.toThrow("planted");
  });
});
