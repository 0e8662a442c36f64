/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared config files, line by line; see aws_ini.h.
 */
#include "keys/aws_ini.h"

struct reader {
	struct aws_ini *ini;
	struct span section; /* a null span before the first */
	struct aws_ini_entry
		*parent; /* the property that lines with blanks before them belong to; NULL: none */
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct span trim(struct span s)
{
	while (s.len && is_blank(s.data[0]))
		s = span_from(s, 1);
	while (s.len && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

/* Up to the first comment sign; `spaced`: only one with a blank before it is one. */
static struct span without_comment(struct span line, bool spaced)
{
	size_t i;

	for (i = 0; i < line.len; i++) {
		if ((line.data[i] == '#' || line.data[i] == ';') &&
		    (!spaced || (i > 0 && is_blank(line.data[i - 1]))))
			return span_sub(line, 0, i);
	}
	return line;
}

static struct span unquoted(struct span value)
{
	if (value.len >= 2 && (value.data[0] == '"' || value.data[0] == '\'') &&
	    value.data[value.len - 1] == value.data[0])
		return span_sub(value, 1, value.len - 2);
	return value;
}

/* "key = value", or with a colon. */
static bool split(struct span line, struct span *ret_key, struct span *ret_value)
{
	size_t equals = span_find(line, 0, '='), colon = span_find(line, 0, ':');
	size_t at = colon < equals ? colon : equals;

	if (at == line.len)
		return false;
	*ret_key = trim(span_sub(line, 0, at));
	*ret_value = unquoted(trim(span_from(line, at + 1)));
	return true;
}

static int lower(struct arena *arena, struct span text, struct span *ret, struct err *err)
{
	uint8_t *copy = arena_alloc(arena, text.len, err);
	size_t i;

	if (!copy)
		return -1;
	for (i = 0; i < text.len; i++)
		copy[i] = text.data[i] >= 'A' && text.data[i] <= 'Z' ? text.data[i] + 32
								     : text.data[i];
	*ret = span_of(copy, text.len);
	return 0;
}

static int add(struct reader *reader, struct span key, struct span sub, struct span value,
	       struct err *err)
{
	struct aws_ini *ini = reader->ini;
	struct aws_ini_entry *entry = arena_alloc(&ini->arena, sizeof(*entry), err);

	if (!entry || lower(&ini->arena, key, &entry->key, err) < 0 ||
	    (sub.data && lower(&ini->arena, sub, &entry->sub, err) < 0))
		return -1;
	entry->section = reader->section;
	entry->value = value;
	if (ini->last)
		ini->last->next = entry;
	else
		ini->first = entry;
	ini->last = entry;
	if (!sub.data)
		reader->parent = entry;
	return 0;
}

/* "[ type name ; comment" of three words has the type first, and the rest is the name. One blank stands between them. */
static int add_section(struct reader *reader, struct span inside, struct err *err)
{
	struct arena *arena = &reader->ini->arena;
	struct aws_ini_section *section = arena_alloc(arena, sizeof(*section), err);
	struct span name = trim(inside), rest;
	uint8_t *joined = arena_alloc(arena, name.len, err);
	size_t type = 0;

	if (!section || !joined)
		return -1;
	while (type < name.len && !is_blank(name.data[type]))
		type++;
	rest = trim(span_from(name, type));
	if (name.len)
		memcpy(joined, name.data, type);
	if (rest.len) {
		joined[type] = ' ';
		memcpy(joined + type + 1, rest.data, rest.len);
		type += 1 + rest.len;
	}
	section->name = span_of(joined, type);
	section->next = reader->ini->sections;
	reader->ini->sections = section;
	reader->section = section->name;
	reader->parent = NULL;
	return 0;
}

/* A line with blanks before it: nested below a property without a value, else a property of its own or one more line of the value. */
static int add_indented(struct reader *reader, struct span line, struct err *err)
{
	struct aws_ini_entry *parent = reader->parent;
	struct span key, value;
	uint8_t *joined;
	size_t len;

	if (split(line, &key, &value)) {
		if (parent && !parent->value.len)
			return add(reader, parent->key, key, value, err);
		return add(reader, key, SPAN_NULL, trim(without_comment(value, true)), err);
	}
	if (!parent || !parent->value.len)
		return 0;
	len = parent->value.len + 1 + line.len;
	joined = arena_alloc(&reader->ini->arena, len, err);
	if (!joined)
		return -1;
	memcpy(joined, parent->value.data, parent->value.len);
	joined[parent->value.len] = '\n';
	memcpy(joined + parent->value.len + 1, line.data, line.len);
	parent->value = span_of(joined, len);
	return 0;
}

static int add_line(struct reader *reader, struct span line, struct err *err)
{
	struct span text = trim(line), head, key, value;

	if (!text.len || text.data[0] == '#' || text.data[0] == ';')
		return 0;
	head = trim(without_comment(line, false));
	if (head.len >= 2 && head.data[0] == '[' && head.data[head.len - 1] == ']')
		return add_section(reader, span_sub(head, 1, head.len - 2), err);
	if (!reader->section.data)
		return 0;
	if (is_blank(line.data[0]))
		return add_indented(reader, trim(line), err);
	if (split(trim(without_comment(line, true)), &key, &value))
		return add(reader, key, SPAN_NULL, value, err);
	return 0;
}

int aws_ini_read(struct span text, struct aws_ini *ret_ini, struct err *err)
{
	CLEAN_AWS_INI struct aws_ini ini = AWS_INI_INIT;
	struct reader reader = {.ini = &ini};
	size_t at, end;

	for (at = 0; at < text.len; at = end + 1) {
		struct span line;

		end = span_find(text, at, '\n');
		line = span_sub(text, at, end - at);
		if (line.len && line.data[line.len - 1] == '\r')
			line.len--;
		if (add_line(&reader, line, err) < 0)
			return -1;
	}
	aws_ini_release(ret_ini);
	*ret_ini = ini;
	ini = (struct aws_ini)AWS_INI_INIT;
	return 0;
}

bool aws_ini_has_section(const struct aws_ini *ini, struct span section)
{
	const struct aws_ini_section *at;

	for (at = ini->sections; at; at = at->next) {
		if (span_eq(at->name, section))
			return true;
	}
	return false;
}

struct span aws_ini_get(const struct aws_ini *ini, struct span section, const char *key,
			const char *sub)
{
	const struct aws_ini_entry *entry;
	struct span found = SPAN_NULL;

	for (entry = ini->first; entry; entry = entry->next) {
		if (span_is(entry->key, key) && span_eq(entry->section, section) &&
		    (sub ? entry->sub.data && span_is(entry->sub, sub) : !entry->sub.data))
			found = entry->value;
	}
	return found;
}

void aws_ini_release(struct aws_ini *ini)
{
	if (!ini)
		return;
	arena_release(&ini->arena);
	*ini = (struct aws_ini)AWS_INI_INIT;
}
