/** A DER value as a tree that may be changed at will and written again, soundly or not. */
export interface DerNode {
  tag: number;
  /** Children, also those of values that are encoded inside a string; octets otherwise. */
  content: DerNode[] | Uint8Array;
  /** What stands before the children: the count of unused bits of a BIT STRING. */
  prefix: Uint8Array;
  /** How the length is written. */
  length: "minimal" | "padded" | "indefinite";
}

const OCTET_STRING = 0x04;
const BIT_STRING = 0x03;

/** Reads one strict DER value; undefined where the octets are none. */
export function readTree(bytes: Uint8Array): DerNode | undefined {
  const nodes = readAll(bytes);
  return nodes?.length === 1 ? nodes[0] : undefined;
}

/** Writes the tree. */
export function writeTree(node: DerNode): Uint8Array {
  const { tag, content, prefix, length } = node;
  const body = Buffer.concat([
    prefix,
    ...(content instanceof Uint8Array ? [content] : content.map(writeTree)),
  ]);
  if (length === "indefinite") return Buffer.concat([Uint8Array.of(tag, 0x80), body, Uint8Array.of(0, 0)]);
  const size = body.length;
  const octets =
    size < 0x80 && length === "minimal"
      ? [size]
      : size < 0x100
        ? [0x81, size]
        : [0x82, size >> 8, size & 255];
  const [first = 0, ...rest] = octets;
  return Buffer.concat([
    length === "padded" && size >= 0x80
      ? Uint8Array.of(tag, first + 1, 0, ...rest)
      : Uint8Array.of(tag, ...octets),
    body,
  ]);
}

/** A copy that shares nothing. */
export function copyTree(node: DerNode): DerNode {
  const content =
    node.content instanceof Uint8Array ? Uint8Array.from(node.content) : node.content.map(copyTree);
  return { ...node, content };
}

/** The node and all below it, the node first. */
export function allNodes(node: DerNode): DerNode[] {
  return [node, ...(node.content instanceof Uint8Array ? [] : node.content.flatMap(allNodes))];
}

function readAll(bytes: Uint8Array): DerNode[] | undefined {
  const nodes: DerNode[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at] ?? 0;
    const first = bytes[at + 1] ?? 0x80;
    const octets = first < 0x80 ? 0 : first & 0x7f;
    const start = at + 2 + octets;
    let size = first < 0x80 ? first : 0;
    for (const octet of bytes.subarray(at + 2, start)) size = size * 256 + octet;
    if (first === 0x80 || octets > 3 || start + size > bytes.length) return undefined;
    nodes.push(readNode(tag, bytes.subarray(start, start + size)));
    at = start + size;
  }
  return nodes;
}

function readNode(tag: number, content: Uint8Array): DerNode {
  const prefixLength = tag === BIT_STRING && content[0] === 0 ? 1 : 0;
  const prefix = content.subarray(0, prefixLength);
  const inside = content.subarray(prefixLength);
  const mayHold = (tag & 0x20) !== 0 || tag === OCTET_STRING || prefixLength === 1;
  const children = mayHold ? readAll(inside) : undefined;
  const holds = children !== undefined && ((tag & 0x20) !== 0 || children.length === 1);
  return holds
    ? { tag, content: children, prefix, length: "minimal" }
    : { tag, content, prefix: new Uint8Array(), length: "minimal" };
}
