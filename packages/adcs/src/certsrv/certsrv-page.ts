/** What is looked for in a page of certsrv: only what translations leave alone. */
export interface CertsrvPage {
  /** By id in lower case: the text from the element up to the next one with an id, without tags, at most 4,096 characters. */
  readonly texts: ReadonlyMap<string, string>;
  /** Request ids in links to certificates, each once; at most ten. */
  readonly linkedIds: readonly number[];
  /** The same in scripts, where some versions of the page have them alone. */
  readonly scriptedIds: readonly number[];
}

const maxTextLength = 4096;
/** Longest tag that is looked into. */
const maxTagLength = 8192;
const maxIds = 10;
/** The look-behind keeps it linear: a name is tried from its beginning only. */
const attribute = /(?<=[\s"'/])([^\s=>"'/]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))/g;
/** Elements whose content is no markup. */
const raw = /^(script|style)\b/i;

/**
 * Reads a page in one pass, whatever is wrong with it: each character is looked at a bounded number of times. Comments,
 * scripts and styles are no part of the text, since scripts of these pages hold ids and links of every outcome.
 */
export function readCertsrvPage(html: string): CertsrvPage {
  const texts = new Map<string, string>();
  const [linkedIds, scriptedIds] = [new Set<number>(), new Set<number>()];
  let open: string | undefined;
  const add = (text: string) => {
    const before = open === undefined ? undefined : texts.get(open);
    if (open === undefined || before === undefined || before.length >= maxTextLength) return;
    texts.set(open, (before + withoutEntities(text.slice(0, maxTextLength))).slice(0, maxTextLength));
  };
  for (let at = 0; at < html.length; ) {
    const start = html.indexOf("<", at);
    add(html.slice(at, start < 0 ? html.length : start));
    if (start < 0) break;
    if (html.startsWith("<!--", start)) {
      at = after(html, "-->", start + 4);
      continue;
    }
    const end = tagEnd(html, start + 1);
    const tag = html.slice(start + 1, Math.min(end, start + maxTagLength));
    at = end + 1;
    const [element] = raw.exec(tag) ?? [];
    if (element !== undefined) {
      const stop = endOfRaw(html, element, at);
      if (element.toLowerCase() === "script") addIds(scriptedIds, html.slice(at, stop));
      at = stop;
      continue;
    }
    for (const [, name = "", double, single, bare] of tag.matchAll(attribute)) {
      const value = double ?? single ?? bare ?? "";
      if (name.toLowerCase() === "href") addIds(linkedIds, value);
      if (name.toLowerCase() !== "id") continue;
      open = value.toLowerCase();
      // A second element of the same id says nothing: the first is the page's own.
      if (texts.has(open)) open = undefined;
      else texts.set(open, "");
    }
    // Tags part words.
    add(" ");
  }
  return { texts, linkedIds: [...linkedIds], scriptedIds: [...scriptedIds] };
}

/** Where a tag ends: at the first `>` outside of quotes. A quote that nothing closes is none. */
function tagEnd(html: string, from: number): number {
  for (let at = from; at < html.length; at += 1) {
    const character = html[at];
    if (character === ">") return at;
    if (character !== '"' && character !== "'") continue;
    const closing = html.indexOf(character, at + 1);
    if (closing >= 0) at = closing;
  }
  return html.length;
}

function endOfRaw(html: string, element: string, from: number): number {
  const end = new RegExp(`</${element}`, "gi");
  end.lastIndex = from;
  return end.exec(html)?.index ?? html.length;
}

function after(html: string, text: string, from: number): number {
  const found = html.indexOf(text, from);
  return found < 0 ? html.length : found + text.length;
}

function addIds(ids: Set<number>, text: string): void {
  for (const [, digits] of text.matchAll(/certnew\.cer\?ReqID=(\d{1,10})(?!\d)/gi)) {
    if (ids.size >= maxIds) return;
    ids.add(Number(digits));
  }
}

/** None of them is a digit that counts, and `&#160;` has some that do not; the last one may be cut off. */
function withoutEntities(text: string): string {
  return text.replace(/&#?[0-9a-z]{0,8}(;|$)/gi, " ");
}
