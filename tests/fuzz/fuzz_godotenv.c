/* SPDX-License-Identifier: Apache-2.0
 *
 * godotenv's dialect: names are unique and of the letters that a Secret's keys have; what was read, written in single quotes, reads back equal.
 */
#include "godotenv.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Single quotes keep all but a quote; a backslash before the last one would hide it, and line ends are made LF. */
static bool can_be_quoted(struct span value)
{
	return span_find(value, 0, '\'') == value.len &&
	       !(value.len && value.data[value.len - 1] == '\\') &&
	       span_search(value, SPAN("\r\n")) == SIZE_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_GODOTENV struct godotenv env = GODOTENV_INIT, again = GODOTENV_INIT;
	CLEAN_BUF struct buf text = BUF_INIT((size_t)1 << 30);
	struct err err = ERR_INIT;
	size_t i, k, at = 0;

	if (godotenv_parse(span_of(data, size), &env, &err) < 0) {
		assert((err.code == ERR_FORMAT || err.code == ERR_LIMIT) && err.msg[0]);
		return 0;
	}
	assert(env.count <= GODOTENV_ENTRIES_MAX);
	for (i = 0; i < env.count; i++) {
		assert(env.entries[i].key.len > 0);
		for (k = 0; k < i; k++)
			assert(!span_eq(env.entries[i].key, env.entries[k].key));
		if (!can_be_quoted(env.entries[i].value))
			continue;
		buf_add_span(&text, env.entries[i].key);
		buf_add_str(&text, "='");
		buf_add_span(&text, env.entries[i].value);
		buf_add_str(&text, "'\n");
	}
	assert(godotenv_parse(buf_span(&text), &again, &err) == 0);
	for (i = 0; i < env.count; i++) {
		if (!can_be_quoted(env.entries[i].value))
			continue;
		assert(at < again.count && span_eq(env.entries[i].key, again.entries[at].key));
		assert(span_eq(env.entries[i].value, again.entries[at++].value));
	}
	assert(at == again.count);
	return 0;
}
