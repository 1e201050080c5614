import { describe, expect, test } from "vitest";
import type { ZpoolDriver } from "@zlab/zpool";
import { zbudDriver } from "@zlab/zbud";
import type { CommandContext } from "../src/context.ts";
import { type Experiment, ExperimentFailure } from "../src/experiments/experiment.ts";
import { runExperiments } from "../src/experiments/run-experiments.ts";
import { variantNamed, withPool } from "../src/experiments/with-pool.ts";
import { machineFor } from "../src/compose.ts";
import { zlab } from "./zlab.ts";

const doubling: Experiment<{ readonly twice: number }> = {
  name: "doubling",
  summary: "how much is twice the seed?",
  question: "What is twice the seed?",
  run: ({ seed, scale }) => ({ twice: 2 * seed * scale }),
  render: ({ twice }) => `${twice}\n`,
  conclude: ({ twice }) => `Twice the seed is ${twice}.`,
};

const failing: Experiment = {
  ...doubling,
  name: "failing",
  run() {
    throw new ExperimentFailure("a page is missing");
  },
};

async function runHere(names: string[], options: { json?: boolean; list?: boolean } = {}) {
  let stdout = "";
  let stderr = "";
  const context = {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
    env: {},
    cwd: ".",
  } as unknown as CommandContext;
  const code = await runExperiments(names, { seed: 3, scale: 2, ...options }, context, [failing, doubling]);
  return { code, stdout, stderr };
}

describe("zlab experiment", () => {
  test("prints what was asked, the data, and the conclusion", async () => {
    const { code, stdout } = await runHere(["doubling"]);
    expect(stdout).toBe(
      "doubling: how much is twice the seed?\n\nWhat is twice the seed?\n\n12\n\n=> Twice the seed is 12.\n",
    );
    expect(code).toBe(0);
  });

  test("goes on after a failure, and ends with 1", async () => {
    const { code, stdout, stderr } = await runHere([]);
    expect(code).toBe(1);
    expect(stdout).toContain("FAILED a page is missing");
    expect(stdout).toContain("=> Twice the seed is 12.");
    expect(stderr).toBe("zlab: experiment failing failed: a page is missing\n");
  });

  test("gives the data as JSON", async () => {
    const { stdout } = await runHere(["doubling"], { json: true });
    expect(JSON.parse(stdout)).toEqual({
      seed: 3,
      scale: 2,
      experiments: [
        { name: "doubling", question: doubling.question, data: { twice: 12 }, conclusion: "Twice the seed is 12." },
      ],
    });
  });

  test("lists what there is", async () => {
    const { stdout } = await runHere([], { list: true });
    expect(stdout).toMatch(/^experiment {2}what is asked\n.*\nfailing .*\ndoubling +how much/);
  });

  test.each([
    [["experiment", "nosuch"], /there is no experiment "nosuch"; there are:/],
    [["experiment", "--scale", "0"], /--scale must be a number from 0\.01 to 1000, not "0"/],
    [["experiment", "--seed", "x"], /--seed must be a whole number/],
  ])("%j is misuse", async (argv, message) => {
    const { code, stderr } = await zlab(argv);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe("withPool", () => {
  test("frees what is left in the pool", () => {
    const objects = withPool(variantNamed("zbud"), machineFor(4096, 0), (pool) => {
      pool.malloc(1000, 0);
      return pool.stats().objects;
    });
    expect(objects).toBe(1);
  });

  test("finds a page that does not come back", () => {
    const leaking: ZpoolDriver = {
      ...zbudDriver,
      create(machine, name, options) {
        machine.allocPages(0, 0, 0);
        return zbudDriver.create(machine, name, options);
      },
    };
    const variant = { ...variantNamed("zbud"), driver: leaking };
    expect(() => withPool(variant, machineFor(4096, 0), () => {})).toThrow(/zbud: \d+ pages were free before, and \d+/);
  });
});
