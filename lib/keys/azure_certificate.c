/* SPDX-License-Identifier: Apache-2.0
 *
 * Certificates that stand for a client of Entra: a key and its certificate, in PEM in any order, or in PKCS #12; see azure_credential.h. Which
 * certificate is the key's own is told by its modulus, which stands in it as it is. Nothing else of a certificate is of interest here: Entra
 * checks it.
 */
#include "keys/azure_credential.h"
#include "keys/crypto_pkcs12.h"
#include "keys/ssh_der.h"
#include "keys/ssh_pem.h"

static const struct span BEGIN = {(const uint8_t *)"-----BEGIN ", 11};
static const struct span END = {(const uint8_t *)"-----END ", 9};

/* What has been found so far. */
struct found {
	struct span certificates[AZURE_CHAIN_MAX]; /* in the order of the text */
	size_t count;
	bool has_key;
};

static int add_certificate(struct found *found, struct span der, struct err *err)
{
	if (found->count == AZURE_CHAIN_MAX)
		return err_set(err, ERR_LIMIT, "more than %d certificates", AZURE_CHAIN_MAX);
	found->certificates[found->count++] = der;
	return 0;
}

static int take_block(struct span block, struct secret_pool *pool, struct found *found,
		      struct crypto_rsa *key, struct err *err)
{
	struct ssh_pem pem;
	struct ssh_key read;

	if (ssh_pem_read(block, pool, &pem, err) < 0)
		return -1;
	if (span_is(pem.type, "CERTIFICATE"))
		return add_certificate(found, pem.bytes, err);
	if (!span_ends(pem.type, SPAN("PRIVATE KEY")))
		return 0;
	if (ssh_key_parse(block, pool, &read, err) < 0)
		return -1;
	if (read.kind != SSH_KEY_RSA)
		return err_set(err, ERR_UNSUPPORTED, "only certificates of RSA keys are supported");
	*key = read.rsa;
	found->has_key = true;
	return 0;
}

static int read_pem(struct span text, struct secret_pool *pool, struct found *found,
		    struct crypto_rsa *key, struct err *err)
{
	size_t begin, end;

	for (; (begin = span_search(text, BEGIN)) != SIZE_MAX; text = span_from(text, end)) {
		text = span_from(text, begin);
		end = span_search(text, END);
		end = end == SIZE_MAX ? text.len : span_find(text, end, '\n');
		if (take_block(span_sub(text, 0, end), pool, found, key, err) < 0)
			return -1;
	}
	return 0;
}

static int read_pkcs12(struct span data, struct span password, struct secret_pool *pool,
		       struct found *found, struct crypto_rsa *key, struct err *err)
{
	struct crypto_pkcs12 read;
	size_t i;

	if (crypto_pkcs12_open(data, password, pool, &read, err) < 0)
		return -1;
	for (i = 0; i < read.certificate_count; i++) {
		if (add_certificate(found, read.certificates[i], err) < 0)
			return -1;
	}
	found->has_key = true;
	return ssh_der_rsa(read.key, key, err);
}

int azure_certificate_load(struct span data, struct span password, struct secret_pool *pool,
			   struct azure_credential *credential, struct err *err)
{
	struct found found = {.count = 0};
	struct crypto_rsa key = {.n = SPAN_NULL};
	size_t i, own;

	if (data.len > AZURE_DATA_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes", AZURE_DATA_MAX);
	if (span_search(data, BEGIN) == SIZE_MAX
		    ? read_pkcs12(data, password, pool, &found, &key, err)
		    : read_pem(data, pool, &found, &key, err))
		return -1;
	if (!found.has_key)
		return err_set(err, ERR_FORMAT, "no private key in it");
	for (own = 0; own < found.count; own++) {
		if (key.n.len >= CRYPTO_RSA_LEN_MIN &&
		    span_search(found.certificates[own], key.n) != SIZE_MAX)
			break;
	}
	if (own == found.count)
		return err_set(err, ERR_FORMAT, "no certificate of its private key in it");
	credential->key = key;
	credential->chain_count = 0;
	credential->chain[credential->chain_count++] = found.certificates[own];
	for (i = 0; i < found.count; i++) {
		if (i != own)
			credential->chain[credential->chain_count++] = found.certificates[i];
	}
	return 0;
}
