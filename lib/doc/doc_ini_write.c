/* SPDX-License-Identifier: Apache-2.0
 *
 * The INI writer: keys padded to the longest of their section, an empty line between sections, comments before what they belong to. The
 * quoting of keys and values is that of go-ini 1.67.3 (file.go), which its own reader does not always undo; where sops puts tree and
 * file together (stores/ini/store.go) its rules are kept too. Refused: what is not two levels deep, and empty names. See doc_ini.h.
 */
#include "doc/doc_ini.h"

#include "base/text.h"
#include "doc/doc_flat.h"
#include "doc/ini_items.h"
#include "doc/white.h"

#include <strings.h>

struct section {
	struct span name, comment;
	struct ini_items items;
};

struct writer {
	struct buf *out;
	struct buf scratch;
	struct arena arena;
	size_t sections, written; /* in all, so far */
};

enum key_quote { KEY_BARE = 0, KEY_BACKQUOTE = 2, KEY_TRIPLE = 6 }; /* bytes that it adds */

static bool has_any(struct span s, const char *bytes)
{
	for (; *bytes; bytes++) {
		if (span_find(s, 0, (uint8_t)*bytes) < s.len)
			return true;
	}
	return false;
}

static enum key_quote key_quote(struct span name)
{
	return has_any(name, "\"=:") ? KEY_BACKQUOTE : has_any(name, "`") ? KEY_TRIPLE : KEY_BARE;
}

/* go-ini trims a line without a marker in a key's comment, not in a section's.
 * Differs: sops crashes on an empty line in a comment (the library looks at its first character); here it gets a marker like any other. */
static void write_comment(struct span text, bool of_key, struct buf *out)
{
	struct span line;
	size_t at, end;

	if (!text.len)
		return;
	for (at = 0; at <= text.len; at = end + 1) {
		end = span_find(text, at, '\n');
		line = span_sub(text, at, end - at);
		if (span_starts(line, SPAN("#")) || span_starts(line, SPAN(";"))) {
			buf_add_char(out, line.data[0]);
			buf_add_char(out, ' ');
			line = white_trim(span_from(line, 1));
		} else {
			buf_add_str(out, "; ");
			if (of_key)
				line = white_trim(line);
		}
		buf_add_span(out, line);
		buf_add_char(out, '\n');
	}
}

static void write_quoted(const char *quote, struct span text, struct buf *out)
{
	buf_add_str(out, quote);
	buf_add_span(out, text);
	buf_add_str(out, quote);
}

static void write_key(struct span name, size_t width, struct buf *out)
{
	static const char *const quotes[] = {
		[KEY_BARE] = "", [KEY_BACKQUOTE] = "`", [KEY_TRIPLE] = "\"\"\""};
	enum key_quote quote = key_quote(name);

	write_quoted(quotes[quote], name, out);
	buf_add_fill(out, ' ', width - name.len - quote);
	buf_add_str(out, " = ");
}

static void write_value(struct span text, struct buf *out)
{
	const char *quote = "";

	if (has_any(text, "\n`"))
		quote = "\"\"\"";
	else if (has_any(text, "#;"))
		quote = "`";
	else if (white_trim(text).len != text.len)
		quote = "\"";
	write_quoted(quote, text, out);
	buf_add_char(out, '\n');
}

/* The section's own comment is its first entry; any other belongs to the key before it, the last one of several. One before the first
 * key that is not the first entry is lost. sops: stores/ini/store.go (encodeTree) */
static int collect(struct writer *to, const struct doc_node *map, struct section *section,
		   struct err *err)
{
	struct ini_item *item = NULL;
	const struct doc_node *entry;

	doc_each (entry, map) {
		if (!entry->key.data) {
			if (entry == map->kids.first) {
				section->comment = entry->str;
			} else if (item) {
				item->comment = entry->str;
				item->commented = true;
			}
			continue;
		}
		if (doc_flat_key(entry, err) < 0)
			return -1;
		if (!entry->key.len)
			return err_set(err, ERR_EMIT, "the section '%s' has an empty key",
				       text_quote(section->name).text);
		item = ini_items_add(&section->items, &to->arena, entry, err);
		if (!item)
			return -1;
	}
	return ini_items_merge(&section->items, &to->arena, err);
}

static int write_section(struct writer *to, const struct section *section, struct err *err)
{
	const struct ini_items *items = &section->items;
	const struct ini_item *item;
	size_t width = 0, i, len;
	struct span text;

	write_comment(section->comment, false, to->out);
	/* The first section has no header where it is DEFAULT in any case, and is nothing at all without keys. */
	if (to->written > 0 || section->name.len != strlen("DEFAULT") ||
	    strncasecmp((const char *)section->name.data, "DEFAULT", section->name.len) != 0) {
		buf_add_char(to->out, '[');
		buf_add_span(to->out, section->name);
		buf_add_str(to->out, "]\n");
	} else if (!items->count) {
		return 0;
	}
	for (i = 0; i < items->count; i++) {
		len = items->all[i].entry->key.len + key_quote(items->all[i].entry->key);
		if (len > width)
			width = len;
	}
	for (i = 0; i < items->count; i++) {
		item = &items->all[i];
		if (item->dropped)
			continue;
		if (doc_flat_text(item->entry, &to->scratch, &text, err) < 0)
			return err_wrap(err, "section '%s'", text_quote(section->name).text);
		write_comment(item->comment, true, to->out);
		write_key(item->entry->key, width, to->out);
		write_value(text, to->out);
	}
	if (to->written + 1 < to->sections)
		buf_add_char(to->out, '\n');
	return 0;
}

static int write_branch(struct writer *to, const struct doc_node *branch, struct err *err)
{
	const struct doc_node *entry;

	doc_each (entry, branch) {
		struct section section = {.name = entry->key};

		if (!entry->key.data)
			continue; /* a comment between sections has no place in the tree that sops prints from */
		if (doc_flat_key(entry, err) < 0)
			return -1;
		if (!entry->key.len)
			return err_set(err, ERR_EMIT, "a section without a name");
		if (entry->kind != DOC_MAP)
			return err_set(err, ERR_EMIT,
				       "'%s' is not a map: INI output takes sections of keys",
				       text_quote(entry->key).text);
		if (collect(to, entry, &section, err) < 0 || write_section(to, &section, err) < 0)
			return -1;
		to->written++;
	}
	return 0;
}

int doc_ini_write(const struct doc *doc, struct buf *out, struct err *err)
{
	struct writer to = {
		.out = out,
		.scratch = BUF_INIT(DOC_FLAT_SCALAR_MAX),
		.arena = ARENA_INIT(DOC_ARENA_MAX),
	};
	const struct doc_node *branch, *entry;
	int r = 0;

	for (branch = doc->first; branch; branch = branch->next) {
		doc_each (entry, branch)
			to.sections += entry->key.data != NULL;
	}
	for (branch = doc->first; branch && r == 0; branch = branch->next)
		r = write_branch(&to, branch, err);
	buf_release(&to.scratch);
	arena_release(&to.arena);
	return r < 0 ? -1 : buf_check(out, err);
}
