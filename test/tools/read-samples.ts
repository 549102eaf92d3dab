import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

/** One YAML document of a folder of samples. */
export interface SampleDocument<Sample> {
  /** Name of its file. */
  readonly file: string;
  /** As far as a test looks; nothing is checked here. */
  readonly sample: Sample;
}

/** Every document of every `.yaml` file of a folder. */
export function readSamples<Sample>(folder: string): readonly SampleDocument<Sample>[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .flatMap((file) =>
      parseAllDocuments(readFileSync(join(folder, file), "utf8")).map((document) => ({
        file,
        sample: document.toJS() as Sample,
      })),
    );
}
