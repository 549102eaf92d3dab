/**
 * The functions of approver-policy's environment: cel-go's standard library, its string extension, and those for service
 * accounts. An overload is `target.name(arguments) result`; operators are written as CEL's parser names them.
 */
export const signatures: ReadonlyMap<string, readonly string[]> = new Map([
  ["!_", ["(bool) bool"]],
  ["-_", ["(int) int", "(double) double"]],
  ["_&&_", ["(bool,bool) bool"]],
  ["_||_", ["(bool,bool) bool"]],
  ["@not_strictly_false", ["(bool) bool"]],
  [
    "_+_",
    [
      "(int,int) int",
      "(uint,uint) uint",
      "(double,double) double",
      "(string,string) string",
      "(bytes,bytes) bytes",
      "(timestamp,duration) timestamp",
      "(duration,timestamp) timestamp",
      "(duration,duration) duration",
    ],
  ],
  [
    "_-_",
    [
      "(int,int) int",
      "(uint,uint) uint",
      "(double,double) double",
      "(timestamp,timestamp) duration",
      "(timestamp,duration) timestamp",
      "(duration,duration) duration",
    ],
  ],
  ["_*_", ["(int,int) int", "(uint,uint) uint", "(double,double) double"]],
  ["_/_", ["(int,int) int", "(uint,uint) uint", "(double,double) double"]],
  ["_%_", ["(int,int) int", "(uint,uint) uint"]],
  ...["_<_", "_<=_", "_>_", "_>=_"].map((name) => [name, comparisons()] as const),
  ["size", ["(string) int", "(bytes) int", "(list(dyn)) int", "(map(dyn;dyn)) int", ...members("int")]],
  ["startsWith", ["string.(string) bool"]],
  ["endsWith", ["string.(string) bool"]],
  ["contains", ["string.(string) bool"]],
  ["matches", ["string.(string) bool", "(string,string) bool"]],
  ["charAt", ["string.(int) string"]],
  ["indexOf", ["string.(string) int", "string.(string,int) int"]],
  ["lastIndexOf", ["string.(string) int", "string.(string,int) int"]],
  ["lowerAscii", ["string.() string"]],
  ["upperAscii", ["string.() string"]],
  ["trim", ["string.() string"]],
  ["reverse", ["string.() string"]],
  ["replace", ["string.(string,string) string", "string.(string,string,int) string"]],
  ["split", ["string.(string) list(string)", "string.(string,int) list(string)"]],
  ["substring", ["string.(int) string", "string.(int,int) string"]],
  ["join", ["list(string).() string", "list(string).(string) string"]],
  ["format", ["string.(list(dyn)) string"]],
  ["strings.quote", ["(string) string"]],
  ["serviceAccount", ["(string) serviceAccount"]],
  ["isServiceAccount", ["(string) bool"]],
  ["getName", ["serviceAccount.() string"]],
  ["getNamespace", ["serviceAccount.() string"]],
  ["int", ["(int) int", "(uint) int", "(double) int", "(string) int", "(timestamp) int"]],
  ["uint", ["(int) uint", "(uint) uint", "(double) uint", "(string) uint"]],
  ["double", ["(int) double", "(uint) double", "(double) double", "(string) double"]],
  [
    "string",
    ["bool", "bytes", "duration", "int", "string", "timestamp", "uint"].map((type) => `(${type}) string`),
  ],
  ["bytes", ["(string) bytes", "(bytes) bytes"]],
  ["bool", ["(bool) bool", "(string) bool"]],
  ["duration", ["(string) duration", "(duration) duration"]],
  ["timestamp", ["(string) timestamp", "(timestamp) timestamp", "(int) timestamp"]],
  ["dyn", ["(dyn) dyn"]],
  ["type", ["(dyn) type"]],
]);

function comparisons(): string[] {
  const types = ["bool", "bytes", "double", "duration", "int", "string", "timestamp", "uint"];
  return types.map((type) => `(${type},${type}) bool`);
}

function members(result: string): string[] {
  return ["string", "bytes", "list(dyn)", "map(dyn;dyn)"].map((target) => `${target}.() ${result}`);
}
