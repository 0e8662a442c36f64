/* SPDX-License-Identifier: Apache-2.0
 *
 * Verdicts; see key_request.h.
 */
#include "keys/key_request.h"

/* Without memory for it there is none. */
static const char *keep_hint(struct secret_pool *pool, const char *hint)
{
	struct err none = ERR_INIT;
	struct span copy;

	if (secret_dup(pool, span_of(hint, strlen(hint) + 1), &copy, &none) < 0)
		return NULL;
	return (const char *)copy.data;
}

void key_request_failed(struct key_request *request, struct secret_pool *pool,
			const struct err *why)
{
	size_t len = strnlen(why->msg, sizeof(request->why) - 1);

	request->verdict = why->code == ERR_NO_KEY ? KEY_NOT_MINE : KEY_FAILED;
	request->code = why->code;
	memcpy(request->why, why->msg, len);
	request->why[len] = '\0';
	if (why->hint[0])
		request->hint = keep_hint(pool, why->hint);
}
