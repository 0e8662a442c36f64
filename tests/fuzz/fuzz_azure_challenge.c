/* SPDX-License-Identifier: Apache-2.0
 *
 * Vault addresses and challenges: the first line is an address, the rest a challenge. No token is for a host that is not above the vault's own, and no
 * address is taken that is not Azure's or the operator's.
 */
#include "keys/azure_vault.h"
#include "keys/url.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span all = span_of(data, size), address, header;
	struct azure_challenge challenge;
	struct azure_vault vault;
	struct err err = ERR_INIT;
	struct url url;
	size_t end = span_find(all, 0, '\n');

	address = span_sub(all, 0, end);
	header = span_from(all, end + 1);
	if (azure_vault_parse(address, SPAN("mine.example:8444"), &vault, &err) < 0)
		return 0;
	assert(url_below(vault.authority, SPAN("azure.net")) ||
	       url_below(vault.authority, SPAN("azure.cn")) ||
	       url_below(vault.authority, SPAN("usgovcloudapi.net")) ||
	       url_below(vault.authority, SPAN("mine.example:8444")));
	if (azure_challenge_parse(header, &challenge, &err) < 0 ||
	    azure_challenge_check(&challenge, vault.authority, &err) < 0)
		return 0;
	assert(url_parse(challenge.resource, &url, &err) == 0);
	assert(url_below(vault.authority, url.authority) &&
	       vault.authority.len > url.authority.len);
	return 0;
}
