/* SPDX-License-Identifier: Apache-2.0
 *
 * Azure's key vaults by their addresses; see azure_vault.h. The suffix says what tokens are for, so Azure's own vaults are not asked first.
 *
 * Differs: sops asks any host, and gives it the token that it asks for where that is of a domain above its own.
 */
#include "keys/azure_vault.h"

#include "base/text.h"
#include "keys/url.h"

#include <ctype.h>
#include <strings.h>

enum { NAME_MAX_LEN = 127 /* Azure's own limit for a key's name */ };

static const struct {
	const char *suffix, *resource;
} clouds[] = {
	{"vault.azure.net", "https://vault.azure.net"},
	{"vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net"},
	{"vault.azure.cn", "https://vault.azure.cn"},
	{"managedhsm.azure.net", "https://managedhsm.azure.net"},
	{"managedhsm.usgovcloudapi.net", "https://managedhsm.usgovcloudapi.net"},
	{"managedhsm.azure.cn", "https://managedhsm.azure.cn"},
};

/* A name below the suffix; the suffix itself is no vault. */
static bool is_below(struct span name, struct span suffix)
{
	return name.len > suffix.len && url_below(name, suffix);
}

static bool given(struct span authority, struct span suffixes)
{
	size_t at, end;

	for (at = 0; at < suffixes.len; at = end + 1) {
		end = span_find(suffixes, at, ',');
		if (url_below(authority, span_sub(suffixes, at, end - at)))
			return true;
	}
	return false;
}

int azure_vault_parse(struct span address, struct span suffixes, struct azure_vault *ret_vault,
		      struct err *err)
{
	struct url url;
	size_t i;

	if (url_parse(address, &url, err) < 0)
		return err_wrap(err, "vault address '%s'", text_quote(address).text);
	if (url.plain || (url.path.len && !span_is(url.path, "/")))
		return err_set(err, ERR_FORMAT, "vault address '%s' is not 'https://HOST'",
			       text_quote(address).text);
	if (given(url.authority, suffixes)) {
		*ret_vault = (struct azure_vault){.authority = url.authority};
		return 0;
	}
	for (i = 0; i < ARRAY_LEN(clouds) && !url.port.data; i++) {
		if (!is_below(url.host, span_str(clouds[i].suffix)))
			continue;
		ret_vault->authority = url.authority;
		ret_vault->resource = span_str(clouds[i].resource);
		return 0;
	}
	return err_set(
		err, ERR_POLICY,
		"'%s' is none of Azure's vaults, nor does KRM_SOPS_AZURE_VAULT_SUFFIXES name "
		"it: no token is sent to a host that only the document names",
		text_quote(url.authority).text);
}

bool azure_name_good(struct span name)
{
	size_t i;

	for (i = 0; i < name.len; i++) {
		if (name.data[i] >= 0x80 || (!isalnum(name.data[i]) && name.data[i] != '-'))
			return false;
	}
	return name.len > 0 && name.len <= NAME_MAX_LEN;
}

/* Takes blanks and commas, then name=value or name="value" off rest. */
static bool next_parameter(struct span *rest, struct span *ret_name, struct span *ret_value)
{
	size_t at = 0, end;

	while (at < rest->len && (rest->data[at] == ' ' || rest->data[at] == ','))
		at++;
	*rest = span_from(*rest, at);
	end = span_find(*rest, 0, '=');
	*ret_name = span_sub(*rest, 0, end);
	if (end == rest->len || span_find(*ret_name, 0, ' ') < end)
		return false;
	*rest = span_from(*rest, end + 1);
	if (span_starts(*rest, SPAN("\""))) {
		end = span_find(*rest, 1, '"');
		*ret_value = span_sub(*rest, 1, end - 1);
		if (end == rest->len)
			return false;
		end++;
	} else {
		for (end = 0; end < rest->len && rest->data[end] != ' ' && rest->data[end] != ',';)
			end++;
		*ret_value = span_sub(*rest, 0, end);
	}
	*rest = span_from(*rest, end);
	return true;
}

/* The first part of the path of https://login.microsoftonline.com/TENANT. Nothing else of that address is used. */
static struct span tenant_of(struct span authorization)
{
	struct err ignored = ERR_INIT;
	struct url url;

	if (url_parse(authorization, &url, &ignored) < 0 || !url.path.len)
		return SPAN_NULL;
	return span_sub(url.path, 1, span_find(url.path, 1, '/') - 1);
}

int azure_challenge_parse(struct span header, struct azure_challenge *ret_challenge,
			  struct err *err)
{
	static const struct span bearer = {(const uint8_t *)"Bearer ", 7};
	static const struct span end = {(const uint8_t *)"/.default", 9};
	struct span rest, name, value, scope = SPAN_NULL, resource = SPAN_NULL;
	struct azure_challenge challenge = {.tenant = SPAN_NULL};

	if (header.len < bearer.len ||
	    strncasecmp((const char *)header.data, (const char *)bearer.data, bearer.len) != 0)
		return err_set(err, ERR_FORMAT, "the vault asks for no bearer token");
	for (rest = span_from(header, bearer.len); next_parameter(&rest, &name, &value);) {
		if (span_is(name, "scope"))
			scope = value;
		else if (span_is(name, "resource"))
			resource = value;
		else if (span_is(name, "authorization"))
			challenge.tenant = tenant_of(value);
	}
	challenge.resource = scope.len ? scope : resource;
	if (span_ends(challenge.resource, end))
		challenge.resource.len -= end.len;
	if (!challenge.resource.len)
		return err_set(err, ERR_FORMAT, "the vault does not say what its tokens are for");
	*ret_challenge = challenge;
	return 0;
}

int azure_challenge_check(const struct azure_challenge *challenge, struct span authority,
			  struct err *err)
{
	struct url url;

	if (url_parse(challenge->resource, &url, err) < 0)
		return err_wrap(err, "what the vault's tokens are for");
	if (url.plain || !is_below(authority, url.authority))
		return err_set(err, ERR_POLICY,
			       "vault '%s' asks for a token for '%s', which is another's",
			       text_quote(authority).text, text_quote(url.authority).text);
	return 0;
}
