/* SPDX-License-Identifier: Apache-2.0
 *
 * Lists of tokens, comments and keys; see yaml_queue.c.
 */
#ifndef DOC_YAML_QUEUE_H
#define DOC_YAML_QUEUE_H

#include "doc/yaml_scan.h"

/* A list of *len elements of `size` bytes, of which those before *head are used up, gets room for one more: list itself, with its elements
 * moved to the front where it was full, or a larger copy of it whose room is *cap. head may be NULL. NULL with ERR_NOMEM, and list stays. */
void *yaml_queue_grow(void *list, size_t *head, size_t *len, size_t *cap, size_t size,
		      struct err *err) NODISCARD;

/* Puts a token into the queue: at the end, or before the token with that number where it is not UINT64_MAX. */
int yaml_queue_push(struct yaml_scan *s, const struct yaml_token *token, uint64_t number,
		    struct err *err) NODISCARD;

#endif
