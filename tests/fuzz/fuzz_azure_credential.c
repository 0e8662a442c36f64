/* SPDX-License-Identifier: Apache-2.0
 *
 * Flux's `sops.azure-kv`, and certificates: what is taken is complete, and its authority is one with TLS or this machine itself.
 */
#include "keys/azure_credential.h"
#include "keys/url.h"

#include <assert.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

static void is_complete(const struct azure_credential *credential)
{
	struct err err = ERR_INIT;
	struct url url;

	assert(credential->client.len);
	assert(credential->kind == AZURE_MANAGED || credential->tenant.len);
	if (credential->kind == AZURE_SECRET)
		assert(credential->secret.len);
	if (credential->kind == AZURE_CERTIFICATE)
		assert(credential->chain_count && credential->key.n.len);
	assert(url_parse(credential->authority, &url, &err) == 0);
	assert(!url.plain || url_loopback(&url));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct azure_credential credential = {.kind = AZURE_CERTIFICATE};
	struct err err = ERR_INIT;

	if (azure_certificate_load(span_of(data, size), SPAN("canary-p12"), &pool, &credential,
				   &err) == 0)
		assert(credential.chain_count && credential.key.n.len);
	else
		assert(err.code && err.msg[0]);
	err = (struct err)ERR_INIT;
	if (azure_credential_parse(span_of(data, size), &pool, &credential, &err) == 0)
		is_complete(&credential);
	else
		assert(err.code && err.msg[0]);
	return 0;
}
