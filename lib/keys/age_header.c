/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of age headers. Strict, as age is: there is exactly one way to write a header, so the MAC can be taken over the bytes as they
 * came. Refuses CR, tabs, empty arguments, base64 that is padded or not canonical, body lines of any length but 64 before the last,
 * and scrypt stanzas that are malformed or beside others.
 * age: internal/format/format.go
 */
#include "keys/age_header.h"

#include "base/text.h"

enum {
	COLUMNS = 64,
	LINE_BYTES = COLUMNS / 4 * 3,
	MAC_CHARS = 43,       /* of 32 bytes, unpadded */
	SCRYPT_BODY_LEN = 32, /* a file key and its tag */
};

static const struct span INTRO = {(const uint8_t *)"age-encryption.org/v1", 21};

struct reader {
	struct span file;
	size_t at;
	struct arena *arena;
};

int age_header_bytes(struct span text, uint8_t *out, size_t len)
{
	uint8_t room[AGE_ARG_MAX + 3];
	/* A buffer over memory of our own: it never grows and is never released. */
	struct buf bytes = {.data = room, .cap = sizeof(room), .limit = sizeof(room)};

	if (len > AGE_ARG_MAX || text.len != len / 3 * 4 + (len % 3 ? len % 3 + 1 : 0) ||
	    base64_decode(BASE64_RAW_STRICT, text, &bytes) < 0 || bytes.bad || bytes.len != len)
		return -1;
	memcpy(out, room, len);
	return 0;
}

/* The next line without its LF, which must be there. */
static int next_line(struct reader *in, struct span *ret_line, struct err *err)
{
	size_t end = span_find(in->file, in->at, '\n');

	if (end >= AGE_HEADER_MAX && in->file.len > AGE_HEADER_MAX)
		return err_set(err, ERR_LIMIT, "age header has more than %d bytes", AGE_HEADER_MAX);
	if (end == in->file.len)
		return err_set(err, ERR_FORMAT, "age header is cut short");
	*ret_line = span_sub(in->file, in->at, end - in->at);
	in->at = end + 1;
	return 0;
}

/* "-> TYPE ARG ARG...": words of visible ASCII, one space between two. */
static int opening_line(struct span line, struct age_stanza *stanza, struct err *err)
{
	struct span rest, word;
	size_t i;

	if (!span_starts(line, SPAN("-> ")))
		return err_set(err, ERR_FORMAT, "age header has a malformed stanza");
	for (rest = span_from(line, 3);; rest = span_from(rest, word.len + 1)) {
		word = span_sub(rest, 0, span_find(rest, 0, ' '));
		for (i = 0; i < word.len; i++) {
			if (word.data[i] < 33 || word.data[i] > 126)
				return err_set(err, ERR_FORMAT,
					       "age header has a malformed stanza");
		}
		if (word.len == 0)
			return err_set(err, ERR_FORMAT, "age header has a malformed stanza");
		if (!stanza->type.data)
			stanza->type = word;
		else if (stanza->arg_count++ < AGE_ARGS_KEPT)
			stanza->args[stanza->arg_count - 1] = word;
		if (word.len == rest.len)
			return 0;
	}
}

static int read_stanza(struct reader *in, struct age_stanza **ret_stanza, struct err *err)
{
	CLEAN_BUF struct buf body = BUF_INIT(AGE_HEADER_MAX);
	struct age_stanza *stanza = arena_alloc(in->arena, sizeof(*stanza), err);
	struct span line;
	size_t before;

	if (!stanza || next_line(in, &line, err) < 0 || opening_line(line, stanza, err) < 0)
		return -1;
	do {
		if (next_line(in, &line, err) < 0)
			return -1;
		before = body.len;
		if (line.len > COLUMNS || base64_decode(BASE64_RAW_STRICT, line, &body) < 0)
			return err_set(err, ERR_FORMAT, "age header has a malformed stanza body");
		if (buf_check(&body, err) < 0)
			return -1;
	} while (body.len - before == LINE_BYTES); /* a body ends with a short line */
	if (arena_dup(in->arena, buf_span(&body), &stanza->body, err) < 0)
		return -1;
	*ret_stanza = stanza;
	return 0;
}

/* A passphrase's stanza: salt, and the logarithm of the work factor. We open none, but malformed is malformed. age: scrypt.go */
static bool scrypt_fits(const struct age_stanza *stanza)
{
	struct span work = stanza->args[1];
	uint8_t salt[16];

	if (stanza->arg_count != 2 || stanza->body.len != SCRYPT_BODY_LEN ||
	    age_header_bytes(stanza->args[0], salt, sizeof(salt)) < 0)
		return false;
	if (work.len == 1)
		return work.data[0] >= '1' && work.data[0] <= '9';
	/* 10 to 22: more would take minutes and gigabytes */
	return work.len == 2 &&
	       ((work.data[0] == '1' && work.data[1] >= '0' && work.data[1] <= '9') ||
		(work.data[0] == '2' && work.data[1] >= '0' && work.data[1] <= '2'));
}

static int closing_line(struct reader *in, struct age_header *header, struct err *err)
{
	struct span line;

	header->covered = span_sub(in->file, 0, in->at + 3);
	if (next_line(in, &line, err) < 0)
		return -1;
	if (line.len != 4 + MAC_CHARS || line.data[3] != ' ' ||
	    age_header_bytes(span_from(line, 4), header->mac, sizeof(header->mac)) < 0)
		return err_set(err, ERR_FORMAT, "age header has a malformed closing line");
	header->payload = span_from(in->file, in->at);
	return 0;
}

int age_header_parse(struct span file, struct arena *arena, struct age_header *ret_header,
		     struct err *err)
{
	struct reader in = {.file = file, .arena = arena};
	struct age_header header = {.stanzas = NULL};
	struct age_stanza **end = &header.stanzas;
	struct span line;
	bool scrypt = false;
	size_t count = 0;

	if (file.len == 0)
		return err_set(err, ERR_FORMAT, "age file is empty");
	if (next_line(&in, &line, err) < 0)
		return -1;
	if (!span_eq(line, INTRO))
		return err_set(err, ERR_FORMAT, "not an age file of version 1");
	while (!span_starts(span_from(file, in.at), SPAN("---"))) {
		if (++count > AGE_STANZAS_MAX)
			return err_set(err, ERR_LIMIT, "age header has more than %d stanzas",
				       AGE_STANZAS_MAX);
		if (read_stanza(&in, end, err) < 0)
			return -1;
		if (span_is((*end)->type, "scrypt")) {
			scrypt = true;
			if (!scrypt_fits(*end))
				return err_set(err, ERR_FORMAT, "malformed scrypt stanza");
		}
		end = &(*end)->next;
	}
	/* Differs: age looks at this only where it has a passphrase. What a passphrase opens must not pass for something that only a key opens:
	 * the specification has such a stanza alone or not at all. */
	if (scrypt && count > 1)
		return err_set(err, ERR_FORMAT, "age header has a passphrase among recipients");
	if (closing_line(&in, &header, err) < 0)
		return -1;
	*ret_header = header;
	return 0;
}
