/* SPDX-License-Identifier: Apache-2.0
 *
 * What the operator's policy says to a wish; see policy.h. Each refusal names what was asked for and where the bound is.
 */
#include "policy.h"

#include "base/text.h"
#include "key_text.h"

#include <stdio.h>
#include <strings.h>

static bool same(struct span a, struct span b, bool any_case)
{
	if (a.len != b.len || !any_case)
		return span_eq(a, b);
	return a.len == 0 || strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0;
}

/* Equal to an entry, or begins as one that ends in a star says. */
static bool listed(const struct policy_list *list, struct span text, bool any_case)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		struct span entry = list->entries[i];

		if (entry.data[entry.len - 1] != '*') {
			if (same(text, entry, any_case))
				return true;
			continue;
		}
		entry.len--;
		if (text.len >= entry.len && same(span_sub(text, 0, entry.len), entry, any_case))
			return true;
	}
	return false;
}

static const char *name_of(const struct policy *policy)
{
	return policy->path ? policy->path : "the built-in defaults";
}

static int refuse(const struct policy *policy, struct err *err, const char *what, struct span text,
		  const char *field)
{
	(void)err_set(err, ERR_POLICY, "%s '%s' is not allowed by the operator's policy '%s'", what,
		      text_quote(text).text, text_quote(span_str(name_of(policy))).text);
	return err_hint(err, "the policy's '%s' lists what is allowed", field);
}

int policy_mac(const struct policy *policy, struct span asked, enum policy_mac *ret_mode,
	       struct err *err)
{
	enum policy_mac mode = POLICY_MAC_AUTO;

	if (!asked.data) {
		*ret_mode = policy->mac > mode ? policy->mac : mode;
		return 0;
	}
	if (!policy_mac_parse(asked, &mode))
		return err_set(err, ERR_USAGE, "mac is '%s'; it must be auto, verify or ignore",
			       text_quote(asked).text);
	if (mode < policy->mac) {
		(void)err_set(err, ERR_POLICY,
			      "mac: %s is asked for, but the operator's policy '%s' allows no less "
			      "than %s",
			      policy_mac_name(mode), text_quote(span_str(name_of(policy))).text,
			      policy_mac_name(policy->mac));
		return err_hint(err,
				"'mac: %s' below 'spec' in " POLICY_PATH
				", or in the file that KRM_SOPS_POLICY names, would allow it",
				policy_mac_name(mode));
	}
	*ret_mode = mode;
	return 0;
}

int policy_namespace_allowed(const struct policy *policy, struct span namespace, const char *ours,
			     bool by_folder, struct err *err)
{
	if (ours && !span_is(namespace, ours)) {
		(void)err_set(err, ERR_POLICY,
			      "the keys of namespace '%s' are asked for, but this run is for '%s'",
			      text_quote(namespace).text, text_quote(span_str(ours)).text);
		return err_hint(err,
				"--namespace or KRM_SOPS_NAMESPACE says which namespace's keys "
				"may be used");
	}
	if (policy->namespaces.given && !listed(&policy->namespaces, namespace, false))
		return refuse(policy, err, "namespace", namespace, "namespaces");
	if (by_folder && !ours && !policy->namespaces.given) {
		(void)err_set(err, ERR_POLICY,
			      "the keys of namespace '%s' are asked for, but nothing outside the "
			      "input says that they may be used",
			      text_quote(namespace).text);
		return err_hint(err,
				"--namespace %s, KRM_SOPS_NAMESPACE=%s, or the policy's "
				"'namespaces'",
				text_quote(namespace).text, text_quote(namespace).text);
	}
	return 0;
}

/* "ssh-ed25519 AAAA... comment": anybody may write another comment. */
static struct span without_comment(struct span id)
{
	size_t blank = span_find(id, 0, ' ');

	return span_sub(id, 0, span_find(id, blank + 1, ' '));
}

static int key_listed(const struct policy *policy, const struct policy_list *lists,
		      const struct sops_key *key, struct err *err)
{
	const struct policy_list *list = &lists[key->type];
	CLEAN_BUF struct buf name = BUF_INIT(KEY_TEXT_MAX);
	struct sops_key plain = *key;
	char what[32];

	if (!list->given)
		return 0;
	if (key->type == SOPS_KEY_AGE && span_starts(key->id, SPAN("ssh-")))
		plain.id = without_comment(key->id);
	if (key->type == SOPS_KEY_KMS) { /* the role has a list of its own */
		plain.role = plain.profile = SPAN_NULL;
		plain.context = NULL;
	}
	key_text_add(&plain, &name);
	if (buf_check(&name, err) < 0)
		return -1;
	if (listed(list, buf_span(&name), key->type == SOPS_KEY_PGP))
		return 0;
	snprintf(what, sizeof(what), "%s key", sops_key_type_name(key->type));
	return refuse(policy, err, what, buf_span(&name), "keys");
}

int policy_key_allowed(const struct policy *policy, const struct sops_key *key, struct err *err)
{
	return key_listed(policy, policy->keys, key, err);
}

static int key_of_set_allowed(const void *cookie, const struct sops_key *key, struct err *err)
{
	const struct policy_key_set *set = cookie;

	if (policy_key_allowed(set->policy, key, err) < 0)
		return -1;
	return key_listed(set->policy, set->keys, key, err);
}

void policy_guard_set(const struct policy_key_set *set, struct keyring *ring)
{
	ring->allowed = key_of_set_allowed;
	ring->allowed_cookie = set;
}

static int key_allowed(const void *cookie, const struct sops_key *key, struct err *err)
{
	return policy_key_allowed(cookie, key, err);
}

void policy_guard(const struct policy *policy, struct keyring *ring)
{
	ring->allowed = key_allowed;
	ring->allowed_cookie = policy;
}

static struct span without_slash(struct span address)
{
	while (address.len && address.data[address.len - 1] == '/')
		address.len--;
	return address;
}

static bool address_listed(const struct policy_list *list, struct span address)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		if (span_eq(without_slash(list->entries[i]), without_slash(address)))
			return true;
	}
	return false;
}

int policy_vault_allowed(const struct policy *policy, struct span address, bool *ret_given,
			 struct err *err)
{
	if (ret_given)
		*ret_given = policy->vault_addresses.given;
	if (!policy->vault_addresses.given || address_listed(&policy->vault_addresses, address))
		return 0;
	return refuse(policy, err, "Vault address", address, "vault.addresses");
}

int policy_role_allowed(const struct policy *policy, struct span role, struct err *err)
{
	if (!policy->aws_roles.given || listed(&policy->aws_roles, role, false))
		return 0;
	return refuse(policy, err, "AWS role", role, "aws.roles");
}
