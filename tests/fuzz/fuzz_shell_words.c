/* SPDX-License-Identifier: Apache-2.0
 *
 * Command lines: the words of a line, each in single quotes (a quote of its own outside of them), are cut into the same words.
 */
#include "base/buf.h"
#include "shell_words.h"

#include <assert.h>

enum { OUT_MAX = 1 << 22 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct err err = ERR_INIT;

	return secret_init(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	CLEAN_BUF struct buf quoted = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;
	size_t count, again_count, i;
	char **words, **again;
	const char *c;

	if (shell_words(span_of(data, size), &pool, &words, &count, &err) < 0) {
		assert((err.code == ERR_FORMAT || err.code == ERR_LIMIT) && err.msg[0]);
		return 0;
	}
	for (i = 0; i < count; i++) {
		buf_add_str(&quoted, i ? " '" : "'");
		for (c = words[i]; *c; c++) {
			if (*c == '\'')
				buf_add_str(&quoted, "'\\''");
			else
				buf_add_char(&quoted, (uint8_t)*c);
		}
		buf_add_char(&quoted, '\'');
	}
	assert(!words[count] && count <= SHELL_WORDS_MAX);
	assert(shell_words(buf_span(&quoted), &pool, &again, &again_count, &err) == 0);
	assert(count == again_count);
	for (i = 0; i < count; i++)
		assert(strcmp(words[i], again[i]) == 0);
	return 0;
}
