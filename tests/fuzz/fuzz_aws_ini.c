/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared config files of AWS: what is read is written again as plain lines, and reads back the same.
 */
#include "base/buf.h"
#include "keys/aws_ini.h"

#include <assert.h>

enum { OUT_MAX = 1 << 22 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lines of values that go over several, or have a sign at their ends that a line would lose, are not written. */
static bool plain(struct span value)
{
	size_t i;

	for (i = 0; i < value.len; i++) {
		if (value.data[i] < '!' || value.data[i] == '#' || value.data[i] == ';' ||
		    value.data[i] == '"' || value.data[i] == '\'')
			return false;
	}
	return value.len > 0;
}

static bool plain_name(struct span name)
{
	return plain(name) && span_find(name, 0, '=') == name.len &&
	       span_find(name, 0, ':') == name.len && name.data[0] != '[' &&
	       span_find(name, 0, ']') == name.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_AWS_INI struct aws_ini ini = AWS_INI_INIT;
	CLEAN_AWS_INI struct aws_ini again = AWS_INI_INIT;
	CLEAN_BUF struct buf text = BUF_INIT(OUT_MAX);
	const struct aws_ini_entry *entry;
	struct err err = ERR_INIT;

	if (aws_ini_read(span_of(data, size), &ini, &err) < 0) {
		assert(err.code == ERR_LIMIT);
		return 0;
	}
	for (entry = ini.first; entry; entry = entry->next) {
		assert(entry->section.data && aws_ini_has_section(&ini, entry->section));
		if (entry->sub.data || !plain_name(entry->section) || !plain_name(entry->key) ||
		    !plain(entry->value))
			continue;
		buf_add_char(&text, '[');
		buf_add_span(&text, entry->section);
		buf_add_str(&text, "]\n");
		buf_add_span(&text, entry->key);
		buf_add_str(&text, " = ");
		buf_add_span(&text, entry->value);
		buf_add_char(&text, '\n');
	}
	if (text.bad || aws_ini_read(buf_span(&text), &again, &err) < 0)
		return 0;
	for (entry = again.first; entry; entry = entry->next) {
		const struct aws_ini_entry *old = ini.first;

		while (old && !(span_eq(old->section, entry->section) &&
				span_eq(old->key, entry->key) && span_eq(old->value, entry->value)))
			old = old->next;
		assert(old);
	}
	return 0;
}
