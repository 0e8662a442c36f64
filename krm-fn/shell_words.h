/* SPDX-License-Identifier: Apache-2.0
 *
 * A command line cut into words as a shell would, but for no expansion of anything.
 */
#ifndef SHELL_WORDS_H
#define SHELL_WORDS_H

#include "base/secret.h"

enum {
	SHELL_WORDS_MAX = 256, /* words of a command that prints a key */
};

/* Cuts text. ret_words is a list for execve(2), with a NULL at its end; it lies in the pool with its words, as a command may hold a token.
 * Errors: ERR_FORMAT (a quote that is not closed, a backslash at the end, NUL), ERR_LIMIT, ERR_NOMEM. */
int shell_words(struct span text, struct secret_pool *pool, char ***ret_words, size_t *ret_count,
		struct err *err) NODISCARD;

#endif
