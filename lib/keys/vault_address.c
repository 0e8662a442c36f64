/* SPDX-License-Identifier: Apache-2.0
 *
 * Vault addresses; see vault_address.h. sops: hcvault/keysource.go (SOPS_HC_VAULT_ALLOWLIST), where all addresses are allowed unless the
 * list says otherwise. Differs: vault_address; vault_paths; vault_agent.
 */
#include "keys/vault_address.h"

#include "base/text.h"
#include "keys/url.h"

#define ALLOWLIST "SOPS_HC_VAULT_ALLOWLIST"

struct span vault_trim(struct span text)
{
	while (text.len && strchr(" \t\r\n", text.data[0]))
		text = span_from(text, 1);
	while (text.len && strchr(" \t\r\n", text.data[text.len - 1]))
		text.len--;
	return text;
}

struct span vault_address_trim(struct span address)
{
	address = vault_trim(address);
	while (address.len && address.data[address.len - 1] == '/')
		address.len--;
	return address;
}

/* What a server could take for another path than we do is refused: "https://proxy/ours/../theirs" begins as an entry does. */
static int parse(struct span address, struct url *ret_url, struct err *err)
{
	if (url_parse(address, ret_url, err) < 0)
		return -1;
	if (span_search(ret_url->path, SPAN("/.")) != SIZE_MAX ||
	    span_find(ret_url->path, 0, '%') < ret_url->path.len ||
	    span_find(ret_url->path, 0, '?') < ret_url->path.len)
		return err_set(err, ERR_FORMAT, "a path that could be read in two ways");
	return 0;
}

/* Both with a slash behind them, so that no longer host's name begins as the entry does. */
static bool begins(struct span address, struct span entry)
{
	return span_starts(address, entry) &&
	       (address.len == entry.len || address.data[entry.len] == '/');
}

static int refuse(struct span address, const char *who, struct err *err)
{
	struct quoted shown = text_quote(address);

	(void)err_set(err, ERR_POLICY, "%s lets a Vault token be sent to '%s'", who, shown.text);
	return err_hint(err,
			"to let it: `vault: {addresses: [\"%s\"]}` below `spec` of the operator's "
			"policy, or VAULT_ADDR=%s",
			shown.text, shown.text);
}

static int ask_list(const char *list, struct span address, bool plain, struct err *err)
{
	struct span text = vault_trim(span_str(list)), entry;
	struct url parts;
	size_t at, end;

	/* "all" says nothing of http. */
	if (span_is(text, "all") && !plain)
		return 0;
	if (span_is(text, "all") || span_is(text, "none"))
		return refuse(address, ALLOWLIST " does not say what", err);
	text = span_str(list);
	for (at = 0; at <= text.len; at = end + 1) {
		end = span_find(text, at, ',');
		entry = vault_address_trim(span_sub(text, at, end - at));
		if (parse(entry, &parts, err) < 0)
			return err_set(err, ERR_USAGE,
				       ALLOWLIST " has an entry that is no address");
		if (begins(address, entry))
			return 0;
	}
	return refuse(address, "no entry of " ALLOWLIST, err);
}

int vault_address_allowed(const struct key_host *host, struct span address, struct span own,
			  struct err *err)
{
	const char *list = key_host_variable(host, ALLOWLIST);
	const char *usual = key_host_variable(host, "VAULT_ADDR");
	struct span path = SPAN_NULL;
	bool given = false;
	struct url url;

	if (parse(address, &url, err) < 0)
		return err_wrap(err, "Vault address '%s'", text_quote(address).text);
	if (host && host->vault_allowed &&
	    host->vault_allowed(host->cookie, address, &given, err) < 0)
		return -1;
	if (given)
		return 0;
	if (list)
		return ask_list(list, address, url.plain, err);
	if (usual && span_eq(vault_address_trim(span_str(usual)), address))
		return 0;
	if (own.len && span_eq(vault_address_trim(own), address))
		return 0;
	if (host && host->vault_instance &&
	    host->vault_instance(host->cookie, address, &path, err) < 0)
		return -1;
	return path.len ? 0 : refuse(address, "nothing that the operator has set", err);
}

/* Empty parts and "." are left out, as sops does; ".." is refused, where sops would leave the engine. */
static int add_path(struct span path, struct buf *out, struct err *err)
{
	size_t at, end, before = out->len;

	for (at = 0; at <= path.len; at = end + 1) {
		struct span segment;

		end = span_find(path, at, '/');
		segment = span_sub(path, at, end - at);
		if (!segment.len || span_is(segment, "."))
			continue;
		if (span_is(segment, ".."))
			return err_set(err, ERR_FORMAT, "path '%s' leads out of itself",
				       text_quote(path).text);
		buf_add_char(out, '/');
		http_ask_escape(segment, out);
	}
	return out->len > before ? 0 : err_set(err, ERR_FORMAT, "a path that is empty");
}

int vault_url(struct span address, struct span path, struct buf *out, struct err *err)
{
	buf_add_span(out, address);
	buf_add_str(out, "/v1");
	return add_path(path, out, err) < 0 ? -1 : buf_check(out, err);
}

int vault_decrypt_url(const struct sops_key *key, struct buf *out, struct err *err)
{
	buf_add_span(out, vault_address_trim(key->address));
	buf_add_str(out, "/v1");
	if (add_path(key->path, out, err) < 0)
		return err_wrap(err, "engine_path");
	buf_add_str(out, "/decrypt");
	if (add_path(key->id, out, err) < 0)
		return err_wrap(err, "key_name");
	return buf_check(out, err);
}
