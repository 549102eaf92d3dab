import { type CertsrvPage, readCertsrvPage } from "./certsrv-page.ts";
import { findHresult } from "./hresults.ts";

/** What a page says of a request; `hresult` is the CA's code as an unsigned number. */
export type RequestState =
  | { readonly status: "issued"; readonly requestId: number | undefined }
  | { readonly status: "pending"; readonly requestId: number | undefined }
  | {
      readonly status: "denied";
      readonly requestId: number | undefined;
      readonly hresult: number | undefined;
    }
  /** The CA could not do what it was asked, and issued nothing. */
  | { readonly status: "error"; readonly hresult: number | undefined }
  /** Issued, but to be had elsewhere; or revoked before it was fetched. */
  | { readonly status: "elsewhere" | "revoked" }
  /** Not a page that is known: a clause that says in what way. */
  | { readonly status: "unknown"; readonly problem: string };

/** `CR_DISP_*` of certcli.h, as the page has them, in hexadecimal. */
const dispositions: Readonly<Record<number, RequestState["status"]>> = Object.freeze({
  0: "pending", // CR_DISP_INCOMPLETE
  1: "error",
  2: "denied",
  3: "issued",
  4: "elsewhere", // CR_DISP_ISSUED_OUT_OF_BAND
  5: "pending", // CR_DISP_UNDER_SUBMISSION
  6: "revoked",
});

/**
 * What a page of certfnsh.asp, certnew.cer or certnew.p7b says, by the ids of its elements, by numbers and codes alone: the
 * words are in the server's language.
 */
export function readRequestState(html: string): RequestState {
  const page = readCertsrvPage(html);
  const { texts } = page;
  const denied = texts.get("locinforeqidandreason");
  if (denied !== undefined || texts.has("locdenied")) {
    const [requestId, hresult] = [firstNumber(denied ?? ""), findHresult(denied ?? "")];
    if (requestId === undefined && hresult === undefined) return unknown("a denial without id and code");
    return { status: "denied", requestId, hresult };
  }
  const pending = texts.get("locinforeqid");
  if (pending !== undefined) {
    const requestId = firstNumber(pending);
    if (requestId === undefined) return unknown("a pending request without its id");
    return { status: "pending", requestId };
  }
  return disposed(page) ?? linked(page);
}

/** The error page: label, number, spacer, words. Its result and last status have the code. */
function disposed({ texts }: CertsrvPage): RequestState | undefined {
  const label = texts.get("locdisplabel");
  if (label === undefined) return undefined;
  const [, digits] = /[^0-9a-f]([0-9a-f]{1,8})\s*$/i.exec(label) ?? [];
  const number =
    digits === undefined || !texts.has("locdispspacer") ? undefined : Number.parseInt(digits, 16);
  const codes = ["loclaststatlabel", "locresultlabel", "loccominfolabel", "locdispmsglabel"];
  const hresult = codes.map((id) => findHresult(texts.get(id) ?? "")).find((code) => code !== undefined);
  const status = dispositions[number ?? -1];
  switch (status) {
    case undefined:
      // Never set: the call to the CA itself has failed; or the code stands in its place.
      return {
        status: "error",
        hresult: hresult ?? (number !== undefined && number >= 2 ** 31 ? number : undefined),
      };
    case "denied":
      return { status, requestId: undefined, hresult };
    case "error":
      return { status, hresult };
    case "issued":
    case "pending":
      return { status, requestId: undefined };
    case "elsewhere":
    case "revoked":
      return { status };
    case "unknown":
      return undefined;
  }
}

/** The page of an issued request has no id of its own, but links to the certificate. */
function linked({ linkedIds, scriptedIds }: CertsrvPage): RequestState {
  const ids = linkedIds.length > 0 ? linkedIds : scriptedIds;
  const [requestId] = ids;
  if (requestId === undefined) return unknown("none of the elements that certsrv's pages have");
  if (ids.length > 1) return unknown("links to several certificates");
  return { status: "issued", requestId };
}

/** A request id is a DWORD; the code of a failure is none. */
function firstNumber(text: string): number | undefined {
  const [, digits] = /(?<!\d)(\d{1,10})(?!\d)/.exec(text.replace(/0x[0-9a-f]+|-\d+/gi, " ")) ?? [];
  const number = Number(digits);
  return number >= 1 && number < 2 ** 32 ? number : undefined;
}

function unknown(problem: string): RequestState {
  return { status: "unknown", problem };
}
