#!/usr/bin/env bash
# Encrypted migrations: good credentials pass, bad ones are refused, and the reason names the end that knows it.
# Over local hosts: neither a lab nor root.
# shellcheck source=tests/e2e/local.sh
. "$(dirname "$0")/local.sh"
command -v openssl >/dev/null || skip "openssl is missing"

# authority NAME: a CA in $work/NAME.
authority() {
    mkdir -p "$work/$1"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
        -keyout "$work/$1/key.pem" -out "$work/$1/cert.pem" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign 2>/dev/null
}

# credentials FOLDER AUTHORITY TRUSTED NAME DAYS: certificates of AUTHORITY for NAME, valid for DAYS; the
# holder trusts those of TRUSTED.
credentials() {
    local folder=$work/$1 role
    mkdir -p -m 0700 "$folder"
    cp "$work/$3/cert.pem" "$folder/ca-cert.pem"
    for role in server client; do
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$4" \
            -keyout "$folder/$role-key.pem" -out "$folder/request" 2>/dev/null
        printf '%s\n' basicConstraints=critical,CA:FALSE keyUsage=critical,digitalSignature \
            "extendedKeyUsage=${role}Auth" "subjectAltName=DNS:$4" >"$folder/extensions"
        openssl x509 -req -in "$folder/request" -CA "$work/$2/cert.pem" -CAkey "$work/$2/key.pem" \
            -CAcreateserial -days "$5" -extfile "$folder/extensions" -out "$folder/$role-cert.pem" 2>/dev/null
    done
    rm "$folder/request" "$folder/extensions"
}

authority ours
authority foreign
credentials good-a ours ours a 2
credentials good-b ours ours b 2
credentials wrong-name ours ours c 2
credentials stranger foreign foreign b 2
mkdir -m 0700 "$work/psk" "$work/psk-other"
printf 'qemu:%064d\n' 7 >"$work/psk/keys.psk"
printf 'qemu:%064d\n' 8 >"$work/psk-other/keys.psk"

cat >"$work/tls.cfg" <<'END'
type = migration_multi_host
guest = tick
mem = 64
dirty_mem = 8
END
tls=(-m local:a,local:b -p mig_tls=x509 -p "tls_dir_host1=$work/good-a" "$work/tls.cfg")

step "good credentials pass, by each transport that has a way back"
for way in tcp unix exec; do
    job "${tls[@]}" -p "tls_dir_host2=$work/good-b" -p mig_protocol=$way
    expect_equal "exit status by $way" 0 "$status"
done
job -m local:a,local:b -p mig_tls=psk -p "tls_dir=$work/psk" "$work/tls.cfg"
expect_equal "exit status with a shared key" 0 "$status"

# refused WHY ARGS…: the leg fails before the guest has moved, for this reason.
refused() {
    local why=$1
    shift
    job "$@"
    expect_equal "exit status" 1 "$status"
    expect_match "the reason" "$why" "$(results '.tests[0].fail_reason')"
    expect_equal "the guest" source "$(results '.tests[0].vtmh.migrations[0].survivor')"
    job "$@" -p "mig_expect=refused failed"
    expect_equal "exit status where that is planned" 0 "$status"
}

step "a certificate of another name, of a stranger, and another key are refused"
refused 'does not match the hostname b' "${tls[@]}" -p "tls_dir_host2=$work/wrong-name"
refused 'No certificate was found|known issuer' "${tls[@]}" -p "tls_dir_host2=$work/stranger"
refused 'TLS handshake failed' -m local:a,local:b -p mig_tls=psk -p "tls_dir_host1=$work/psk" \
    -p "tls_dir_host2=$work/psk-other" "$work/tls.cfg"

step "credentials that are missing are named"
refused 'ca-cert.pem.*No such file|No such file.*ca-cert.pem' "${tls[@]}" -p "tls_dir_host2=$work/nonesuch"
job -m local:a,local:b -p mig_tls=yes "$work/tls.cfg"
expect_match "the reason" 'mig_tls = yes needs tls_dir' "$(results '.tests[0].fail_reason')"
