#!/bin/sh
# Sets up HashiCorp Vault or OpenBao for a VaultIssuer. Explained step by step in docs/guides/vault.md.
set -eu

name=${0##*/}
usage() {
  cat <<EOF
Usage: $name [option…]

Sets up HashiCorp Vault or OpenBao for a VaultIssuer: a PKI engine with a CA, a role, a policy that allows signing by that
role, and Kubernetes auth for one service account. May be run again: it keeps a CA that is there, and brings the rest up to
date. Needs the client \`vault\` or \`bao\`, VAULT_ADDR and a token that may do all this; for Kubernetes auth kubectl and openssl.

CA, one of
  --root                     make a root in Vault (default)
  --csr FILE                 make the key of an intermediate in Vault, write its CSR to FILE, and stop
  --signed FILE              install what your CA made of that CSR: PEM, the intermediate first, then its issuers

PKI
  --mount PATH               PKI engine (pki)
  --common-name NAME         name of the CA (Internal CA)
  --key-type TYPE            key of the CA: rsa or ec (ec)
  --ca-ttl DURATION          lifetime of the root, limit of the mount (87600h)
  --url URL                  where clients fetch CA and CRL, written into certificates (VAULT_ADDR)
  --role NAME                role (kubernetes-certs)
  --domains LIST             domains of the role, separated by commas (example.com,svc.cluster.local)
  --max-ttl DURATION         longest lifetime of a certificate (2160h)
  --policy NAME              policy (vault-issuer)

Kubernetes auth
  --no-kubernetes            leave it out, for another login
  --auth PATH                auth method (kubernetes)
  --auth-role NAME           its role (vault-issuer)
  --token-ttl DURATION       lifetime of Vault's tokens (1h)
  --issuer NAMESPACE/NAME    the VaultIssuer, or NAME of a VaultClusterIssuer: its tokens' audience (default/vault-issuer)
  --service-account NS/NAME  whose tokens are accepted; made unless it exists (default/vault-issuer)
  --reviewer NS/NAME         service account by which Vault reviews tokens; made unless it exists (kube-system/vault-reviewer)
  --reviewer-ttl DURATION    lifetime of its token; run this again before it ends (24h)
  --in-cluster               Vault runs in this cluster: it reviews by its own service account instead

  --help                     this text
EOF
}

fail() {
  printf '%s: %s\n' "$name" "$1" >&2
  exit "${2:-1}"
}

ca=root ca_file='' mount=pki common_name='Internal CA' key_type=ec ca_ttl=87600h url=${VAULT_ADDR:-}
role=kubernetes-certs domains=example.com,svc.cluster.local max_ttl=2160h policy=vault-issuer
kubernetes=yes auth=kubernetes auth_role=vault-issuer token_ttl=1h issuer=default/vault-issuer
service_account=default/vault-issuer reviewer=kube-system/vault-reviewer reviewer_ttl=24h

while [ $# -gt 0 ]; do
  option=$1
  shift
  case $option in
    --help) usage; exit 0 ;;
    --root) ca=root; continue ;;
    --no-kubernetes) kubernetes=no; continue ;;
    --in-cluster) kubernetes=inside; continue ;;
    --csr | --signed | --mount | --common-name | --key-type | --ca-ttl | --url | --role | --domains | --max-ttl | --policy | \
      --auth | --auth-role | --token-ttl | --issuer | --service-account | --reviewer | --reviewer-ttl) ;;
    *) fail "unknown option $option; see $name --help" 2 ;;
  esac
  [ $# -gt 0 ] && [ -n "$1" ] || fail "$option needs a value; see $name --help" 2
  value=$1
  shift
  case $option in
    --csr | --signed) ca=${option#--} ca_file=$value ;;
    --mount) mount=${value%/} ;;
    --common-name) common_name=$value ;;
    --key-type) key_type=$value ;;
    --ca-ttl) ca_ttl=$value ;;
    --url) url=${value%/} ;;
    --role) role=$value ;;
    --domains) domains=$value ;;
    --max-ttl) max_ttl=$value ;;
    --policy) policy=$value ;;
    --auth) auth=${value%/} ;;
    --auth-role) auth_role=$value ;;
    --token-ttl) token_ttl=$value ;;
    --issuer) issuer=$value ;;
    --service-account) service_account=$value ;;
    --reviewer) reviewer=$value ;;
    --reviewer-ttl) reviewer_ttl=$value ;;
  esac
done

for pair in "--service-account $service_account" "--reviewer $reviewer"; do
  case ${pair#* } in
    */*/* | /* | */) fail "${pair% *} expects NAMESPACE/NAME, got ${pair#* }" 2 ;;
    */*) ;;
    *) fail "${pair% *} expects NAMESPACE/NAME, got ${pair#* }" 2 ;;
  esac
done
[ "$ca" != csr ] || [ ! -e "$ca_file" ] || fail "$ca_file exists: its key would be given up; have it signed, or remove it"
[ "$ca" != signed ] || [ -r "$ca_file" ] || fail "$ca_file cannot be read"

if command -v vault >/dev/null; then cli=vault
elif command -v bao >/dev/null; then cli=bao
else fail 'neither vault nor bao is on PATH; install one of the clients'; fi
[ "$kubernetes" = no ] || command -v kubectl >/dev/null || fail 'kubectl is not on PATH; install it, or use --no-kubernetes'
[ -n "${VAULT_ADDR:-}" ] || fail 'VAULT_ADDR is not set; set it to the URL of the server, such as https://vault.example.com:8200'

# Does one step: what it is, then the command. Its errors are shortened to what the server said.
step() {
  what=$1
  shift
  if output=$("$@" 2>&1); then
    printf '%s: %s\n' "$name" "$what"
  else
    said=$(printf '%s\n' "$output" | sed -n 's/^[[:space:]]*\* //p' | tr '\n' ' ')
    fail "cannot $what: ${said:-$output}"
  fi
}

status=0
output=$($cli status 2>&1) || status=$?
case $status in
  0) ;;
  2) fail "$VAULT_ADDR is sealed or not initialised; unseal it first ($cli operator unseal)" ;;
  *) fail "$VAULT_ADDR does not answer: $output" ;;
esac
mounts=$($cli secrets list -format=json 2>&1) ||
  fail "the server does not take the token, or it may not set anything up; log in with $cli login, or set VAULT_TOKEN"

if printf '%s\n' "$mounts" | grep -q "^ *\"$mount/\":"; then
  step "keep the PKI engine at $mount" true
else
  step "enable the PKI engine at $mount" $cli secrets enable -path="$mount" pki
fi
step "limit it to $ca_ttl" $cli secrets tune -max-lease-ttl="$ca_ttl" "$mount"

if $cli read "$mount/cert/ca" >/dev/null 2>&1; then
  step "keep the CA of $mount" true
else
  case $ca in
    root)
      step "make a root in $mount" $cli write "$mount/root/generate/internal" \
        common_name="$common_name" ttl="$ca_ttl" key_type="$key_type"
      ;;
    csr)
      step "make the key of an intermediate in $mount" $cli write -field=csr "$mount/intermediate/generate/internal" \
        common_name="$common_name" key_type="$key_type"
      printf '%s\n' "$output" >"$ca_file"
      printf '%s: wrote %s; have it signed as a CA certificate, then run this again with --signed CHAIN\n' "$name" "$ca_file"
      exit 0
      ;;
    signed) step "install the intermediate in $mount" $cli write "$mount/intermediate/set-signed" certificate=@"$ca_file" ;;
  esac
  $cli read "$mount/cert/ca" >/dev/null 2>&1 ||
    fail "$mount has no CA that can sign: $ca_file has no certificate for the key of its CSR"
fi

step "write the URLs of $url into certificates" $cli write "$mount/config/urls" \
  issuing_certificates="$url/v1/$mount/ca" crl_distribution_points="$url/v1/$mount/crl"
step "write the role $role for $domains" $cli write "$mount/roles/$role" \
  allowed_domains="$domains" allow_subdomains=true key_type=any require_cn=false \
  key_usage=DigitalSignature,KeyEncipherment max_ttl="$max_ttl"
write_policy() {
  $cli policy write "$policy" - <<EOF
path "$mount/sign/$role"  { capabilities = ["update"] }
path "$mount/roles/$role" { capabilities = ["read"] }
path "$mount/certs"       { capabilities = ["list"] }
EOF
}
step "write the policy $policy" write_policy

[ "$kubernetes" != no ] || exit 0

create_service_account() {
  kubectl get serviceaccount "${1#*/}" --namespace "${1%/*}" >/dev/null 2>&1 ||
    kubectl create serviceaccount "${1#*/}" --namespace "${1%/*}"
}
configure_auth() {
  if [ "$kubernetes" = inside ]; then
    $cli write "auth/$auth/config" kubernetes_host=https://kubernetes.default.svc
    return
  fi
  host=$(kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}') || return
  authority=$(kubectl config view --raw --minify --flatten \
    --output 'jsonpath={.clusters[0].cluster.certificate-authority-data}') || return
  authority=$(printf %s "$authority" | openssl base64 -d -A) || return
  token=$(kubectl create token "${reviewer#*/}" --namespace "${reviewer%/*}" --duration "$reviewer_ttl") || return
  # Over standard input: every user of the machine can read an argument.
  printf %s "$token" | $cli write "auth/$auth/config" kubernetes_host="$host" kubernetes_ca_cert="$authority" \
    disable_local_ca_jwt=true token_reviewer_jwt=-
}

methods=$($cli auth list -format=json 2>&1) || fail "the token may not list the auth methods: $methods"
if printf '%s\n' "$methods" | grep -q "^ *\"$auth/\":"; then
  step "keep the auth method $auth" true
else
  step "enable the auth method $auth" $cli auth enable -path="$auth" kubernetes
fi
step "have the service account $service_account" create_service_account "$service_account"
if [ "$kubernetes" != inside ]; then
  step "have the service account $reviewer" create_service_account "$reviewer"
  bind_reviewer() {
    kubectl create clusterrolebinding "${reviewer#*/}" --clusterrole system:auth-delegator \
      --serviceaccount "${reviewer%/*}:${reviewer#*/}" --dry-run=client --output yaml | kubectl apply --filename -
  }
  step "let it review tokens" bind_reviewer
fi
step "tell $auth how to review tokens" configure_auth
step "write the role $auth_role for $service_account and the issuer $issuer" $cli write "auth/$auth/role/$auth_role" \
  bound_service_account_names="${service_account#*/}" bound_service_account_namespaces="${service_account%/*}" \
  audience="vault://$issuer" token_policies="$policy" token_ttl="$token_ttl"
