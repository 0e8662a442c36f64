/* SPDX-License-Identifier: Apache-2.0
 *
 * The reader of identity files: empty lines and lines that begin with '#' are passed over, a CR at the end of a line too, everything else
 * is an identity. sops: age/keysource.go (parseIdentities), age/encrypted_keys.go (unwrapIdentities)
 *
 * Differs: plugin identities are refused, as a plugin is a program that the key's text names, and files that are themselves encrypted with a
 * passphrase, as there is nobody to ask.
 */
#include "keys/age_keyfile.h"

#include "doc/white.h"
#include "keys/age_hybrid.h"
#include "keys/age_x25519.h"

static int parse_identity(struct span text, struct secret_pool *pool, struct age_identity **ret,
			  struct err *err)
{
	struct age_identity *identity;

	if (span_starts(text, SPAN("AGE-PLUGIN-")))
		return err_set(err, ERR_UNSUPPORTED, "identities of age plugins are not supported");
	identity = (struct age_identity *)(void *)secret_alloc(pool, sizeof(*identity), err);
	if (!identity)
		return -1;
	if (span_starts(text, SPAN("AGE-SECRET-KEY-PQ-1"))) {
		identity->kind = AGE_HYBRID;
		if (age_hybrid_parse(text, pool, &identity->hybrid, err) < 0)
			return -1;
	} else if (span_starts(text, SPAN("AGE-SECRET-KEY-1"))) {
		identity->kind = AGE_X25519;
		if (age_x25519_parse(text, &identity->x25519, err) < 0)
			return -1;
	} else {
		return err_set(err, ERR_FORMAT, "unknown identity type");
	}
	*ret = identity;
	return 0;
}

/* Takes the next run of characters that are not white space off the line; an empty one where there is none. */
static struct span next_word(struct span *line)
{
	struct span rest = white_trim_left(*line);
	size_t len = 0;

	while (len < rest.len && white_trim_left(span_from(rest, len)).len == rest.len - len)
		len++;
	*line = span_from(rest, len);
	return span_sub(rest, 0, len);
}

static int parse_line(struct span line, enum age_keyfile_rule rule, struct secret_pool *pool,
		      struct age_identity ***end, struct err *err)
{
	struct span word = line;

	for (;;) {
		if (rule == AGE_KEYFILE_WORDS) {
			word = next_word(&line);
			if (word.len == 0)
				return 0;
		}
		if (parse_identity(word, pool, *end, err) < 0)
			return -1;
		*end = &(**end)->next;
		if (rule == AGE_KEYFILE_LINES)
			return 0;
	}
}

int age_keyfile_parse(struct span text, enum age_keyfile_rule rule, struct secret_pool *pool,
		      struct age_identity **ret_list, struct err *err)
{
	struct age_identity *list = NULL, **end = &list;
	size_t at, stop, number = 0;
	struct span line;

	if (text.len > AGE_KEYFILE_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes", AGE_KEYFILE_MAX);
	if (span_starts(text, SPAN("age-encryption")) || span_starts(text, SPAN("-----BEGIN AGE")))
		return err_set(err, ERR_UNSUPPORTED,
			       "protected by a passphrase, which is not supported");
	for (at = 0; at < text.len; at = stop + 1) {
		stop = span_find(text, at, '\n');
		line = span_sub(text, at, stop - at);
		number++;
		if (span_ends(line, SPAN("\r")))
			line.len--;
		if (line.len == 0 || line.data[0] == '#')
			continue;
		if (parse_line(line, rule, pool, &end, err) < 0)
			return err_wrap(err, "line %zu", number);
	}
	*ret_list = list;
	return 0;
}
