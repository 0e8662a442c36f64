#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Certificates of clients of Entra, made by openssl: client.pem (a key, another's certificate, its own certificate), client.p12 (the same behind the
# password "canary-p12"), old.p12 (with ciphers that OpenSSL 3 has put aside), ec.pem (a key that is not RSA). Run in this folder.
set -eu
openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.crt -days 36500 -subj /CN=other 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout client.key -out client.crt -days 36500 -subj /CN=client 2>/dev/null
cat client.key other.crt client.crt >client.pem
cat other.crt client.key >stranger.pem
openssl pkcs12 -export -inkey client.key -in client.crt -certfile other.crt -passout pass:canary-p12 -out client.p12
openssl pkcs12 -export -legacy -descert -certpbe PBE-SHA1-RC2-40 -keypbe PBE-SHA1-3DES -inkey client.key -in client.crt -passout pass:canary-p12 -out old.p12
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ec.key -out ec.crt -days 36500 -subj /CN=ec 2>/dev/null
cat ec.key ec.crt >ec.pem
rm -f other.key other.crt client.key client.crt ec.key ec.crt
