import type { CertsrvLanguage } from "./certsrv-languages.ts";

/** How a page is written, beside its language: what versions of the pages, and what people do to them, differ in. */
export interface PageStyle {
  /** `ID=name`, as Windows writes them, or `id="name"` as after a tidy. */
  readonly quotedIds: boolean;
  /** Whether links to the certificate stand in the markup, or in scripts only. */
  readonly links: "markup" | "script";
}

/** What an error page reports. */
export interface PageError {
  /** `CR_DISP_*`; undefined where the CA was not reached. */
  readonly disposition: number | undefined;
  readonly hresult: number;
}

/**
 * Pages in the manner of certsrv: written for this simulator around the ids, numbers and links that real pages are known to have.
 * They hold, as those do, scripts that name ids and links of other outcomes.
 */
export class CertsrvPages {
  readonly #text: CertsrvLanguage;
  readonly #style: PageStyle;

  constructor(text: CertsrvLanguage, style: PageStyle) {
    this.#text = text;
    this.#style = style;
  }

  issued(id: number, generation: number): string {
    const { issued, issuedInfo, download, downloadChain } = this.#text;
    const link = (page: string, enc: string, name: string) =>
      `<A Href="${page}?ReqID=${id}&amp;Enc=${enc}" ${this.#id(`locDownload${enc}`)}>${name}</A>`;
    const links = ["bin", "b64"]
      .map((enc) => `${link("certnew.cer", enc, download)}<BR>${link("certnew.p7b", enc, downloadChain)}<BR>`)
      .join("\n");
    return this.#page(
      issued,
      `<P ${this.#id("locInfo")}> ${issuedInfo}</P>
${this.#style.links === "markup" ? links : ""}
<Script Language="JavaScript">
 // Fetches the certificate. There is no "locInfoReqID" on this page, and no locDenied.
 function handleGetCert() { location="certnew.cer?ReqID=${id}&"+getEncoding(); }
 function handleGetChain() { location="certnew.p7b?ReqID=${id}&"+getEncoding(); }
</Script>
<Script Language="VBScript">
 Dim sCA : sCA = "certnew.cer?ReqID=CACert&Renewal=${generation}&Enc=bin" ' <P ID=locInfoReqID> 1
</Script>`,
    );
  }

  pending(id: number): string {
    const { pending, pendingId, pendingWait } = this.#text;
    return this.#page(
      pending,
      `<!-- Nothing is issued: certnew.cer?ReqID=1 -->
<P ${this.#id("locInfo")}> 2 </P>
<P ${this.#id("locInfoReqID")}> ${pendingId.replace("#", String(id))}
<P ${this.#id("locInfoWait")}> ${pendingWait}
<P ${this.#id("locTimeoutWarning")}> 10`,
    );
  }

  denied(id: number, hresult: number): string {
    const { denied, deniedInfo, deniedReason, policyDenied, policyReason } = this.#text;
    const reason = `${policyDenied}  ${hex(hresult)}, ${policyReason} ${hex(hresult)} (${hresult - 2 ** 32})`;
    return this.#page(
      denied,
      `<P ${this.#id("locDenied")}> ${deniedInfo}
<P ${this.#id("locInfoReqIDandReason")}> ${deniedReason.replace("#", String(id)).replace("@", reason)}
<P ${this.#id("locContact")}> 3`,
    );
  }

  error({ disposition, hresult }: PageError): string {
    const text = this.#text;
    const id = (name: string) => this.#id(name);
    const state =
      disposition === undefined
        ? `<LocID ${id("locDispNeverSet")}>${text.neverSet}</LocID>`
        : `${disposition.toString(16)} <LocID ${id("locDispSpacer")}>-</LocID> <LocID ${id("locDispUnknown")}>${text.unknown}</LocID>`;
    return this.#page(
      text.error,
      `<P ${id("locErrMsg")}> ${text.errorInfo}
<DL>
<DT ${id("locDispLabel")}><B>${text.disposition}</B></DT><DD>
  ${state}
</DD>
<DT ${id("locDispMsgLabel")}><B>${text.dispositionMessage}</B></DT><DD><LocID ${id("locDispMsgNone")}>${text.none}</LocID></DD>
<DT ${id("locResultLabel")}><B>${text.result}</B></DT><DD>${text.none} ${hex(0)} (WIN32: 0)</DD>
<DT ${id("locLastStatLabel")}><B>${text.lastStatus}</B></DT><DD>${text.none} ${hex(hresult)} (WIN32: ${hresult & 0xffff})</DD>
</DL>`,
    );
  }

  /** What stands at the path itself. */
  home(): string {
    return this.#page(this.#text.product, "");
  }

  /** The list of the CA's certificates: how often it was renewed stands in a script. */
  authorities(renewals: number): string {
    return this.#page(
      "CA",
      `<Script Language="JavaScript">
 var nRenewals=${renewals};
 function handleGetCert() { location="certnew.cer?ReqID=CACert&Renewal="+getKey()+"&"+getEncoding(); }
</Script>
<Select ${this.#id("lbCACertID")}></Select>`,
    );
  }

  #page(title: string, body: string): string {
    const { code, product } = this.#text;
    return `<HTML lang="${code}">
<Head><Meta HTTP-Equiv="Content-Type" Content="text/html; charset=UTF-8"><Title>${product}</Title></Head>
<Body BgColor=#FFFFFF><Font ${this.#id("locPageFont")} Face="Arial">
<Table Border=0><TR><TD ${this.#id("locMSCertSrv")}>${product}</TD><TD><A Href="/certsrv" ${this.#id("locHomeLink")}>1</A></TD></TR></Table>
<P ${this.#id("locPageTitle")}> <B>${title}</B>
${body}
</Font></Body></HTML>
`;
  }

  #id(name: string): string {
    return this.#style.quotedIds ? `id="${name}"` : `ID=${name}`;
  }
}

function hex(code: number): string {
  return `0x${code.toString(16)}`;
}
