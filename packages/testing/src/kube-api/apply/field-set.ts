/**
 * A set of field paths in the form of `fieldsV1` (KEP-555): keys are path elements (`f:name`, `k:{"type":"Ready"}`,
 * `v:"a"`, `i:0`), values the sets below. An element is itself a member when its node is empty or has the key `.`.
 * Sets are never mutated once built; operations share what they can.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet;
}

/** The set without paths; as a node, the mark of a member without children. */
export const EMPTY: FieldSet = Object.freeze({});

/** The key that marks a node with children as a member too. */
export const SELF = ".";

/** True when no path is in the set. */
export function isEmptySet(set: FieldSet): boolean {
  for (const _element in set) return false;
  return true;
}

/** True when the node's own path is in the set. */
export function isMember(node: FieldSet): boolean {
  return Object.hasOwn(node, SELF) || isEmptySet(node);
}

/** Builds a node; undefined when neither its own path nor a path below is in the set. */
export function makeNode(member: boolean, children: { [element: string]: FieldSet }): FieldSet | undefined {
  if (isEmptySet(children)) return member ? EMPTY : undefined;
  return member ? { [SELF]: EMPTY, ...children } : children;
}

/** Paths in either set. */
export function union(left: FieldSet, right: FieldSet): FieldSet {
  if (isEmptySet(right) || left === right) return left;
  if (isEmptySet(left)) return right;
  const result: { [element: string]: FieldSet } = { ...left };
  for (const element of Object.keys(right)) {
    const mine = left[element];
    const theirs = right[element] ?? EMPTY;
    result[element] = mine === undefined ? theirs : unionNode(mine, theirs);
  }
  return result;
}

function unionNode(left: FieldSet, right: FieldSet): FieldSet {
  return (
    makeNode(isMember(left) || isMember(right), childrenOf(union(childrenOf(left), childrenOf(right)))) ??
    EMPTY
  );
}

/** Paths in both sets. */
export function intersection(left: FieldSet, right: FieldSet): FieldSet {
  return combine(left, right, (mine, theirs) =>
    theirs === undefined
      ? undefined
      : makeNode(isMember(mine) && isMember(theirs), intersection(childrenOf(mine), childrenOf(theirs))),
  );
}

/** Paths in `left` and not in `right`; a path below a removed one stays. */
export function difference(left: FieldSet, right: FieldSet): FieldSet {
  return combine(left, right, (mine, theirs) =>
    theirs === undefined
      ? mine
      : makeNode(isMember(mine) && !isMember(theirs), difference(childrenOf(mine), childrenOf(theirs))),
  );
}

/** Paths in `left` that are neither in `right` nor below a path of `right`. */
export function recursiveDifference(left: FieldSet, right: FieldSet): FieldSet {
  return combine(left, right, (mine, theirs) => {
    if (theirs === undefined) return mine;
    if (isMember(theirs)) return undefined;
    return makeNode(isMember(mine), recursiveDifference(childrenOf(mine), childrenOf(theirs)));
  });
}

function combine(
  left: FieldSet,
  right: FieldSet,
  pick: (mine: FieldSet, theirs: FieldSet | undefined) => FieldSet | undefined,
): FieldSet {
  const result: { [element: string]: FieldSet } = {};
  for (const element of Object.keys(left)) {
    const node = pick(left[element] ?? EMPTY, right[element]);
    if (node !== undefined) result[element] = node;
  }
  return result;
}

/** The paths below a node, without the mark for the node itself. */
export function childrenOf(node: FieldSet): FieldSet {
  if (!Object.hasOwn(node, SELF)) return node;
  const { [SELF]: _self, ...children } = node;
  return children;
}

/** Every member as a readable path (`.spec.items[name="a"].value`): members of a level first, then what is below. */
export function paths(set: FieldSet, prefix = ""): string[] {
  const elements = Object.keys(set)
    .filter((element) => element !== SELF)
    .sort();
  const nodes = elements.map((element) => ({
    node: set[element] ?? EMPTY,
    path: `${prefix}${printElement(element)}`,
  }));
  return [
    ...nodes.filter(({ node }) => isMember(node)).map(({ path }) => path),
    ...nodes.flatMap(({ node, path }) => paths(node, path)),
  ];
}

/** A path element as the server prints it: `.name`, `[key="value"]`, `[="item"]`, `[0]`. */
export function printElement(element: string): string {
  const body = element.slice(2);
  if (element.startsWith("f:")) return `.${body}`;
  if (element.startsWith("v:")) return `[=${body}]`;
  if (element.startsWith("i:")) return `[${body}]`;
  const keys = JSON.parse(body) as { readonly [key: string]: unknown };
  return `[${Object.keys(keys)
    .map((key) => `${key}=${JSON.stringify(keys[key])}`)
    .join(",")}]`;
}
