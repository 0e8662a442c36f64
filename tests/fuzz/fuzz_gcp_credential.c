/* SPDX-License-Identifier: Apache-2.0
 *
 * Google's credential files: whatever a file says, what is secret goes to the provider's hosts only, and no command is run.
 */
#include "keys/gcp_credential.h"
#include "keys/url.h"

#include <assert.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

static void is_google(struct span text)
{
	struct err err = ERR_INIT;
	struct url url;

	if (!text.len)
		return;
	assert(url_parse(text, &url, &err) == 0);
	assert(!url.plain && url_below(url.host, SPAN("googleapis.com")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct gcp_credential credential;
	struct err err = ERR_INIT;

	if (gcp_credential_parse(span_of(data, size), SPAN("googleapis.com"), &pool, &credential,
				 &err) < 0) {
		assert(err.code && err.msg[0]);
		return 0;
	}
	is_google(credential.token_url);
	is_google(credential.impersonate);
	assert(credential.kind != GCP_ACCESS_TOKEN && credential.kind != GCP_METADATA);
	if (credential.kind == GCP_EXTERNAL)
		assert(!credential.file.len != !credential.url.len);
	return 0;
}
