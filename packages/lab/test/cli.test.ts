import { describe, expect, test } from "vitest";
import { temporaryFile, zlab } from "./zlab.ts";

const commands = [
  "compare",
  "replay",
  "classes",
  "stat",
  "backends",
  "conformance",
  "experiment",
  "explain",
  "predict",
  "capture",
];

describe("help", () => {
  test("lists every command", async () => {
    const { code, stdout } = await zlab(["--help"]);
    expect(code).toBe(0);
    for (const command of commands) expect(stdout).toContain(`\n  ${command} `);
  });

  test.each(commands)("%s has a help with examples and --json", async (command) => {
    const { code, stdout, stderr } = await zlab([command, "--help"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("--json");
    expect(stdout).toMatch(new RegExp(`Examples:\n  zlab ${command}`));
  });

  test("fits a terminal", async () => {
    for (const command of commands) {
      const { stdout } = await zlab([command, "--help"]);
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
    }
  });

  test("defaults are shown as one types them", async () => {
    const { stdout } = await zlab(["predict", "--help"]);
    expect(stdout).toContain("(default: lzo-rle,lz4,zstd)");
    expect(stdout).toContain("(default: Q)");
  });

  test("help is a command too", async () => {
    expect(await zlab(["help"])).toEqual(await zlab(["--help"]));
    expect(await zlab(["help", "stat"])).toEqual(await zlab(["stat", "--help"]));
  });

  test("--version prints the package's version", async () => {
    expect(await zlab(["--version"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});

/** A codec as source text, with streams of these methods. */
const streamOf = (methods: string): string => `{ name: "x", createStream: () => ({ ${methods} }) }`;

describe("misuse ends with one line on stderr and exit code 2", () => {
  const empty = () => temporaryFile("empty.bin", "");
  const cases: readonly [string, () => string[], RegExp][] = [
    ["unknown command", () => ["comprae"], /unknown command 'comprae' \(Did you mean compare\?\); see zlab --help/],
    [
      "unknown option",
      () => ["compare", "--bakends", "zbud"],
      /unknown option '--bakends' \(Did you mean --backends\?\); see zlab compare --help/,
    ],
    ["unknown option without a command", () => ["--nosuch"], /unknown option '--nosuch'/],
    ["option without its value", () => ["compare", "--chain"], /--chain <n>/],
    ["too many arguments", () => ["backends", "x"], /too many arguments/],
    ["missing argument", () => ["conformance"], /missing required argument/],
    ["missing file", () => ["compare", "nosuch.bin"], /^zlab: nosuch.bin: no such file; check the path$/],
    ["directory", () => ["compare", "src"], /^zlab: src: is a directory; name a file of raw pages$/],
    ["empty file", () => ["stat", empty()], /empty\.bin: the file is empty; give a file of raw pages/],
    ["file in the place of a directory", () => ["stat", "package.json/x"], /package\.json\/x: .*not a directory/],
    ["device", () => ["compare", "/dev/zero"], /\/dev\/zero: is a device/],
    ["page size", () => ["compare", "--page-size", "8192"], /--page-size must be 4096, 16384 or 65536 .* "8192"/],
    ["chain of 0", () => ["compare", "--chain", "0"], /--chain must be a whole number from 4 to 16, not "0"/],
    ["chain of 17", () => ["stat", "--chain", "17"], /from 4 to 16, not "17"/],
    ["chain of x", () => ["stat", "--chain", "x"], /from 4 to 16, not "x"/],
    ["chain that an era doesn't have", () => ["stat", "--era", "linux-3.10", "--chain", "5"], /linux-3\.10 has 4/],
    ["unknown era", () => ["stat", "--era", "linux-9"], /--era must be one of linux-6\.12, .* not "linux-9"/],
    ["seed", () => ["compare", "--seed", "-1"], /--seed must be a whole number/],
    ["unknown backend", () => ["compare", "--backends", "zbud,zcache"], /no backend "zcache"; there are: zsmalloc, /],
    ["no backend", () => ["compare", "--backends", ","], /--backends needs a list/],
    ["unknown codec", () => ["compare", "--codec", "lzx"], /no codec "lzx"; there are: lzo-rle, lzo, lz4, zstd, /],
    ["unknown codec of stat", () => ["stat", "--codec", "lzx"], /no codec "lzx"; there are: lzo-rle, lzo, lz4, zstd, /],
    ["missing codec module", () => ["compare", "--codec", "lz4,./no.js"], /^zlab: \.\/no\.js: no such file/],
    ["module without a codec", () => ["stat", "--codec", "test/fixtures/no-driver.js"], /: exports no codec; export a/],
    [
      "module with half a codec",
      () => ["stat", "--codec", "./test/fixtures/half-a-driver.js"],
      /half-a-driver\.js: the exported codec lacks name \(a word\) and createStream\(\)/,
    ],
    [
      "codec that throws",
      () => ["compare", "--codec", "test/fixtures/throwing-codec.js"],
      /throwing-codec\.js: the codec's compress failed: no luck today; mend it/,
    ],
    [
      "codec without bytes",
      () => [
        "stat",
        "--codec",
        temporaryFile("void.mjs", `export default ${streamOf("compress() {}, decompress() {}")}`),
      ],
      /void\.mjs: the codec's compress gave no bytes/,
    ],
    [
      "codec whose streams can't decompress",
      () => ["stat", "--codec", temporaryFile("half.mjs", `export default ${streamOf("compress() {}")}`)],
      /half\.mjs: the codec's streams lack decompress\(\)/,
    ],
    ["missing driver", () => ["compare", "--driver", "./nosuch.js"], /\.\/nosuch\.js: no such file/],
    ["directory as driver", () => ["compare", "--driver", "src"], /src: is a directory; name a module file/],
    [
      "module without a driver",
      () => ["compare", "--driver", "test/fixtures/no-driver.js"],
      /exports no driver; export/,
    ],
    [
      "module with half a driver",
      () => ["backends", "--driver", "test/fixtures/half-a-driver.js"],
      /half-a-driver\.js: the exported driver lacks capabilities\(/,
    ],
    [
      "module that throws",
      () => ["compare", "--driver", "test/fixtures/throwing-module.js"],
      /throwing-module\.js: cannot be loaded: Error: no luck today/,
    ],
    [
      "module with a syntax error",
      () => ["compare", "--driver", temporaryFile("broken.mjs", "export default {")],
      /broken\.mjs: cannot be loaded: /,
    ],
  ];

  test.each(cases)("%s", async (_, argv, message) => {
    const { code, stdout, stderr } = await zlab(argv());
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^zlab: [^\n]+\n$/);
    expect(stderr.trimEnd()).toMatch(message);
  });

  test("the stack is shown on demand only", async () => {
    const { stderr } = await zlab(["compare", "nosuch.bin"], { ZLAB_DEBUG: "1" });
    expect(stderr).toMatch(/^zlab: nosuch\.bin: no such file.*\n.*UsageError.*\n +at /);
  });
});

test("an internal error is one line too", async () => {
  const environment = {
    get FORCE_COLOR(): string {
      throw new Error("a fault\nof zlab");
    },
  };
  const { code, stderr } = await zlab(["backends"], environment);
  expect(code).toBe(2);
  expect(stderr).toBe("zlab: internal error: a fault of zlab; set ZLAB_DEBUG=1 to see where\n");
});
