/** For tests: milliseconds of CPU that `run` takes; a busy machine does not make a test of speed fail. */
export function cpuMilliseconds(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
