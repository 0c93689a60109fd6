#!/usr/bin/env bash
# Encrypted migrations: good credentials pass, bad ones are refused, and the reason names the end that knows it.
# With the credentials that the lab puts on its hosts.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/e2e/jobs.sh
. "$(dirname "$0")/jobs.sh"
need_guest tick
lab_begin 2

pki=/etc/pki/vtmh-lab
cat >"$work/tls.cfg" <<END
type = migration_multi_host
guest = tick
mem = 64
dirty_mem = 8
tls_dir = $pki/good
variants:
    - x509:
        mig_tls = x509
    - psk:
        mig_tls = psk
        tls_dir = $pki/psk
END
x509=(-m host1,host2 --only x509 "$work/tls.cfg")
psk=(-m host1,host2 --only psk "$work/tls.cfg")

step "good credentials pass, by each transport that has a way back"
for way in tcp unix exec; do
    job "${x509[@]}" -p mig_protocol=$way
    expect_equal "exit status by $way" 0 "$status"
done
job "${psk[@]}"
expect_equal "exit status with a shared key" 0 "$status"

# refused WHY ARGS…: the leg fails before the guest has moved, for this reason.
refused() {
    local why=$1
    shift
    job "$@"
    expect_equal "exit status" 1 "$status"
    expect_match "the reason" "$why" "$(result .fail_reason)"
    expect_survivor source
}

step "a certificate of another name, of a stranger, one that has expired, and another key are refused"
refused 'does not match the hostname host2' "${x509[@]}" -p "tls_dir_host2=$pki/wrong-name"
refused 'No certificate was found|known issuer' "${x509[@]}" -p "tls_dir_host2=$pki/foreign"
refused 'has expired' "${x509[@]}" -p "tls_dir_host2=$pki/expired"
refused 'has expired' "${x509[@]}" -p "tls_dir_host1=$pki/expired"
refused 'TLS handshake failed' "${psk[@]}" -p "tls_dir_host2=$pki/psk-other"

step "the library's variants pass: those that are refused, as they are to be"
job -m host1,host2 --only options..tls_x509,options..tls_psk,options..tls_refused "$library"
expect_equal "exit status" 0 "$status"
expect_equal "statuses" "PASS PASS PASS PASS PASS PASS" "$(job_result '[.tests[].status] | join(" ")')"
expect_equal "the guests" "destination destination destination destination source source source source" \
    "$(job_result '[.tests[].vtmh.migrations[].survivor] | join(" ")')"

step "on hosts that have no such credentials they are skipped, and nothing starts"
job -m local:a,local:b --only options..tls_x509 "$library"
expect_equal "exit status" 32 "$status"
expect_match "the reason" "mig_tls = x509 is not supported: there is no folder $pki/good on [ab]" "$(result .fail_reason)"
expect_equal "legs" 0 "$(result '.vtmh.migrations | length')"

step "credentials that lack a file, or that nobody has named, are an error"
on host2 mkdir -m 700 /root/empty
refused 'ca-cert.pem.*No such file|No such file.*ca-cert.pem' "${x509[@]}" -p tls_dir_host2=/root/empty
job -m host1,host2 -p mig_tls=yes -p tls_dir= "$work/tls.cfg"
expect_match "the reason" 'mig_tls = yes needs tls_dir' "$(result .fail_reason)"
no_leaks host1 host2
