/* SPDX-License-Identifier: Apache-2.0
 *
 * Claims of service accounts' tokens: the first line is an audience, the rest a token. A token that is for an audience says so in its own middle part, and
 * the names that come out can stand in a path.
 */
#include "keys/account_claims.h"

#include <assert.h>

static bool plain(struct span name)
{
	size_t i;

	for (i = 0; i < name.len; i++) {
		if (name.data[i] <= ' ' || strchr("/:%?#\\", name.data[i]))
			return false;
	}
	return name.len && !span_is(name, ".") && !span_is(name, "..");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_ACCOUNT_CLAIMS struct account_claims claims = ACCOUNT_CLAIMS_INIT;
	struct span all = span_of(data, size), namespace, name;
	struct err err = ERR_INIT;
	size_t end = span_find(all, 0, '\n');

	if (account_claims_read(span_from(all, end + 1), &claims, &err) < 0)
		return 0;
	if (account_claims_for(&claims, span_sub(all, 0, end)))
		assert(answer_at(&claims.answer, "aud"));
	if (account_claims_subject(&claims, &namespace, &name, &err) == 0)
		assert(plain(namespace) && plain(name));
	return 0;
}
