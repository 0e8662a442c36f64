/* SPDX-License-Identifier: Apache-2.0
 *
 * Vault addresses: the first line is SOPS_HC_VAULT_ALLOWLIST, the second the address that a document names, the rest an engine's path and a key's name,
 * with a blank between. A token goes to no host but one of the list, by no scheme but that of its entry, and a path does not lead out of it.
 */
#include "keys/url.h"
#include "keys/vault_address.h"

#include <assert.h>

enum { URL_MAX = 4096 };

static char list[4096]; /* what the variable says */

static const char *variable(void *cookie, const char *name)
{
	return strcmp(name, "SOPS_HC_VAULT_ALLOWLIST") == 0 ? list : NULL;
}

/* Is it the scheme and host of an entry? */
static bool listed(const struct url *address)
{
	struct span text = span_str(list);
	struct err err = ERR_INIT;
	size_t at, end;

	for (at = 0; at <= text.len; at = end + 1) {
		struct url entry;

		end = span_find(text, at, ',');
		if (url_parse(vault_address_trim(span_sub(text, at, end - at)), &entry, &err) ==
			    0 &&
		    entry.plain == address->plain && span_eq(entry.authority, address->authority))
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct key_host host = {.variable = variable};
	CLEAN_BUF struct buf out = BUF_INIT(URL_MAX);
	struct span all = span_of(data, size), address;
	struct err err = ERR_INIT;
	struct sops_key key;
	struct url url;
	size_t end = span_find(all, 0, '\n'), blank;

	if (end >= sizeof(list))
		return 0;
	memcpy(list, data, end);
	list[end] = '\0';
	all = span_from(all, end + 1);
	end = span_find(all, 0, '\n');
	address = vault_address_trim(span_sub(all, 0, end));
	if (vault_address_allowed(&host, address, SPAN_NULL, &err) < 0)
		return 0;
	assert(url_parse(address, &url, &err) == 0);
	assert(span_is(vault_trim(span_str(list)), "all") ? !url.plain : listed(&url));
	all = span_from(all, end + 1);
	blank = span_find(all, 0, ' ');
	key = (struct sops_key){.address = address,
				.path = span_sub(all, 0, blank),
				.id = span_from(all, blank + 1)};
	if (vault_decrypt_url(&key, &out, &err) < 0)
		return 0;
	assert(span_starts(buf_span(&out), address));
	all = span_sub(buf_span(&out), address.len, out.len - address.len);
	assert(span_starts(all, SPAN("/v1/")) && span_search(all, SPAN("/decrypt/")) != SIZE_MAX);
	assert(span_search(all, SPAN("/../")) == SIZE_MAX && !span_ends(all, SPAN("/..")));
	assert(span_find(all, 0, '?') == all.len && span_find(all, 0, '#') == all.len);
	return 0;
}
