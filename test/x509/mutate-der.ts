import { derOid } from "../../packages/signer/src/x509/der-writer.ts";
import { oids } from "../../packages/signer/src/x509/oid.ts";
import { allNodes, copyTree, type DerNode, readTree } from "./der-tree.ts";
import type { Random } from "./random.ts";

const latin1 = (text: string) => Buffer.from(text, "latin1");

/** Tags that a reader may take for one another. */
const tags = [
  0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0a, 0x0c, 0x12, 0x13, 0x14, 0x16, 0x17, 0x18, 0x1a, 0x1b, 0x1c, 0x1e,
  0x24, 0x30, 0x31, 0x80, 0x81, 0x82, 0x86, 0x87, 0x88, 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0x1f, 0x50,
];

/** Contents that a reader may stumble on: of strings, numbers, addresses, flags. */
const contents: readonly Uint8Array[] = [
  ...[
    "",
    "\0",
    "a\0b",
    " ",
    ".",
    "..",
    ".a",
    "a.",
    "*",
    "*.",
    "*.*",
    "a@b",
    "@",
    "a b",
    "xn--a",
    "\x7f",
    "\xff",
    "é",
  ],
  ...[
    "urn:",
    "a:b",
    "http://",
    "https://a:b@[::1]:0/",
    "//a",
    "https://a/%",
    "https://a./",
    "https://a..b/",
    "127.0.0.1",
    "a".repeat(64),
    "a".repeat(300),
  ],
].map(latin1);
const octets: readonly Uint8Array[] = [
  ...[
    [0],
    [1],
    [0xff],
    [0, 0],
    [0, 0x80],
    [0x80],
    [0xff, 0xff],
    [7, 0x80],
    [5, 0xa0],
    [0, 0xa0],
    [8, 0],
    [0, 0x80, 0x00],
  ],
  ...[
    [0x7f, 0xff, 0xff, 0xff],
    [0, 0xff, 0xff, 0xff, 0xff],
    new Array(5).fill(1),
    new Array(8).fill(0),
    new Array(16).fill(0),
  ],
].map((values) => Uint8Array.from(values));
const identifiers: readonly Uint8Array[] = [
  ...Object.values(oids),
  "1.2.3",
  "2.5.29.37.0",
  "1.3.6.1.5.5.7.3.1",
  "2.5.4.3",
].map((oid) => derOid(oid).subarray(2));

/** Changes one thing in the tree, in place; `donors` are trees to take parts from. */
export function mutateTree(root: DerNode, random: Random, donors: readonly DerNode[]): void {
  const nodes = allNodes(root);
  const node = random.pick(nodes);
  const parents = nodes.filter(({ content }) => !(content instanceof Uint8Array) && content.length > 0);
  if (random.chance(0.45) && parents.length > 0) mutateChildren(random.pick(parents), random, donors);
  else if (random.chance(0.25)) node.tag = random.pick(tags);
  else if (random.chance(0.08)) node.length = random.pick(["padded", "indefinite"]);
  else mutateContent(node, random);
}

function mutateChildren(parent: DerNode, random: Random, donors: readonly DerNode[]): void {
  const children = parent.content as DerNode[];
  const at = random.integer(children.length);
  const child = children[at];
  if (child === undefined) return;
  switch (random.integer(6)) {
    case 0:
      children.splice(at, 1);
      break;
    case 1:
      children.splice(at, 0, copyTree(child));
      break;
    case 2:
      children.push(...children.splice(at, 1));
      break;
    case 3:
      children.splice(at, 0, donated(random, donors));
      break;
    case 4:
      children[at] = donated(random, donors);
      break;
    default:
      children[at] = {
        tag: random.pick([0x30, 0x31, 0xa0, 0x04]),
        content: [child],
        prefix: new Uint8Array(),
        length: "minimal",
      };
  }
}

function donated(random: Random, donors: readonly DerNode[]): DerNode {
  return copyTree(random.pick(allNodes(random.pick(donors))));
}

function mutateContent(node: DerNode, random: Random): void {
  if (!(node.content instanceof Uint8Array)) {
    const kind = random.integer(3);
    if (kind === 0) node.content = [];
    else if (kind === 1) node.content = random.pick(contents);
    else node.prefix = random.octets(random.integer(2));
    return;
  }
  if (node.tag === 0x06 && random.chance(0.7)) node.content = random.pick(identifiers);
  else if (random.chance(0.5)) node.content = random.pick(random.chance(0.5) ? contents : octets);
  else node.content = mutateOctets(node.content, random);
  // What a string holds may become a tree, and is written as one from here on.
  const inner = node.tag === 0x04 ? readTree(node.content) : undefined;
  if (inner !== undefined) node.content = [inner];
}

/** The octets with some of them replaced, removed or inserted. */
export function mutateOctets(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.integer(bytes.length + 1);
  const inserted = random.octets(random.integer(3));
  const removed = random.chance(0.5) ? inserted.length : random.integer(3);
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)]);
}

/** The text with something put in, taken out or repeated where a line begins or ends, or anywhere. */
export function mutateText(text: string, random: Random): string {
  const boundaries = [...text.matchAll(/-----|\n/g)].flatMap(({ 0: { length }, index }) => [
    index,
    index + length,
  ]);
  const at = random.chance(0.7) ? random.pick(boundaries) : random.integer(text.length + 1);
  const inserted = random.pick([
    "",
    "",
    " ",
    "\t",
    "\r",
    "\n",
    "\r\n",
    "\f",
    "\xa0",
    "-",
    "=",
    ":",
    "A",
    "x: y\n",
    "-----END X-----\n",
    text,
  ]);
  const removed = inserted === "" || random.chance(0.3) ? 1 + random.integer(2) : 0;
  return text.slice(0, at) + inserted + text.slice(at + removed);
}
