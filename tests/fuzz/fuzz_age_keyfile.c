/* SPDX-License-Identifier: Apache-2.0
 *
 * Identity files: what a file gives by lines it gives by words too, in the same order; and the same keys again with a CR before each LF.
 */
#include "base/buf.h"
#include "keys/age_keyfile.h"

#include <assert.h>

enum { OUT_MAX = 1 << 20 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

static void is_same(const struct age_identity *list, struct span text, enum age_keyfile_rule rule,
		    struct secret_pool *pool)
{
	struct age_identity *other;
	struct err err = ERR_INIT;

	assert(age_keyfile_parse(text, rule, pool, &other, &err) == 0);
	for (; list && other; list = list->next, other = other->next) {
		assert(list->kind == other->kind);
		if (list->kind == AGE_X25519)
			assert(memcmp(&list->x25519, &other->x25519, sizeof(list->x25519)) == 0);
		else
			assert(memcmp(list->hybrid, other->hybrid, sizeof(*list->hybrid)) == 0);
	}
	assert(!list && !other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf crlf = BUF_INIT(OUT_MAX);
	struct span text = span_of(data, size);
	struct age_identity *list;
	struct err err = ERR_INIT;
	size_t i;

	if (age_keyfile_parse(text, AGE_KEYFILE_LINES, &pool, &list, &err) < 0) {
		assert((err.code == ERR_FORMAT || err.code == ERR_UNSUPPORTED) && err.msg[0]);
		return 0;
	}
	is_same(list, text, AGE_KEYFILE_WORDS, &pool);
	for (i = 0; i < size; i++) {
		if (data[i] == '\n' && (i == 0 || data[i - 1] != '\r'))
			buf_add_char(&crlf, '\r');
		buf_add_char(&crlf, data[i]);
	}
	is_same(list, buf_span(&crlf), AGE_KEYFILE_LINES, &pool);
	return 0;
}
