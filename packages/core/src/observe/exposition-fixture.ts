/** One line of the text format: a name, its labels, a value. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric with its samples. */
export interface Family {
  readonly type: string;
  readonly help: string;
  readonly samples: Sample[];
}

/**
 * Reads the Prometheus text format 0.0.4, strictly: everything that is not a comment it knows, a sample of the metric
 * before it, or an empty line throws.
 */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, Family>();
  const helps = new Map<string, string>();
  let current: string | undefined;
  const seen = new Set<string>();
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  for (const line of text.slice(0, -1).split("\n")) {
    if (line === "") continue;
    const help = /^# HELP ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (help?.[1] !== undefined && help[2] !== undefined) {
      helps.set(help[1], help[2]);
      continue;
    }
    if (type?.[1] !== undefined && type[2] !== undefined) {
      current = type[1];
      if (families.has(current)) throw new Error(`${current} comes twice`);
      families.set(current, { type: type[2], help: helps.get(current) ?? "", samples: [] });
      continue;
    }
    const sample = readSample(line);
    const base = sample.name.replace(/_(bucket|sum|count)$/, "");
    const family = families.get(sample.name) ?? families.get(base);
    if (family === undefined || (current !== sample.name && current !== base))
      throw new Error(`a sample of no metric: ${line}`);
    const id = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (seen.has(id)) throw new Error(`a series comes twice: ${line}`);
    seen.add(id);
    family.samples.push(sample);
  }
  return families;
}

function readSample(line: string): Sample {
  const head = /^([a-zA-Z_:][\w:]*)/.exec(line)?.[1];
  if (head === undefined) throw new Error(`not a sample: ${line}`);
  let at = head.length;
  const labels: Record<string, string> = {};
  if (line[at] === "{") {
    at += 1;
    while (line[at] !== "}") {
      const label = /^([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)",?/.exec(line.slice(at));
      if (label?.[1] === undefined || label[2] === undefined) throw new Error(`a bad label: ${line}`);
      labels[label[1]] = label[2].replace(/\\(.)/g, (_, it: string) => (it === "n" ? "\n" : it));
      at += label[0].length;
    }
    at += 1;
  }
  const value = /^ (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/i.exec(line.slice(at))?.[1];
  if (value === undefined) throw new Error(`a bad value: ${line}`);
  return { name: head, labels, value: Number(value.replace("Inf", "Infinity")) };
}

/** The value of the one series that has these labels among its own. */
export function sampleValue(
  families: ReadonlyMap<string, Family>,
  metric: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const base = families.get(metric) ?? families.get(metric.replace(/_(bucket|sum|count)$/, ""));
  const found = (base?.samples ?? []).filter(
    (sample) =>
      sample.name === metric &&
      Object.entries(labels).every(([name, value]) => sample.labels[name] === value),
  );
  if (found.length > 1)
    throw new Error(`${metric} has ${found.length} series with ${JSON.stringify(labels)}`);
  return found[0]?.value;
}
