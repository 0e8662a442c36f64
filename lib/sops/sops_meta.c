/* SPDX-License-Identifier: Apache-2.0
 *
 * Finds the metadata in a document, takes it out, and checks what sops checks before it asks for a key; see sops_meta.h.
 * sops: stores/metadata.go (ExtractMetadata), stores/stores.go (ToInternal), cmd/sops/common/common.go
 */
#include "sops/sops_meta.h"

#include "base/text.h"
#include "doc/scalar.h"
#include "sops/sops_flat.h"
#include "sops/sops_keys.h"
#include "sops/sops_weak.h"

#define METADATA_KEY SPAN("sops")
#define FLAT_PREFIX  SPAN("sops_")
#define DEFAULT_RULE SPAN("_unencrypted")
#define OLD_RELEASES SPAN("1.") /* sops 1 did not number by semver */

static const char *const rule_fields[] = {
	[SOPS_RULE_UNENCRYPTED_SUFFIX] = "unencrypted_suffix",
	[SOPS_RULE_ENCRYPTED_SUFFIX] = "encrypted_suffix",
	[SOPS_RULE_UNENCRYPTED_REGEX] = "unencrypted_regex",
	[SOPS_RULE_ENCRYPTED_REGEX] = "encrypted_regex",
	[SOPS_RULE_UNENCRYPTED_COMMENT_REGEX] = "unencrypted_comment_regex",
	[SOPS_RULE_ENCRYPTED_COMMENT_REGEX] = "encrypted_comment_regex",
};

static int not_found(struct err *err)
{
	(void)err_set(err, ERR_FORMAT, "sops metadata not found");
	return err_hint(err, "it is not encrypted with sops, or not of this format");
}

static bool is_entry(const struct doc_node *node, struct span key)
{
	return node->kind != DOC_COMMENT && node->key.data && !(node->flags & DOC_KEY_BAD) &&
	       span_eq(node->key, key);
}

/* Only the first branch's block counts; `sops` entries of later branches are dropped unread, as sops does. */
static int take_block(struct doc *doc, struct doc_node **ret_block, struct err *err)
{
	struct doc_node *branch, *node, *next, *block = NULL;

	for (branch = doc->first; branch; branch = branch->next) {
		for (node = branch->kids.first; node; node = next) {
			next = node->next;
			if (!is_entry(node, METADATA_KEY))
				continue;
			if (branch == doc->first && block)
				return err_set(err, ERR_FORMAT, "two 'sops' entries");
			if (branch == doc->first)
				block = node;
			doc_remove(branch, node);
		}
	}
	if (!block)
		return not_found(err);
	*ret_block = block;
	return 0;
}

/* dotenv: every entry whose name starts with sops_ moves to a map of its own. */
static int take_prefixed(struct doc *doc, struct doc_node **ret_flat, struct err *err)
{
	struct doc_node *flat = doc_new(doc, DOC_MAP, err), *node, *next, rest = {.kind = DOC_MAP};

	if (!flat)
		return -1;
	for (node = doc->first ? doc->first->kids.first : NULL; node; node = next) {
		next = node->next;
		if (node->kind != DOC_COMMENT && span_starts(node->key, FLAT_PREFIX))
			doc_append(flat, node);
		else
			doc_append(&rest, node);
	}
	if (!flat->kids.first)
		return not_found(err);
	doc->first->kids = rest.kids;
	*ret_flat = flat;
	return 0;
}

/* INI values come with `\n` for each line feed, which its reader does not undo. sops: stores/metadata.go (EscapeNewlines) */
static int restore_newlines(struct doc *doc, struct doc_node *flat, struct err *err)
{
	struct doc_node *node;

	doc_each (node, flat) {
		uint8_t *text;
		size_t i, len = 0;

		if (node->kind != DOC_STRING || span_search(node->str, SPAN("\\n")) == SIZE_MAX)
			continue;
		text = arena_alloc(&doc->arena, node->str.len, err);
		if (!text)
			return -1;
		for (i = 0; i < node->str.len; i++) {
			bool escape = i + 1 < node->str.len && node->str.data[i] == '\\' &&
				      node->str.data[i + 1] == 'n';

			text[len++] = escape ? '\n' : node->str.data[i];
			i += escape;
		}
		node->str = span_of(text, len);
	}
	return 0;
}

static int take_flat(struct doc *doc, struct doc_node **ret_block, struct err *err)
{
	struct doc_node *flat = NULL;

	if (take_prefixed(doc, &flat, err) < 0)
		return -1;
	return sops_flat_restore(doc, flat, FLAT_PREFIX.len, ret_block, err);
}

static int take_section(struct doc *doc, struct doc_node **ret_block, struct err *err)
{
	struct doc_node *flat = NULL;

	if (take_block(doc, &flat, err) < 0)
		return -1;
	if (flat->kind != DOC_MAP || !flat->kids.first)
		return not_found(err);
	if (restore_newlines(doc, flat, err) < 0)
		return -1;
	return sops_flat_restore(doc, flat, 0, ret_block, err);
}

int sops_meta_take(struct doc *doc, enum doc_format format, struct sops_meta *ret_meta,
		   struct err *err)
{
	struct doc_node *block = NULL;
	int r;

	switch (format) {
	case DOC_DOTENV:
		r = take_flat(doc, &block, err);
		break;
	case DOC_INI:
		r = take_section(doc, &block, err);
		break;
	default:
		r = take_block(doc, &block, err);
	}
	if (r < 0)
		return -1;
	return sops_meta_parse(doc, block, ret_meta, err);
}

/* sops: stores/metadata.go (sopsToGo): even below a field that nobody knows. */
static int check_keys(const struct doc_node *node, struct err *err)
{
	const struct doc_node *kid;

	if (node->kind != DOC_MAP && node->kind != DOC_LIST)
		return 0;
	doc_each (kid, node) {
		if (kid->flags & DOC_KEY_BAD)
			return err_set(err, ERR_FORMAT,
				       "sops metadata: the key '%s' is not a string",
				       text_quote(kid->key).text);
		if (check_keys(kid, err) < 0)
			return -1;
	}
	return 0;
}

static int parse_rule(struct doc *doc, const struct doc_node *block, struct sops_meta *meta,
		      struct err *err)
{
	size_t i, count = 0;

	meta->rule = SOPS_RULE_UNENCRYPTED_SUFFIX;
	meta->rule_text = DEFAULT_RULE;
	for (i = 0; i < ARRAY_LEN(rule_fields); i++) {
		struct span text = SPAN_NULL;

		if (sops_weak_text(doc, block, rule_fields[i], &text, err) < 0)
			return -1;
		if (!text.len)
			continue;
		meta->rule = (enum sops_rule_kind)i;
		meta->rule_text = text;
		count++;
	}
	if (count > 1)
		return err_set(
			err, ERR_FORMAT,
			"sops metadata: more than one rule says what is encrypted (_suffix, _regex)");
	return 0;
}

static bool cut_number(struct span *text)
{
	struct span digits = *text;
	size_t n = 0;
	int64_t number;

	while (n < text->len && text->data[n] >= '0' && text->data[n] <= '9')
		n++;
	digits.len = n;
	*text = span_from(*text, n);
	return n && (n == 1 || digits.data[0] != '0') && scalar_parse_int(digits, &number);
}

static bool cut_char(struct span *text, char c)
{
	if (!text->len || text->data[0] != (uint8_t)c)
		return false;
	*text = span_from(*text, 1);
	return true;
}

/* Dot-separated identifiers of letters, digits and '-'; in a pre-release a number has no leading zero. */
static bool identifiers_good(struct span text, bool pre)
{
	size_t at = 0;

	do {
		size_t end = span_find(text, at, '.'), i;
		struct span id = span_sub(text, at, end - at);
		bool number = true;

		for (i = 0; i < id.len; i++) {
			uint8_t c = id.data[i];
			bool digit = c >= '0' && c <= '9';

			if (!digit && c != '-' && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z'))
				return false;
			number = number && digit;
		}
		if (!id.len || (pre && number && !cut_number(&id)))
			return false;
		at = end + 1;
	} while (at <= text.len);
	return true;
}

/* sops asks whether the file was written before 3.3.0, and fails where that can not be told. sops: version/version.go, blang/semver */
static bool version_good(struct span text)
{
	size_t plus;

	if (span_starts(text, OLD_RELEASES))
		return true;
	(void)cut_char(&text, 'v');
	if (!cut_number(&text) || !cut_char(&text, '.') || !cut_number(&text) ||
	    !cut_char(&text, '.') || !cut_number(&text))
		return false;
	plus = span_find(text, 0, '+');
	if (plus < text.len && !identifiers_good(span_from(text, plus + 1), false))
		return false;
	text.len = plus;
	if (!text.len)
		return true;
	return cut_char(&text, '-') && identifiers_good(text, true);
}

int sops_meta_parse(struct doc *doc, struct doc_node *block, struct sops_meta *ret_meta,
		    struct err *err)
{
	struct sops_meta meta = {.group_count = 0};

	if (block->kind != DOC_MAP)
		return err_set(err, ERR_FORMAT, "the 'sops' entry is not a mapping");
	if (check_keys(block, err) < 0 || sops_keys_parse(doc, block, &meta, err) < 0 ||
	    parse_rule(doc, block, &meta, err) < 0 ||
	    sops_weak_int(block, "shamir_threshold", &meta.shamir_threshold, err) < 0 ||
	    sops_weak_bool(block, "mac_only_encrypted", &meta.mac_only_encrypted, err) < 0 ||
	    sops_weak_text(doc, block, "mac", &meta.mac, err) < 0 ||
	    sops_weak_text(doc, block, "lastmodified", &meta.lastmodified_text, err) < 0 ||
	    sops_weak_text(doc, block, "version", &meta.version, err) < 0)
		return -1;
	if (!meta.mac.len)
		meta.mac = SPAN_NULL;
	if (!scalar_parse_time(meta.lastmodified_text, &meta.lastmodified))
		return err_set(err, ERR_FORMAT, "sops metadata: 'lastmodified' is not a time");
	/* Differs: sops takes a negative threshold as none at all. */
	if (meta.shamir_threshold < 0)
		return err_set(err, ERR_FORMAT, "sops metadata: 'shamir_threshold' is negative");
	if (!version_good(meta.version))
		return err_set(err, ERR_FORMAT, "sops metadata: 'version' is not a version");
	*ret_meta = meta;
	return 0;
}
