/* SPDX-License-Identifier: Apache-2.0
 *
 * A reader for the few shapes of DER that private keys have, as strict as Go's: definite lengths and integers in their shortest form, no
 * negative numbers; more parts may follow inside of a sequence, not behind it. Go: crypto/x509 (ParsePKCS1PrivateKey,
 * ParsePKCS8PrivateKey)
 */
#include "keys/ssh_der.h"

enum {
	TAG_INTEGER = 0x02,
	TAG_OCTETS = 0x04,
	TAG_NAME = 0x06,
	TAG_SEQUENCE = 0x30,
	TAG_LEN_MAX = 5,    /* bytes of a tag: 31 bits */
	BODY_MAX = 1 << 23, /* bytes of an element, and then one byte of length more */
};

static const uint8_t OID_RSA[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01};
static const uint8_t OID_ED25519[] = {0x2b, 0x65, 0x70};

/* The head of an element: first byte, length of the head, length of the body, which need not be all there. */
struct head {
	uint8_t tag;
	size_t len, body;
};

/* Go: encoding/asn1 (parseTagAndLength) */
static int read_head(struct span der, struct head *ret)
{
	size_t at = 1, more, body;

	if (der.len < 2)
		return -1;
	if ((der.data[0] & 0x1f) == 0x1f) { /* a tag of several bytes; never one that we want */
		if (der.data[1] < 0x1f || der.data[1] == 0x80)
			return -1;
		while (at < der.len && (der.data[at] & 0x80))
			at++;
		if (++at > TAG_LEN_MAX || at >= der.len)
			return -1;
	}
	body = der.data[at++];
	if (body & 0x80) {
		more = body & 0x7f;
		if (more == 0 || more > der.len - at || der.data[at] == 0)
			return -1;
		for (body = 0; more > 0 && body < BODY_MAX; more--)
			body = body << 8 | der.data[at++];
		if (more > 0 || body < 0x80)
			return -1;
	}
	*ret = (struct head){der.data[0], at, body};
	return 0;
}

/* Takes one element with that tag off der. */
static int take(struct span *der, uint8_t tag, struct span *ret_body)
{
	struct head head;

	if (read_head(*der, &head) < 0 || head.tag != tag || head.body > der->len - head.len)
		return -1;
	*ret_body = span_sub(*der, head.len, head.body);
	*der = span_from(*der, head.len + head.body);
	return 0;
}

/* An integer in its shortest form. */
static int take_integer(struct span *der, struct span *ret_body)
{
	if (take(der, TAG_INTEGER, ret_body) < 0 || ret_body->len == 0)
		return -1;
	if (ret_body->len > 1 && (ret_body->data[0] == 0 || ret_body->data[0] == 0xff) &&
	    (ret_body->data[0] & 0x80) == (ret_body->data[1] & 0x80))
		return -1;
	return 0;
}

/* A number that is not negative, without its leading zero byte; 0 is an empty span. */
static int take_number(struct span *der, struct span *ret_number)
{
	struct span body;

	if (take_integer(der, &body) < 0 || (body.data[0] & 0x80))
		return -1;
	*ret_number = span_from(body, body.data[0] == 0);
	return 0;
}

/* A number that may be missing: none where something else comes, but that must have a head. */
static int take_optional(struct span *der, struct span *ret_number)
{
	struct head head;

	if (der->len == 0)
		return 0;
	if (read_head(*der, &head) < 0)
		return -1;
	if (head.tag != TAG_INTEGER)
		return 0;
	return take_number(der, ret_number) < 0 || ret_number->len == 0 ? -1 : 0;
}

int ssh_der_rsa(struct span der, struct crypto_rsa *ret_rsa, struct err *err)
{
	struct crypto_rsa rsa = {.dp = SPAN_NULL};
	struct span body, version;

	if (take(&der, TAG_SEQUENCE, &body) < 0 || der.len || take_number(&body, &version) < 0 ||
	    version.len > 1 || (version.len && version.data[0] != 1) ||
	    take_number(&body, &rsa.n) < 0 || take_number(&body, &rsa.e) < 0 ||
	    take_number(&body, &rsa.d) < 0 || take_number(&body, &rsa.p) < 0 ||
	    take_number(&body, &rsa.q) < 0 || take_optional(&body, &rsa.dp) < 0 ||
	    take_optional(&body, &rsa.dq) < 0 || take_optional(&body, &rsa.qinv) < 0)
		return err_set(err, ERR_FORMAT, "malformed RSA private key");
	if (body.len && body.data[0] == TAG_SEQUENCE)
		return err_set(err, ERR_UNSUPPORTED,
			       "RSA keys of more than two primes are not supported");
	/* Go: crypto/rsa (precompute): all of them count, or none does. */
	if (!rsa.dp.len || !rsa.dq.len || !rsa.qinv.len)
		rsa.dp = rsa.dq = rsa.qinv = SPAN_NULL;
	*ret_rsa = rsa;
	return 0;
}

int ssh_der_pkcs8(struct span der, struct ssh_key *ret_key, struct err *err)
{
	struct span body, version, algorithm, name, key;
	struct head parameters;

	if (take(&der, TAG_SEQUENCE, &body) < 0 || take_integer(&body, &version) < 0 ||
	    version.len > sizeof(int64_t) || take(&body, TAG_SEQUENCE, &algorithm) < 0 ||
	    take(&body, TAG_OCTETS, &key) < 0 || take(&algorithm, TAG_NAME, &name) < 0 ||
	    (algorithm.len && (read_head(algorithm, &parameters) < 0 ||
			       parameters.body > algorithm.len - parameters.len)))
		return err_set(err, ERR_FORMAT, "malformed private key");
	if (span_eq(name, span_of(OID_RSA, sizeof(OID_RSA)))) {
		ret_key->kind = SSH_KEY_RSA;
		return ssh_der_rsa(key, &ret_key->rsa, err);
	}
	if (!span_eq(name, span_of(OID_ED25519, sizeof(OID_ED25519))))
		return err_set(err, ERR_UNSUPPORTED, "only ed25519 and RSA keys open age files");
	ret_key->kind = SSH_KEY_ED25519;
	if (take(&key, TAG_OCTETS, &ret_key->seed) < 0 || key.len ||
	    ret_key->seed.len != SSH_ED25519_LEN)
		return err_set(err, ERR_FORMAT, "malformed ed25519 private key");
	return 0;
}
