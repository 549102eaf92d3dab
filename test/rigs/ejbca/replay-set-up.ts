import { buildCsr, newPrivateKey } from "@countersign/issuer-core";
import { callEjbca, enrolment } from "./call-ejbca.ts";
import { labProtocols } from "./protocols.ts";
import type { Ejbca } from "./start-ejbca.ts";

/** What the administrator of the recorded server did before an exchange. */
type SetUp = (ejbca: Ejbca) => void | Promise<void>;

const certificateManagement = "REST Certificate Management";
const v2 = "REST Certificate Management V2";
const oneCa = "/endentityprofilesrules/LabEEP-OneCA";
const base = ["/administrator/", "/ca/LabIssuingCA/", "/ca_functionality/create_certificate/"];
const full = [
  ...base,
  "/ra_functionality/create_end_entity/",
  "/ra_functionality/edit_end_entity/",
  `${oneCa}/create_end_entity/`,
  `${oneCa}/edit_end_entity/`,
  `${oneCa}/view_end_entity/`,
];

const protocols = (...on: readonly string[]): SetUp => {
  return (ejbca) => {
    ejbca.protocols.clear();
    for (const name of on) ejbca.protocols.add(name);
  };
};

const rules = (...given: readonly string[]): SetUp => {
  return (ejbca) => {
    const role = ejbca.role("issuer");
    role.rules.clear();
    for (const rule of given) role.rules.add(rule);
  };
};

const addRule = (...given: readonly string[]): SetUp => {
  return (ejbca) => {
    for (const rule of given) ejbca.role("issuer").rules.add(rule);
  };
};

const endEntities = (names: readonly string[], authority?: string): SetUp => {
  return (ejbca) => {
    for (const username of names)
      ejbca.endEntities.add({
        username,
        password: "foo123",
        subjectDn: `CN=${username}.lab.example,O=EJBCA Lab`,
        dnsNames: [`${username}.lab.example`],
        authority,
      });
  };
};

const authority = (name: string, change: Partial<ReturnType<Ejbca["authority"]>>): SetUp => {
  return (ejbca) => void Object.assign(ejbca.authority(name), change);
};

const database = (state: Ejbca["faults"]["database"]): SetUp => {
  return (ejbca) => {
    ejbca.faults.database = state;
  };
};

/** Requests of the RA web, under the ids that the recordings name. */
const approvals: SetUp = async (ejbca) => {
  const request = async (id: string, username: string, withCsr = true) => {
    const host = `${username}.lab.example`;
    const key = newPrivateKey({ name: "EC", curve: "P-256" });
    const csr = withCsr ? await buildCsr({ key, commonName: host, dnsNames: [host] }) : undefined;
    const names = { subjectDn: `CN=${host}`, dnsNames: [host] };
    const enrolment = { username, password: "foo123", certificateProfile: "LabTLS-Approval", csr, ...names };
    ejbca.requestEnrolment(enrolment, id);
  };
  await request("660681615", "ap2");
  await request("414825123", "ap3");
  await request("145373821", "ap4");
  await request("145373999", "ap5", false);
};

/** File 15 enrolled this username many times; a new key each time. */
async function enrolAgain(ejbca: Ejbca): Promise<void> {
  const key = newPrivateKey({ name: "EC", curve: "P-256" });
  const subject = [
    { type: "CN", value: "samedn.lab.example" },
    { type: "O", value: "EJBCA Lab" },
  ];
  const certificate_request = await buildCsr({ key, subject, dnsNames: ["samedn.lab.example"] });
  const body = await enrolment("same-user", {
    certificate_request,
    end_entity_profile_name: "LabEEP-Password",
  });
  await callEjbca(ejbca, { path: "/v1/certificate/pkcs10enroll", client: ejbca.clients.superadmin, body });
}

/** By the exchange before which it was done. */
export const replaySetUp: Readonly<Record<string, SetUp>> = {
  "00:disabled-ca-status": protocols(),
  "00b:v1-ca-list": protocols(certificateManagement, v2),
  "03:ok-p256-chain": protocols(...labProtocols),
  "07:cr-ok": endEntities(["cr1", "cr2", "cr3", "cr5", "cr6"]),
  "07b:cr8-unknown-ca": endEntities(["cr8"]),
  "10:ap-p10": approvals,
  "13:rb1-ca-list": rules(),
  "13:rb2-ca-list": addRule("/administrator/"),
  "13:rb3-ca-list": addRule("/ca/LabIssuingCA/"),
  "13:rb4-ca-list": addRule("/endentityprofilesrules/LabEEP/"),
  "13:rb5-ca-list": addRule("/ra_functionality/create_end_entity/"),
  "13:rb6-ca-list": addRule("/ra_functionality/edit_end_entity/"),
  "13:rb7-ca-list": addRule("/ca_functionality/create_certificate/"),
  "13:rb-search-view": addRule("/ra_functionality/view_end_entity/"),
  "13:rb-revoke-yes": addRule("/ra_functionality/revoke_end_entity/"),
  "10b:fin-wrong-password": (ejbca) => {
    ejbca.approvals.approve("660681615");
    ejbca.approvals.reject("414825123");
    ejbca.approvals.approve("145373821");
  },
  "10b:ap5-cr-after": (ejbca) => ejbca.approvals.approve("145373999"),
  "13b:l1-enroll": rules(...base),
  "13b:l2-enroll": addRule("/ra_functionality/create_end_entity/"),
  "13b:l3-enroll": addRule(`${oneCa}/create_end_entity/`),
  "13b:l4-reenroll": addRule("/ra_functionality/edit_end_entity/"),
  "13b:l5-reenroll": addRule(`${oneCa}/edit_end_entity/`),
  "13b:l6-search": addRule(`${oneCa}/view_end_entity/`),
  "13b:l7-search": addRule("/ra_functionality/view_end_entity/"),
  "13b:l8-revoke": addRule("/ra_functionality/revoke_end_entity/"),
  "13b:l9-revoke": addRule(`${oneCa}/revoke_end_entity/`),
  "16:lost-enroll": (ejbca) =>
    void ejbca.faults.add({ route: "pkcs10enroll", username: "lost1", action: { kind: "lose" } }),
  "16:search-newest": async (ejbca) => {
    for (let count = 0; count < 6; count += 1) await enrolAgain(ejbca);
  },
  "11:down-before": endEntities(["cr7"], "LabDownCA"),
  "11:token-inactive": (ejbca) => {
    ejbca.authority("LabDownCA").tokenOffline = true;
    // Its hour came between two exchanges.
    ejbca.authority("LabShortCA").expired = true;
  },
  "11:ca-offline": authority("LabDownCA", { offline: true }),
  "11:ca-offline-token-on": authority("LabDownCA", { tokenOffline: false }),
  "11:ca-back": authority("LabDownCA", { offline: false }),
  "12:off-enroll": protocols(...labProtocols.filter((name) => name !== certificateManagement)),
  "12:v2off-profile": protocols(...labProtocols.filter((name) => name !== v2)),
  "12:camgmt-off-ca": protocols(...labProtocols.filter((name) => name !== "REST CA Management")),
  "17:dn-order-c-first": protocols(...labProtocols),
  "18:after": (ejbca) => ejbca.authority("LabECCA").renew(new Date()),
  "13c:min-new-without-both-create": rules(...full.filter((rule) => !rule.includes("create_end_entity"))),
  "13c:min-new-without-both-edit": rules(...full.filter((rule) => !rule.includes("edit_end_entity"))),
  ...Object.fromEntries(
    full.map((removed) => [
      `13c:min-new-without-${removed.slice(1).replaceAll("/", "-")}`,
      rules(...full.filter((rule) => rule !== removed)),
    ]),
  ),
  "22:val-rsa2048": authority("LabSlashCA", { rsaSizes: [4096] }),
  "22:kr-1": authority("LabNoUniqueCA", { keyRenewal: true }),
  "22:ns-1": authority("LabSlashCA", { storesCertificates: false }),
  "23:db-up-enroll": authority("LabDownCA", { tokenOffline: true }),
  "23:db-killed-enroll": database("gone"),
  "23:db-back-later-enroll": database("goneForLong"),
  "23:db-flushed-enroll": database("up"),
  "23:db-frozen-enroll": database("frozen"),
  "23:db-frozen-after-search": database("up"),
};
