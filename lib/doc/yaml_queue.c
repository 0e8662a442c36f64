/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists that grow at one end and are used up at the other: tokens, comments, keys. Each keeps its memory to its own size, whatever the
 * length of the text.
 */
#include "doc/yaml_queue.h"

#include "base/wipe.h"

#include <assert.h>
#include <stdlib.h>

enum { LIST_FIRST = 16 /* elements that a list begins with */ };

void *yaml_queue_grow(void *list, size_t *head, size_t *len, size_t *cap, size_t size,
		      struct err *err)
{
	size_t used = head ? *head : 0, kept = *len - used;
	size_t room = *cap ? *cap * 2 : LIST_FIRST;
	uint8_t *from = list ? (uint8_t *)list + used * size : NULL;
	void *grown;

	if (*len < *cap)
		return list;
	/* Moving only when half of it is used up keeps the cost of an element constant. */
	if (*cap && kept <= *cap / 2) {
		memmove(list, from, kept * size);
		grown = list;
	} else {
		grown = calloc(room, size);
		if (!grown) {
			(void)err_nomem(err);
			return NULL;
		}
		if (kept)
			memcpy(grown, from, kept * size);
		wipe_free(list, *cap * size);
		*cap = room;
	}
	*len = kept;
	if (head)
		*head = 0;
	return grown;
}

int yaml_queue_push(struct yaml_scan *s, const struct yaml_token *token, uint64_t number,
		    struct err *err)
{
	struct yaml_token *grown;
	size_t at;

	if (s->token_len == s->token_cap) {
		grown = yaml_queue_grow(s->tokens, &s->token_head, &s->token_len, &s->token_cap,
					sizeof(*grown), err);
		if (!grown)
			return -1;
		s->tokens = grown;
	}
	at = s->token_len;
	if (number != UINT64_MAX) {
		assert(number >= s->parsed);
		at = s->token_head + (size_t)(number - s->parsed);
		memmove(s->tokens + at + 1, s->tokens + at,
			(s->token_len - at) * sizeof(*s->tokens));
	}
	s->tokens[at] = *token;
	s->token_len++;
	return 0;
}
