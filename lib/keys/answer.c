/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON answers; see answer.h.
 */
#include "keys/answer.h"

#include "doc/doc_json.h"
#include "doc/scalar.h"
#include "keys/http.h"

int answer_read(struct span text, struct answer *ret_answer, struct err *err)
{
	struct err why = ERR_INIT;

	if (doc_json_read(text, &ret_answer->doc, &why) == 0)
		return 0;
	if (why.code != ERR_FORMAT) {
		*err = why;
		return -1;
	}
	/* Where and what is wrong in it is of no use to anybody who can not see it. */
	return err_set(err, ERR_FORMAT, "the answer is not JSON");
}

void answer_release(struct answer *answer)
{
	if (answer)
		doc_release(&answer->doc);
}

static const struct doc_node *element(const struct doc_node *list, struct span index)
{
	const struct doc_node *kid;
	int64_t at = 0;

	if (!scalar_parse_int(index, &at))
		return NULL;
	doc_each (kid, list) {
		if (at-- == 0)
			return kid;
	}
	return NULL;
}

static const struct doc_node *member(const struct doc_node *map, struct span name)
{
	const struct doc_node *kid;

	doc_each (kid, map) {
		if (kid->key.data && span_eq(kid->key, name))
			return kid;
	}
	return NULL;
}

const struct doc_node *answer_at(const struct answer *answer, const char *path)
{
	const struct doc_node *node = answer->doc.first;
	struct span text = span_str(path), name;
	size_t at, end;

	for (at = 0; node && at <= text.len; at = end + 1) {
		end = span_find(text, at, '.');
		name = span_sub(text, at, end - at);
		if (node->kind == DOC_MAP)
			node = member(node, name);
		else
			node = node->kind == DOC_LIST ? element(node, name) : NULL;
	}
	return node;
}

struct span answer_text(const struct answer *answer, const char *path)
{
	const struct doc_node *node = answer_at(answer, path);

	return node && node->kind == DOC_STRING ? node->str : SPAN_NULL;
}

bool answer_number(const struct answer *answer, const char *path, int64_t *ret_number)
{
	const struct doc_node *node = answer_at(answer, path);

	if (!node || node->kind != DOC_INT)
		return node && node->kind == DOC_STRING && scalar_parse_int(node->str, ret_number);
	*ret_number = node->integer;
	return true;
}

int answer_secret(const struct answer *answer, const char *path, struct secret_pool *pool,
		  struct span *ret_text, struct err *err)
{
	struct span text = answer_text(answer, path);

	if (!text.len)
		return err_set(err, ERR_FORMAT, "the answer has no '%s'", path);
	return secret_dup(pool, text, ret_text, err);
}

int answer_base64(const struct answer *answer, const char *path, enum base64_rule rule,
		  struct secret_pool *pool, struct span *ret_bytes, struct err *err)
{
	CLEAN_BUF struct buf bytes = BUF_INIT(HTTP_ANSWER_MAX);
	struct span text = answer_text(answer, path);

	if (!text.len)
		return err_set(err, ERR_FORMAT, "the answer has no '%s'", path);
	if (base64_decode(rule, text, &bytes) < 0)
		return err_set(err, ERR_FORMAT, "'%s' of the answer is not base64", path);
	if (buf_check(&bytes, err) < 0)
		return -1;
	if (!bytes.len)
		return err_set(err, ERR_FORMAT, "'%s' of the answer is empty", path);
	return secret_dup(pool, buf_span(&bytes), ret_bytes, err);
}
