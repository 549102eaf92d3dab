import { readFile } from "node:fs/promises";

/** CPU time of a process until now, in seconds: utime and stime of proc(5), in clock ticks of 10 ms. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Memory of a process, in MiB. */
export interface MemoryUsage {
  readonly rss: number;
  /** The most that `rss` has been. */
  readonly peak: number;
}

/** Resident memory of a process: VmRSS and VmHWM of proc(5). */
export async function memoryOf(pid: number): Promise<MemoryUsage> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const mib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return { rss: mib("VmRSS"), peak: mib("VmHWM") };
}
