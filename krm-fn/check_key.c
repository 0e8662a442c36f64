/* SPDX-License-Identifier: Apache-2.0
 *
 * age keys that lie beside what they open: whoever reads the repository has them, and all that they open. What only looks like one, as in a manual, is none:
 * its checksum has to be right.
 */
#include "check.h"

#include "keys/age_keyfile.h"

#define AGE_BEGIN SPAN("AGE-SECRET-KEY-")

enum { KEY_LEN_MAX = 128 /* bytes of one: an X25519 key has 74, a hybrid one 77 */ };

static bool is_part(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

static bool is_age_key(struct span text)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct age_identity *identity = NULL;
	struct err none = ERR_INIT;
	size_t len = 0;

	while (len < text.len && len <= KEY_LEN_MAX && is_part(text.data[len]))
		len++;
	return len <= KEY_LEN_MAX && age_keyfile_parse(span_sub(text, 0, len), AGE_KEYFILE_LINES,
						       &pool, &identity, &none) == 0;
}

static size_t find_age_key(struct span text)
{
	size_t at = 0, hit;

	while ((hit = span_search(span_from(text, at), AGE_BEGIN)) != SIZE_MAX) {
		at += hit;
		if (is_age_key(span_from(text, at)))
			return at;
		at += AGE_BEGIN.len;
	}
	return SIZE_MAX;
}

int check_key(struct check *check, const struct path_file *file, struct err *err)
{
	struct finding_at at = {.path = file->shown, .line = 1};
	size_t where = file->binary ? SIZE_MAX : find_age_key(file->text), i;

	if (where == SIZE_MAX)
		return 0;
	for (i = 0; i < where; i++)
		at.line += file->text.data[i] == '\n';
	return findings_add(&check->findings, &at, err, "an age secret key in the clear");
}
