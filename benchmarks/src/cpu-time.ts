// The clock of the benchmarks: CPU time of the measuring thread. On a machine that has other things to do as well, the time on the wall
// measures those too.

/** CPU time of this thread since it started, in ns, to the microsecond: that of the kernel on its behalf included, that of the runtime's
 * other threads (which compile and help to collect garbage) not. */
export function cpuTimeNs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) * 1e3;
}

/** CPU time of an action, in ns. */
export function elapsedNs(action: () => void): number {
  const start = cpuTimeNs();
  action();
  return cpuTimeNs() - start;
}
