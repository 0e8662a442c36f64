/* SPDX-License-Identifier: Apache-2.0
 *
 * The words about wrapped keys; see unwrap.h. Every length is checked against what is there before it is used, and no count makes memory
 * that the bytes behind it do not pay for.
 */
#include "keys/unwrap.h"

#include <stdio.h>

enum {
	TEXTS_OF_KEY = 6,
	KEY_BYTES_MIN = 1 + 4 * TEXTS_OF_KEY + 4, /* of one key in a request: all texts empty */
	ANSWER_BYTES_MIN = 2 + 2 * 4,             /* of one answer in a reply */
	CODES = ERR_BUG + 1,
};

static const char request_magic[] = "KSQ1", reply_magic[] = "KSR1";

/* What is left to read. */
struct reader {
	struct span left;
	bool short_of; /* something was not there */
};

static int broken(struct err *err)
{
	return err_set(err, ERR_FORMAT, "a message about wrapped keys can not be read");
}

int unwrap_head(struct span head, bool reply, size_t *ret_body, struct err *err)
{
	const char *magic = reply ? reply_magic : request_magic;
	size_t len;

	if (head.len < UNWRAP_HEAD || memcmp(head.data, magic, 4) != 0)
		return broken(err);
	len = (size_t)head.data[4] << 24 | (size_t)head.data[5] << 16 | (size_t)head.data[6] << 8 |
	      head.data[7];
	if (len > UNWRAP_BODY_MAX)
		return err_set(err, ERR_LIMIT,
			       "a message about wrapped keys of %zu bytes; the "
			       "limit is %d",
			       len, UNWRAP_BODY_MAX);
	*ret_body = len;
	return 0;
}

static void put_number(size_t number, struct buf *out)
{
	const uint8_t bytes[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16),
				  (uint8_t)(number >> 8), (uint8_t)number};

	buf_add(out, bytes, sizeof(bytes));
}

static void put_text(struct span text, struct buf *out)
{
	put_number(text.len, out);
	buf_add_span(out, text);
}

static void begin(const char *magic, struct buf *out)
{
	buf_add(out, magic, 4);
	put_number(0, out);
}

/* Sets the length of the frame that begins at `from`. */
static void end(struct buf *out, size_t from)
{
	size_t len;

	if (out->bad)
		return;
	len = out->len - from - UNWRAP_HEAD;
	if (len > UNWRAP_BODY_MAX) {
		out->bad = ERR_LIMIT;
		return;
	}
	out->data[from + 4] = (uint8_t)(len >> 24);
	out->data[from + 5] = (uint8_t)(len >> 16);
	out->data[from + 6] = (uint8_t)(len >> 8);
	out->data[from + 7] = (uint8_t)len;
}

static void put_context(const struct doc_node *context, struct buf *out)
{
	const struct doc_node *pair;
	size_t n = 0;

	if (context) {
		doc_each (pair, context)
			n += pair->kind == DOC_STRING;
	}
	put_number(n, out);
	if (!n)
		return;
	doc_each (pair, context) {
		if (pair->kind != DOC_STRING)
			continue;
		put_text(pair->key, out);
		put_text(pair->str, out);
	}
}

void unwrap_put_request(struct span secret, struct span label, const struct key_request *requests,
			size_t n, struct buf *out)
{
	size_t from = out->len, i;

	begin(request_magic, out);
	put_text(secret, out);
	put_text(label, out);
	put_number(n, out);
	for (i = 0; i < n; i++) {
		const struct sops_key *key = requests[i].key;

		buf_add_char(out, (uint8_t)key->type);
		put_text(key->id, out);
		put_text(key->address, out);
		put_text(key->path, out);
		put_text(key->role, out);
		put_text(key->profile, out);
		put_text(key->enc, out);
		put_context(key->context, out);
	}
	end(out, from);
}

void unwrap_put_reply(const struct key_request *requests, size_t n, struct buf *out)
{
	size_t from = out->len, i;

	begin(reply_magic, out);
	put_number(n, out);
	for (i = 0; i < n; i++) {
		bool opened = requests[i].verdict == KEY_OPENED;

		buf_add_char(out, (uint8_t)requests[i].verdict);
		buf_add_char(out, (uint8_t)(opened ? ERR_NONE : requests[i].code));
		put_text(opened ? SPAN_NULL : span_str(requests[i].why), out);
		put_text(opened ? requests[i].opened : SPAN_NULL, out);
	}
	end(out, from);
}

void unwrap_frame_reply(struct span body, struct buf *out)
{
	size_t from = out->len;

	begin(reply_magic, out);
	buf_add_span(out, body);
	end(out, from);
}

static uint8_t get_byte(struct reader *in)
{
	uint8_t byte;

	if (!in->left.len) {
		in->short_of = true;
		return 0;
	}
	byte = in->left.data[0];
	in->left = span_from(in->left, 1);
	return byte;
}

static size_t get_number(struct reader *in)
{
	size_t number = 0;
	int i;

	for (i = 0; i < 4; i++)
		number = number << 8 | get_byte(in);
	return in->short_of ? 0 : number;
}

static struct span get_text(struct reader *in, size_t max)
{
	size_t len = get_number(in);
	struct span text;

	if (len > in->left.len || len > max) {
		in->short_of = true;
		return SPAN_NULL;
	}
	text = span_sub(in->left, 0, len);
	in->left = span_from(in->left, len);
	return text;
}

static int get_context(struct reader *in, struct doc *doc, const struct doc_node **ret_context,
		       struct err *err)
{
	size_t n = get_number(in), i;
	struct doc_node *map, *pair;

	*ret_context = NULL;
	if (n > UNWRAP_CONTEXT_MAX || in->short_of)
		return broken(err);
	if (!n)
		return 0;
	map = doc_new(doc, DOC_MAP, err);
	if (!map)
		return -1;
	for (i = 0; i < n; i++) {
		struct span name = get_text(in, UNWRAP_TEXT_MAX);
		struct span value = get_text(in, UNWRAP_TEXT_MAX);

		if (in->short_of)
			return broken(err);
		pair = doc_new(doc, DOC_STRING, err);
		if (!pair)
			return -1;
		pair->key = name;
		pair->str = value;
		doc_append(map, pair);
	}
	*ret_context = map;
	return 0;
}

static int get_key(struct reader *in, struct doc *doc, struct sops_key *ret, struct err *err)
{
	uint8_t type = get_byte(in);

	if (type >= SOPS_KEY_TYPES)
		return broken(err);
	ret->type = (enum sops_key_type)type;
	ret->id = get_text(in, UNWRAP_TEXT_MAX);
	ret->address = get_text(in, UNWRAP_TEXT_MAX);
	ret->path = get_text(in, UNWRAP_TEXT_MAX);
	ret->role = get_text(in, UNWRAP_TEXT_MAX);
	ret->profile = get_text(in, UNWRAP_TEXT_MAX);
	ret->enc = get_text(in, UNWRAP_TEXT_MAX);
	return get_context(in, doc, &ret->context, err);
}

int unwrap_get_request(struct span body, struct doc *doc, struct unwrap_request *ret_request,
		       struct err *err)
{
	struct unwrap_request request = {.secret = SPAN_NULL};
	struct reader in = {.left = body};
	size_t i;

	request.secret = get_text(&in, UNWRAP_TEXT_MAX);
	request.label = get_text(&in, UNWRAP_TEXT_MAX);
	request.count = get_number(&in);
	if (in.short_of || request.count > UNWRAP_KEYS_MAX ||
	    request.count > in.left.len / KEY_BYTES_MIN)
		return broken(err);
	request.keys = arena_alloc(&doc->arena, request.count * sizeof(*request.keys), err);
	if (!request.keys)
		return -1;
	for (i = 0; i < request.count; i++) {
		if (get_key(&in, doc, &request.keys[i], err) < 0)
			return -1;
	}
	if (in.short_of || in.left.len)
		return broken(err);
	*ret_request = request;
	return 0;
}

static int get_answer(struct reader *in, struct secret_pool *pool, struct key_request *request,
		      struct err *err)
{
	uint8_t verdict = get_byte(in), code = get_byte(in);
	struct span why = get_text(in, KEY_WHY_MAX - 1), key = get_text(in, UNWRAP_OPENED_MAX);

	if (in->short_of || verdict < KEY_OPENED || verdict > KEY_FAILED || code >= CODES ||
	    (verdict == KEY_OPENED) != (key.len > 0) ||
	    (verdict == KEY_OPENED) != (code == ERR_NONE))
		return broken(err);
	if (verdict == KEY_OPENED && secret_dup(pool, key, &request->opened, err) < 0)
		return -1;
	request->verdict = (enum key_verdict)verdict;
	request->code = (enum err_code)code;
	snprintf(request->why, sizeof(request->why), "%.*s", (int)why.len,
		 why.len ? (const char *)why.data : "");
	return 0;
}

int unwrap_get_reply(struct span body, struct secret_pool *pool, struct key_request *requests,
		     size_t n, struct err *err)
{
	struct reader in = {.left = body};
	size_t i;

	if (get_number(&in) != n || in.short_of || n > in.left.len / ANSWER_BYTES_MIN)
		return broken(err);
	for (i = 0; i < n; i++) {
		if (get_answer(&in, pool, &requests[i], err) < 0)
			return -1;
	}
	return in.left.len ? broken(err) : 0;
}
