/* SPDX-License-Identifier: Apache-2.0
 *
 * One wrapped key; see unwrap_one.h.
 */
#include "unwrap_one.h"

#include "keys/unwrap.h"

int unwrap_one(struct exchange *line, const char *label, const struct sops_key *key,
	       struct secret_pool *pool, struct span *ret_key, struct err *err)
{
	CLEAN_BUF struct buf frame = BUF_INIT((size_t)UNWRAP_BODY_MAX + UNWRAP_HEAD),
			     body = BUF_INIT(UNWRAP_BODY_MAX);
	struct key_request request = {.key = key};

	unwrap_put_request(SPAN_NULL, span_str(label), &request, 1, &frame);
	if (buf_check(&frame, err) < 0 || exchange_ask(line, buf_span(&frame), &body, err) < 0 ||
	    unwrap_get_reply(buf_span(&body), pool, &request, 1, err) < 0)
		return -1;
	if (request.verdict != KEY_OPENED)
		return err_set(err, request.code ? request.code : ERR_NO_KEY, "%s", request.why);
	*ret_key = request.opened;
	return 0;
}
