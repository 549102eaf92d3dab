import { failure, issuedKeys, leafKeys, type RecordedRow, type RowAnswer } from "./recorded-row.ts";
import { enrolCall, enrolled, newKey } from "./row-requests.ts";

const withChain: RowAnswer = { status: 201, keys: issuedKeys };
const leafOnly: RowAnswer = { status: 201, keys: leafKeys };
const manual = { end_entity_profile_name: "LabEEP-Password" };

/** What pkcs10enroll issues. */
export const issuingRows: readonly RecordedRow[] = [
  {
    id: "03:ok-p256-chain",
    call: () => enrolCall({ username: "ok-p256" }, { subject: "CN=p256.lab.example,O=EJBCA Lab,C=SE" }),
    answer: withChain,
  },
  {
    id: "03:ok-nochain",
    call: () => enrolCall({ username: "ok-nochain", include_chain: false }),
    answer: leafOnly,
  },
  {
    id: "03:ok-chain-absent",
    call: () => enrolCall({ username: "ok-nochain2", include_chain: undefined }),
    answer: leafOnly,
  },
  {
    id: "03:ok-format-pkcs7",
    call: () => enrolCall({ username: "ok-fp7", response_format: "PKCS7" }),
    answer: withChain,
  },
  {
    id: "03:ok-unknown-field",
    call: () => enrolCall({ username: "ok-unk", no_such_field: 1 }),
    answer: withChain,
  },
  {
    id: "03:ok-endtime-override",
    call: () =>
      enrolCall({
        username: "ok-end2",
        certificate_profile_name: "LabTLS-ValidityOverride",
        end_time: "2026-12-01 05:00:00",
      }),
    answer: withChain,
  },
  {
    id: "03:ok-sans",
    call: () =>
      enrolCall(
        { username: "ok-sans" },
        {
          dns: ["sans.lab.example", "*.sans.lab.example"],
          ip: ["192.0.2.7", "2001:db8::7"],
          uri: ["spiffe://lab.example/ns/a/sa/b"],
        },
      ),
    answer: withChain,
  },
  {
    id: "03:empty-subject-san",
    call: () => enrolCall({ username: "empty-subject" }, { subject: "" }),
    answer: withChain,
  },
  {
    id: "03:ok-root-issuer",
    call: () => enrolCall({ username: "ok-rootissuer", certificate_authority_name: "LabECCA" }),
    answer: withChain,
  },
  {
    id: "03:ok-http-charset",
    call: () => enrolCall({ username: "ok-charset" }, {}, { contentType: "application/json; charset=utf-8" }),
    answer: withChain,
  },
  {
    id: "04b:pm-auto-none-2",
    call: async (ejbca) => {
      await enrolled(ejbca, { username: "pm-auto-none" });
      return enrolCall({ username: "pm-auto-none", include_chain: false });
    },
    answer: failure(400, "No password in request."),
  },
  {
    id: "04b:pm-auto-sent-2",
    call: async (ejbca) => {
      await enrolled(ejbca, { username: "pm-auto-sent", password: "foo123" });
      return enrolCall({ username: "pm-auto-sent", include_chain: false, password: "foo123" });
    },
    answer: failure(400, "No password in request."),
  },
  {
    id: "04b:pm-manual-changed",
    call: async (ejbca) => {
      await enrolled(ejbca, { ...manual, username: "pm-manual-sent", password: "foo123" });
      return enrolCall({
        ...manual,
        username: "pm-manual-sent",
        include_chain: false,
        password: "quite-other",
      });
    },
    answer: leafOnly,
  },
  {
    id: "04b:pm-switch",
    call: async (ejbca) => {
      await enrolled(ejbca, { username: "pm-auto-none" });
      return enrolCall({ ...manual, username: "pm-auto-none", include_chain: false });
    },
    answer: leafOnly,
  },
  {
    id: "04:re-2-same-csr",
    call: async (ejbca) => {
      const key = newKey();
      await enrolled(ejbca, { ...manual, username: "rx-user" }, { key });
      return enrolCall({ ...manual, username: "rx-user" }, { key });
    },
    answer: withChain,
  },
  {
    id: "04:re-5-other-user-same-dn",
    call: async (ejbca) => {
      const subject = "CN=rx.lab.example,O=EJBCA Lab";
      await enrolled(ejbca, { ...manual, username: "rx-user" }, { subject });
      return enrolCall({ ...manual, username: "rx-user-b" }, { subject });
    },
    answer: failure(
      400,
      "User 'rx-user-b' is not allowed to use same subject DN as the user(s) 'rx-user' is/are using while issued by the same CA (even if CN postfix is used). See setting for 'Enforce unique DN' in the section Certification Authorities.",
    ),
  },
  {
    id: "04:re-6-other-user-same-key",
    call: async (ejbca) => {
      const key = newKey();
      await enrolled(ejbca, { ...manual, username: "rx-user" }, { key });
      return enrolCall({ ...manual, username: "rx-user-c" }, { key });
    },
    answer: failure(400, "User 'rx-user-c' is not allowed to use same key as another user is using."),
  },
  {
    id: "04:nu-2-same-dn-key",
    call: async (ejbca) => {
      const at = { ...manual, certificate_authority_name: "LabNoUniqueCA" };
      const csr = { key: newKey(), subject: "CN=nx.lab.example,O=EJBCA Lab" };
      await enrolled(ejbca, { ...at, username: "nx-a" }, csr);
      return enrolCall({ ...at, username: "nx-b" }, csr);
    },
    answer: withChain,
  },
  {
    id: "17:eep-space",
    call: () =>
      enrolCall({ end_entity_profile_name: "LabEEP-Password ", username: "n22", include_chain: false }),
    answer: leafOnly,
  },
  {
    id: "17:san-comma-uri",
    call: () =>
      enrolCall(
        { ...manual, username: "n14", include_chain: false },
        { uri: ["https://lab.example/a,b?c=d&e=%2C"] },
      ),
    answer: leafOnly,
  },
  {
    id: "22:kr-2",
    call: async (ejbca) => {
      const at = { ...manual, certificate_authority_name: "LabNoUniqueCA" };
      ejbca.authority("LabNoUniqueCA").keyRenewal = true;
      const key = newKey();
      await enrolled(ejbca, { ...at, username: "kr" }, { key });
      return enrolCall({ ...at, username: "kr" }, { key });
    },
    answer: failure(400, "User 'kr' is not allowed to use same key as another certificate is using."),
  },
];
