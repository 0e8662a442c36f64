/* SPDX-License-Identifier: Apache-2.0
 *
 * PEM as Go reads it: text around the block is passed over, and so is a block that is malformed when a well-formed one follows; spaces
 * inside the base64 count for nothing; headers stand before it, one in a line with a colon. What is decoded lies in the pool and nowhere
 * else. Go: encoding/pem (Decode); golang.org/x/crypto/ssh (encryptedBlock)
 */
#include "keys/ssh_pem.h"

#include "base/text.h"
#include "doc/white.h"

static const struct span BEGIN = {(const uint8_t *)"-----BEGIN ", 11};
static const struct span END = {(const uint8_t *)"\n-----END ", 10};
static const struct span DASHES = {(const uint8_t *)"-----", 5};

/* Takes the next line off the text: without its line end, and without the blanks before that. */
static struct span next_line(struct span *text)
{
	size_t end = span_find(*text, 0, '\n');
	struct span line = span_sub(*text, 0, end);

	*text = span_from(*text, end + (end < text->len));
	if (span_ends(line, SPAN("\r")))
		line.len--;
	while (span_ends(line, SPAN(" ")) || span_ends(line, SPAN("\t")))
		line.len--;
	return line;
}

/* The last BEGIN in text, which must stand at the start of a line: what follows it. -1 where there is none. */
static int after_begin(struct span text, struct span *ret_rest)
{
	struct span rest = text;
	size_t at, from = SIZE_MAX, skipped = 0;

	while ((at = span_search(rest, BEGIN)) != SIZE_MAX) {
		from = skipped + at;
		skipped = from + BEGIN.len;
		rest = span_from(text, skipped);
	}
	if (from == SIZE_MAX || (from > 0 && text.data[from - 1] != '\n'))
		return -1;
	*ret_rest = span_from(text, from + BEGIN.len);
	return 0;
}

/* "TYPE-----" and nothing after it but blanks. */
static bool closes(struct span after, struct span type)
{
	struct span line;

	if (!span_starts(after, type) || !span_starts(span_from(after, type.len), DASHES))
		return false;
	after = span_from(after, type.len + DASHES.len);
	line = next_line(&after);
	return line.len == 0;
}

/* Takes the headers off the body; true where they say that it is encrypted. */
static bool take_headers(struct span *body)
{
	struct span rest = *body, line;
	size_t colon;
	bool encrypted = false;

	while (rest.len > 0) {
		line = next_line(&rest);
		colon = span_find(line, 0, ':');
		if (colon == line.len)
			break;
		encrypted |= span_is(white_trim(span_sub(line, 0, colon)), "Proc-Type") &&
			     span_search(span_from(line, colon), SPAN("ENCRYPTED")) != SIZE_MAX;
		*body = rest;
	}
	return encrypted;
}

/* The block between `before`, which ends at the END line, and `after`, which follows its first dashes. 0, 1 where it is malformed, -1 with err. */
static int read_block(struct span before, struct span after, struct secret_pool *pool,
		      struct ssh_pem *pem, struct err *err)
{
	struct err why = ERR_INIT;
	struct span body;

	if (after_begin(before, &body) < 0)
		return 1;
	pem->type = next_line(&body);
	if (!span_ends(pem->type, DASHES))
		return 1;
	pem->type.len -= DASHES.len;
	pem->encrypted = take_headers(&body);
	if (!closes(after, pem->type))
		return 1;
	if (base64_secret_spaced(body, pool, &pem->bytes, &why) == 0)
		return 0;
	if (why.code == ERR_FORMAT)
		return 1;
	*err = why;
	return -1;
}

int ssh_pem_read(struct span text, struct secret_pool *pool, struct ssh_pem *ret_pem,
		 struct err *err)
{
	struct ssh_pem pem;
	struct span before, rest;
	size_t end;
	int status;

	for (rest = text;; rest = span_from(rest, end + END.len)) {
		end = span_search(rest, END);
		if (end == SIZE_MAX)
			return err_set(err, ERR_FORMAT, "no private key found");
		before = span_sub(rest, 0, end);
		status = read_block(before, span_from(rest, end + END.len), pool, &pem, err);
		if (status < 0)
			return -1;
		if (status == 0)
			break;
	}
	*ret_pem = pem;
	return 0;
}
