#!/usr/bin/env bash
# Makes the certificates of this folder anew: for tests alone, everyone has the keys.
# usage: Tests/Certificates/make.sh      needs openssl
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 25500 -subj "/CN=$1" \
        -addext keyUsage=critical,keyCertSign -keyout "$work/$1.key" -out "$1.pem" 2>"$work/log"
}

# leaf NAME AUTHORITY ALTERNATIVE-NAMES PURPOSES BEGIN END
leaf() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$work/csr" \
        2>"$work/log"
    : >"$work/index"
    printf '%s\n' "[ca]" "default_ca=one" "[one]" "database=$work/index" "new_certs_dir=$work" "default_md=sha256" \
        "policy=any" "x509_extensions=leaf" "rand_serial=yes" "[any]" "commonName=supplied" "[leaf]" \
        "subjectAltName=$3" "extendedKeyUsage=$4" >"$work/ca.cnf"
    openssl ca -batch -notext -config "$work/ca.cnf" -cert "$2.pem" -keyfile "$work/$2.key" -in "$work/csr" -out "$1.pem" \
        -startdate "$5" -enddate "$6" 2>"$work/log"
}

authority authority
authority other-authority
here=IP:127.0.0.1,IP:::1,IP:10.77.0.1,DNS:localhost
both=serverAuth,clientAuth
leaf node authority $here $both 20260101000000Z 20960101000000Z
leaf elsewhere authority DNS:elsewhere.example $both 20260101000000Z 20960101000000Z
leaf server-only authority $here serverAuth 20260101000000Z 20960101000000Z
leaf expired authority $here $both 20200101000000Z 20210101000000Z
leaf early authority $here $both 20950101000000Z 20960101000000Z
leaf stranger other-authority $here $both 20260101000000Z 20960101000000Z
