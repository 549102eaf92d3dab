import type { Policy } from "./parse-policy.ts";
import type { Subject } from "./subject.ts";
import { type Violation, violation } from "./violation.ts";

/** What a plugin is asked. */
export interface PluginQuestion {
  readonly subject: Subject;
  readonly policy: string;
  /** `spec.plugins.NAME.values` of the policy. */
  readonly values: Readonly<Record<string, string>>;
}

/** A check of one's own: undefined lets the request pass, a line says why it does not. An error thrown denies. */
export type PolicyPlugin = (question: PluginQuestion) => string | undefined;

/** What the plugins that the policy names have against the request; one that is not there denies. */
export function pluginViolations(
  { name: policy, spec }: Policy,
  subject: Subject,
  plugins: Readonly<Record<string, PolicyPlugin>>,
): Violation[] {
  return Object.entries(spec.plugins ?? {}).flatMap(([name, { values = {} }]) => {
    const path = `spec.plugins.${name}`;
    const plugin = Object.hasOwn(plugins, name) ? plugins[name] : undefined;
    if (plugin === undefined) return [violation(path, "a plugin of this name to be installed", [])];
    try {
      const problem = plugin({ subject, policy, values });
      return problem === undefined ? [] : [violation(path, "what the plugin allows", problem)];
    } catch (error) {
      return [
        violation(path, "an answer of the plugin", error instanceof Error ? error.message : "an error"),
      ];
    }
  });
}
