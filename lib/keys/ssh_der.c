/* SPDX-License-Identifier: Apache-2.0
 *
 * A reader for the few shapes of DER that private keys have. Strict: definite lengths in their shortest form, integers in their shortest
 * form and not negative, nothing left over but where the standard has optional parts. Go: crypto/x509 (ParsePKCS1PrivateKey,
 * ParsePKCS8PrivateKey)
 */
#include "keys/ssh_der.h"

enum {
	TAG_INTEGER = 0x02,
	TAG_OCTETS = 0x04,
	TAG_SEQUENCE = 0x30,
};

/* Whole elements, tag and length with them. */
static const uint8_t OID_RSA[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
static const uint8_t OID_ED25519[] = {0x06, 0x03, 0x2b, 0x65, 0x70};

/* Takes one element with that tag off der. */
static int take(struct span *der, uint8_t tag, struct span *ret_body)
{
	size_t len, head = 2, more, i;

	if (der->len < 2 || der->data[0] != tag)
		return -1;
	len = der->data[1];
	if (len & 0x80) {
		more = len & 0x7f;
		if (more == 0 || more > 4 || der->len < 2 + more || der->data[2] == 0)
			return -1;
		for (len = 0, i = 0; i < more; i++)
			len = len << 8 | der->data[2 + i];
		if (len < 0x80)
			return -1;
		head += more;
	}
	if (len > der->len - head)
		return -1;
	*ret_body = span_sub(*der, head, len);
	*der = span_from(*der, head + len);
	return 0;
}

/* A number that is not negative, without its leading zero byte; 0 is an empty span. */
static int take_number(struct span *der, struct span *ret_number)
{
	struct span body;

	if (take(der, TAG_INTEGER, &body) < 0 || body.len == 0 || (body.data[0] & 0x80))
		return -1;
	if (body.data[0] == 0) {
		if (body.len > 1 && !(body.data[1] & 0x80))
			return -1;
		body = span_from(body, 1);
	}
	*ret_number = body;
	return 0;
}

int ssh_der_rsa(struct span der, struct crypto_rsa *ret_rsa, struct err *err)
{
	struct crypto_rsa rsa;
	struct span body, version;

	if (take(&der, TAG_SEQUENCE, &body) < 0 || der.len || take_number(&body, &version) < 0)
		return err_set(err, ERR_FORMAT, "malformed RSA private key");
	if (version.len)
		return err_set(err, ERR_UNSUPPORTED,
			       "RSA keys of more than two primes are not supported");
	/* What follows (CRT exponents and coefficient) is computed anew, as it must fit the rest. */
	if (take_number(&body, &rsa.n) < 0 || take_number(&body, &rsa.e) < 0 ||
	    take_number(&body, &rsa.d) < 0 || take_number(&body, &rsa.p) < 0 ||
	    take_number(&body, &rsa.q) < 0)
		return err_set(err, ERR_FORMAT, "malformed RSA private key");
	*ret_rsa = rsa;
	return 0;
}

int ssh_der_pkcs8(struct span der, struct ssh_key *ret_key, struct err *err)
{
	struct span body, version, algorithm, key;

	if (take(&der, TAG_SEQUENCE, &body) < 0 || take_number(&body, &version) < 0 ||
	    take(&body, TAG_SEQUENCE, &algorithm) < 0 || take(&body, TAG_OCTETS, &key) < 0)
		return err_set(err, ERR_FORMAT, "malformed private key");
	if (span_starts(algorithm, span_of(OID_RSA, sizeof(OID_RSA)))) {
		ret_key->kind = SSH_KEY_RSA;
		return ssh_der_rsa(key, &ret_key->rsa, err);
	}
	if (!span_starts(algorithm, span_of(OID_ED25519, sizeof(OID_ED25519))))
		return err_set(err, ERR_UNSUPPORTED, "only ed25519 and RSA keys open age files");
	ret_key->kind = SSH_KEY_ED25519;
	if (take(&key, TAG_OCTETS, &ret_key->seed) < 0 || key.len ||
	    ret_key->seed.len != SSH_ED25519_LEN)
		return err_set(err, ERR_FORMAT, "malformed ed25519 private key");
	return 0;
}
