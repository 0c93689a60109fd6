# Credentials for encrypted migrations, for the tests of them. Sourced by deploy/lab.
# shellcheck shell=bash disable=SC2154
#
# Each host has them in $pki_on_host, in folders of mode 0700 with the names that QEMU looks for:
#
#   good         certificates of the lab's CA for the host's name and address
#   expired      the same, since yesterday
#   wrong-name   the same, for another name
#   foreign      of another CA, which they trust
#   psk          keys.psk with the key of the user 'qemu' that all hosts have
#   psk-other    with another one
#
# `up` renews what would not last for another day.

pki_on_host=/etc/pki/vtmh-lab
pki_days=30
day_s=86400

# lasts CERTIFICATE SECONDS
lasts() {
    openssl x509 -in "$1" -noout -checkend "$2" >/dev/null 2>&1
}

private_folder() {
    mkdir -p "$1"
    chmod 700 "$1"
}

new_key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1"
}

# make_authority NAME: outlives all that it signs.
make_authority() {
    local folder=$lab/pki/.$1
    private_folder "$folder"
    new_key "$folder/key.pem"
    openssl req -x509 -key "$folder/key.pem" -days $((2 * pki_days)) -subj "/CN=vtmh lab, $1" \
        -out "$folder/cert.pem" -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign
}

# make_certificates FOLDER AUTHORITY NAMES DAYS: one for both roles; the holder trusts that authority.
make_certificates() {
    local folder=$1 authority=$lab/pki/.$2 names=$3 days=$4
    private_folder "$folder"
    cp "$authority/cert.pem" "$folder/ca-cert.pem"
    new_key "$folder/server-key.pem"
    openssl req -new -key "$folder/server-key.pem" -subj "/CN=vtmh lab" |
        openssl x509 -req -CA "$authority/cert.pem" -CAkey "$authority/key.pem" -CAcreateserial \
            -days "$days" -out "$folder/server-cert.pem" -extfile <(
                printf '%s\n' basicConstraints=critical,CA:FALSE \
                    keyUsage=critical,digitalSignature,keyEncipherment \
                    extendedKeyUsage=serverAuth,clientAuth \
                    "subjectAltName=$names"
            ) 2>/dev/null
    ln -f "$folder/server-key.pem" "$folder/client-key.pem"
    ln -f "$folder/server-cert.pem" "$folder/client-cert.pem"
}

# make_psk FOLDER KEY
make_psk() {
    private_folder "$1"
    printf 'qemu:%s\n' "$2" >"$1/keys.psk"
}

make_credentials_of() {
    local host=$1 folder=$lab/pki/$1 names
    names="DNS:$host,IP:$(address_of "$host")"
    private_folder "$folder"
    make_certificates "$folder/good" own "$names" "$pki_days"
    make_certificates "$folder/expired" own "$names" -1
    make_certificates "$folder/wrong-name" own DNS:nobody.example.org "$pki_days"
    make_certificates "$folder/foreign" foreign "$names" "$pki_days"
    make_psk "$folder/psk" "$(cat "$lab/pki/.key")"
    make_psk "$folder/psk-other" "$(openssl rand -hex 32)"
}

make_credentials() {
    local host
    private_folder "$lab/pki"
    if ! lasts "$lab/pki/.own/cert.pem" $(((pki_days + 1) * day_s)); then
        make_authority own
        make_authority foreign
        openssl rand -hex 32 >"$lab/pki/.key"
        rm -rf "$lab"/pki/host*/*
    fi
    for host in $(all_hosts); do
        lasts "$lab/pki/$host/good/server-cert.pem" "$day_s" || make_credentials_of "$host"
    done
}
