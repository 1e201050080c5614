// Mappings: what the modes show and keep, the discipline of one mapping per CPU, and that a mapped object stays where it is.

import { MapMode } from "../zpool-driver.ts";
import { kmapsReleased, mappingLeavesState, preemptionOffWhileMapped, preemptionRestored } from "./audits.ts";
import { DIRECT, SEVERAL_CPUS, WITH_BYTES } from "./gates.ts";
import { type ProgramBuilder } from "./program-builder.ts";
import { type PropertySpec, judging } from "./property.ts";
import {
  type Workload,
  anyOf,
  compactWhileMapped,
  dense,
  exhausting,
  faulty,
  mixed,
  thinnedOut,
  workWhileMapped,
  workload,
} from "./workloads.ts";

/** Fills some pages with objects of a few sizes, some of which then span pages. */
function stock(builder: ProgramBuilder, sizes: readonly number[], count: number): void {
  for (let i = 0; i < count; i++) builder.store(builder.pickFrom(sizes)!);
}

/** Changes objects through mappings of one mode, each followed by a look at all objects. */
function throughMode(mode: MapMode, whole: boolean): Workload {
  return workload(40, (builder, sizes, length) => {
    stock(builder, sizes, 24);
    for (let i = 0; i < length; i++) {
      builder.anyCpu();
      const object = builder.pick()!;
      builder.map(object.name, mode);
      const stores = whole ? 1 : builder.prng.below(3);
      for (let j = 0; j < stores; j++) builder.storeMapped(whole);
      builder.add({ op: "look" });
      builder.add({ op: "unmap" });
      builder.read(object);
      if (builder.chance(20)) builder.add({ op: "verify" });
    }
    builder.close();
  });
}

const unwrittenThrough = (mode: MapMode): Workload =>
  workload(40, (builder, sizes, length) => {
    stock(builder, sizes, 24);
    for (let i = 0; i < length; i++) {
      const object = builder.pick()!;
      builder.cpu = 0;
      builder.map(object.name, mode);
      builder.cpu = 1;
      builder.map(object.name, MapMode.RW, true);
      builder.storeMapped();
      builder.add({ op: "unmap" });
      builder.cpu = 0;
      builder.add({ op: "unmap" });
      builder.read(object);
    }
    builder.close();
  });

/** Mappings on several CPUs at once, and further ones on the same CPU, which must be refused. */
const severalMappings = workload(30, (builder, sizes, length) => {
  stock(builder, sizes, 24);
  const { cpuCount } = builder.context;
  for (let i = 0; i < length; i++) {
    const mapped = [];
    for (let cpu = 0; cpu < cpuCount; cpu++) {
      const object = builder.pick()!;
      builder.cpu = cpu;
      builder.map(object.name, builder.pickFrom([MapMode.RW, MapMode.RO, MapMode.WO])!);
      mapped.push(object);
      builder.add({ op: "nested-map", name: builder.pick()!.name });
    }
    for (let cpu = 0; cpu < cpuCount; cpu++) {
      builder.cpu = cpu;
      builder.add({ op: "look" });
      builder.storeMapped(builder.chance(50));
      builder.add({ op: "nested-map", name: builder.pick()!.name });
      builder.add({ op: "look" });
    }
    for (let cpu = 0; cpu < cpuCount; cpu++) {
      builder.cpu = builder.chance(80) ? cpu : cpuCount - 1 - cpu;
      builder.add({ op: "unmap" });
    }
    builder.add({ op: "verify" });
  }
  builder.close();
});

/** Ends of mappings that there are not. */
const wrongUnmaps = workload(30, (builder, sizes, length) => {
  stock(builder, sizes, 12);
  for (let i = 0; i < length; i++) {
    builder.anyCpu();
    const object = builder.pick()!;
    builder.add({ op: "wrong-unmap", name: object.name });
    builder.map(object.name, MapMode.RW);
    builder.add({ op: "wrong-unmap", name: builder.pick()!.name });
    const home = builder.cpu;
    builder.anyCpu();
    builder.add({ op: "wrong-unmap", name: object.name });
    builder.cpu = home;
    builder.storeMapped();
    builder.add({ op: "unmap" });
    builder.add({ op: "wrong-unmap", name: object.name });
    builder.read(object);
  }
  builder.close();
});

const everything = anyOf(
  mixed,
  workWhileMapped,
  compactWhileMapped,
  thinnedOut,
  dense,
  faulty,
  exhausting,
  severalMappings,
  wrongUnmaps,
);

/** State judged around mapping and unmapping: neither may change the pool. */
const mappingOnly = workload(30, (builder, sizes, length) => {
  stock(builder, sizes, 12);
  for (let i = 0; i < length; i++) {
    builder.anyCpu();
    builder.map(builder.pick()!.name, builder.pickFrom([MapMode.RW, MapMode.RO])!);
    if (builder.chance(50)) builder.storeMapped();
    builder.add({ op: "unmap" });
  }
  builder.close();
});

export const mappingProperties: readonly PropertySpec[] = [
  {
    id: "rw-mappings-keep-changes",
    promise: "An RW mapping shows the object's bytes; what is changed stays, and so does the rest.",
    gate: WITH_BYTES,
    workload: throughMode(MapMode.RW, false),
    run: judging(["contents"]),
  },
  {
    id: "ro-mappings-show-bytes",
    promise: "An RO mapping shows the object's bytes; changes through it may be lost, but hit nothing else.",
    gate: WITH_BYTES,
    workload: throughMode(MapMode.RO, false),
    run: judging(["contents"]),
  },
  {
    id: "wo-mappings-keep-full-writes",
    promise: "What is written to all of an object through a WO mapping stays.",
    gate: WITH_BYTES,
    workload: throughMode(MapMode.WO, true),
    run: judging(["contents"]),
  },
  {
    id: "wo-mappings-keep-partial-writes",
    promise: "The part of an object that is written through a WO mapping stays, and other objects do too.",
    gate: WITH_BYTES,
    workload: throughMode(MapMode.WO, false),
    run: judging(["contents"]),
  },
  {
    id: "direct-mappings-keep-changes",
    promise: "Where objects don't span pages, changes through a mapping of any mode stay.",
    gate: DIRECT,
    workload: anyOf(throughMode(MapMode.RO, false), throughMode(MapMode.WO, false)),
    run: judging(["contents"]),
  },
  {
    id: "ro-mappings-write-nothing",
    promise: "Ending an RO mapping writes nothing: what another CPU wrote to the object meanwhile stays.",
    gate: SEVERAL_CPUS,
    workload: unwrittenThrough(MapMode.RO),
    run: judging(["contents"]),
  },
  {
    id: "one-mapping-per-cpu",
    promise: "A CPU can map one object at a time, a second is ZLAB_NESTED_MAP; other CPUs can map others meanwhile.",
    workload: severalMappings,
    run: judging(["contents", "lengths"]),
  },
  {
    id: "unmap-needs-a-mapping",
    promise: "unmap of an object that the CPU has not mapped is ZLAB_NOT_MAPPED, and mappings stay as they are.",
    workload: wrongUnmaps,
    run: judging(["contents", "state"]),
  },
  {
    id: "mapped-objects-stay",
    promise:
      "A mapped object keeps its place and bytes whatever is done to others, and writes through the mapping arrive.",
    gate: WITH_BYTES,
    workload: anyOf(workWhileMapped, compactWhileMapped),
    run: judging(["contents"]),
  },
  {
    id: "mapping-changes-nothing",
    promise: "Mapping and unmapping change neither pages nor statistics.",
    workload: mappingOnly,
    run: judging([], mappingLeavesState),
  },
  {
    id: "preemption-off-while-mapped",
    promise: "Preemption is off from map to unmap exactly if sleepMapped is false.",
    workload: anyOf(mixed, workWhileMapped, severalMappings),
    run: judging([], preemptionOffWhileMapped),
  },
  {
    id: "preemption-restored",
    promise: "Preemption is on again after every call with which nothing stays mapped, also if it fails.",
    workload: everything,
    run: judging([], preemptionRestored),
  },
  {
    id: "kmaps-released",
    promise: "Every temporary mapping that a call takes is given back, at the latest by unmap.",
    workload: everything,
    run: judging([], kmapsReleased),
  },
];
