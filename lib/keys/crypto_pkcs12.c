/* SPDX-License-Identifier: Apache-2.0
 *
 * PKCS #12; see crypto_pkcs12.h. OpenSSL's copies of the key are cleansed when they go.
 */
#include "keys/crypto_pkcs12.h"

#include "base/buf.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

enum { PASSWORD_MAX = 64 * 1024 /* bytes */ };

static int refuse(struct err *err)
{
	unsigned long one;
	bool memory = false, unsupported = false;

	while ((one = ERR_get_error()) != 0) {
		memory = memory || ERR_GET_REASON(one) == ERR_R_MALLOC_FAILURE;
		unsupported = unsupported || ERR_GET_REASON(one) == ERR_R_UNSUPPORTED;
	}
	if (memory)
		return err_nomem(err);
	if (unsupported)
		return err_set(err, ERR_UNSUPPORTED,
			       "PKCS #12 with ciphers that OpenSSL does not use any more");
	return err_set(err, ERR_FORMAT, "not PKCS #12, or its password is another");
}

static int keep_key(EVP_PKEY *key, struct secret_pool *pool, struct span *ret, struct err *err)
{
	unsigned char *der = NULL;
	int len, status;

	if (!EVP_PKEY_is_a(key, "RSA"))
		return err_set(err, ERR_UNSUPPORTED, "only certificates of RSA keys are supported");
	len = i2d_PrivateKey(key, &der);
	if (len <= 0)
		return refuse(err);
	status = secret_dup(pool, span_of(der, (size_t)len), ret, err);
	OPENSSL_clear_free(der, (size_t)len);
	return status;
}

static int keep_certificate(X509 *certificate, struct secret_pool *pool,
			    struct crypto_pkcs12 *content, struct err *err)
{
	unsigned char *der = NULL;
	int len, status;

	if (content->certificate_count == CRYPTO_PKCS12_CERTIFICATES)
		return err_set(err, ERR_LIMIT, "more than %d certificates",
			       CRYPTO_PKCS12_CERTIFICATES);
	len = i2d_X509(certificate, &der);
	if (len <= 0)
		return refuse(err);
	status = secret_dup(pool, span_of(der, (size_t)len),
			    &content->certificates[content->certificate_count++], err);
	OPENSSL_free(der);
	return status;
}

static int keep(EVP_PKEY *key, X509 *own, STACK_OF(X509) * others, struct secret_pool *pool,
		struct crypto_pkcs12 *content, struct err *err)
{
	int i;

	if (!key || !own)
		return err_set(err, ERR_FORMAT, "no private key with its certificate in it");
	if (keep_key(key, pool, &content->key, err) < 0 ||
	    keep_certificate(own, pool, content, err) < 0)
		return -1;
	for (i = 0; i < sk_X509_num(others); i++) {
		if (keep_certificate(sk_X509_value(others, i), pool, content, err) < 0)
			return -1;
	}
	return 0;
}

int crypto_pkcs12_open(struct span data, struct span password, struct secret_pool *pool,
		       struct crypto_pkcs12 *ret_content, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(PASSWORD_MAX);
	struct crypto_pkcs12 content = {.certificate_count = 0};
	const unsigned char *at = data.data;
	EVP_PKEY *key = NULL;
	X509 *own = NULL;
	STACK_OF(X509) *others = NULL;
	PKCS12 *read;
	int status = -1;

	buf_add_span(&text, password);
	buf_add_char(&text, 0);
	if (buf_check(&text, err) < 0)
		return -1;
	read = data.len ? d2i_PKCS12(NULL, &at, (long)data.len) : NULL;
	if (!read || PKCS12_parse(read, (const char *)text.data, &key, &own, &others) != 1)
		(void)refuse(err);
	else
		status = keep(key, own, others, pool, &content, err);
	PKCS12_free(read);
	EVP_PKEY_free(key);
	X509_free(own);
	sk_X509_pop_free(others, X509_free);
	if (status == 0)
		*ret_content = content;
	return status;
}
