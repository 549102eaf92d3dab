# What the issuer's token needs in Vault. The first rule is enough.
path "pki_int/sign/web" {
  capabilities = ["update"]
}

# After a crash the issuer looks for what Vault has issued already, and a refusal says what the role allows.
path "pki_int/roles/web" {
  capabilities = ["read"]
}
path "pki_int/certs" {
  capabilities = ["list"]
}
