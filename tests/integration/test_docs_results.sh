#!/bin/bash
# Asks the questions of docs/results.md: each line "sqlite3 job.db …" there is answered by
# the file of a job of a thousand legs, made by bench_job_db.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${VTMH_BUILD:?VTMH_BUILD is the build tree}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v sqlite3 >/dev/null || {
    echo "test_docs_results: there is no sqlite3 here" >&2
    exit 77
}
"$build/tests/bench/bench_job_db" 1000 "$work" >/dev/null
cd "$work"
questions=0
while IFS= read -r line; do
    questions=$((questions + 1))
    answer=$(bash -c "$line") || answer=
    if [[ -z $answer ]]; then
        printf 'test_docs_results: no answer to: %s\n' "$line" >&2
        exit 1
    fi
    printf '%s\n  %s\n' "$line" "${answer//$'\n'/$'\n  '}"
done < <(grep -E '^sqlite3 job\.db ' "$source_dir/docs/results.md")
if ((questions < 3)); then
    echo "test_docs_results: only $questions questions found in docs/results.md" >&2
    exit 1
fi
# The first is the percentile that the bench knows how to ask: 1,000 figures below 1 s.
awk -v p="$(grep -m 1 -E '^sqlite3 job\.db ' "$source_dir/docs/results.md" | bash)" \
    'BEGIN { exit !(p > 900 && p < 1000) }' || {
    echo "test_docs_results: the first question is not the 95th percentile of the downtime" >&2
    exit 1
}
