/* SPDX-License-Identifier: Apache-2.0
 *
 * The operator's policy: what is refused changes nothing; what is accepted has lists that mean one thing and limits within their own; and a second
 * reading bounds the same.
 */
#include "policy.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const struct policy_list *list, const struct policy_list *again)
{
	size_t i;

	assert(list->given == again->given && list->count == again->count);
	assert(list->given || list->count == 0);
	for (i = 0; i < list->count; i++) {
		assert(list->entries[i].len > 0);
		assert(span_find(list->entries[i], 0, '*') + 1 >= list->entries[i].len);
		assert(span_eq(list->entries[i], again->entries[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_POLICY struct policy policy = POLICY_INIT, again = POLICY_INIT;
	struct err err = ERR_INIT;
	int r = policy_parse(span_of(data, size), "p", &policy, &err), type;

	if (r < 0) {
		assert(err.code != ERR_NONE && policy.mac == POLICY_MAC_AUTO && !policy.path);
		return 0;
	}
	r = policy_parse(span_of(data, size), "p", &again, &err);
	assert(r == 0 && policy.mac == again.mac && policy.mac <= POLICY_MAC_VERIFY);
	assert(policy.files_max <= 1000000000 && policy.bytes_max <= 1000000000);
	check_list(&policy.namespaces, &again.namespaces);
	check_list(&policy.vault_addresses, &again.vault_addresses);
	check_list(&policy.aws_roles, &again.aws_roles);
	for (type = 0; type < SOPS_KEY_TYPES; type++)
		check_list(&policy.keys[type], &again.keys[type]);
	return 0;
}
