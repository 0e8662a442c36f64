/* SPDX-License-Identifier: Apache-2.0
 *
 * Encrypted files of a repository; see sops_file.h.
 */
#include "sops_file.h"

#include "guess.h"

#define TOKEN_BEGIN SPAN("ENC[AES256_GCM")

static bool is_any(struct span key, const char *const *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (span_is(key, names[i]))
			return true;
	}
	return false;
}

/* `sops` may be anybody's word: metadata has one of the fields that every release writes. */
bool sops_file_has_metadata(const struct doc_node *branch, enum doc_format format)
{
	static const char *const names[] = {"mac", "lastmodified", "version"};
	static const char *const flat[] = {"sops_mac", "sops_lastmodified", "sops_version"};
	const struct doc_node *block = format == DOC_DOTENV ? branch : doc_get(branch, "sops"),
			      *kid;

	if (!block || block->kind != DOC_MAP)
		return false;
	doc_each (kid, block) {
		if (kid->key.data &&
		    (format == DOC_DOTENV ? is_any(kid->key, flat, ARRAY_LEN(flat))
					  : is_any(kid->key, names, ARRAY_LEN(names))))
			return true;
	}
	return false;
}

static bool any_metadata(const struct doc *doc, enum doc_format format)
{
	const struct doc_node *branch;

	for (branch = doc->first; branch; branch = branch->next) {
		if (sops_file_has_metadata(branch, format))
			return true;
	}
	return false;
}

static bool is_empty(const struct doc_node *branch)
{
	return branch->kind != DOC_MAP || !branch->kids.first;
}

bool sops_file_is_one(const struct doc *doc, enum doc_format format)
{
	const struct doc_node *branch, *first = NULL;

	if (format != DOC_YAML)
		return true;
	for (branch = doc->first; branch; branch = branch->next) {
		if (is_empty(branch))
			continue;
		if (!sops_file_has_metadata(branch, DOC_YAML))
			return false;
		if (!first)
			first = branch;
		else if (!span_eq(doc_get_str(doc_get(branch, "sops"), "mac"),
				  doc_get_str(doc_get(first, "sops"), "mac")))
			return false;
	}
	return true;
}

int sops_file_read(const char *path, struct span text, struct doc *ret_doc,
		   enum doc_format *ret_format, struct err *ret_why)
{
	enum doc_format format = guess_format(span_str(path), text);

	if (doc_read(format, text, ret_doc, ret_why) < 0)
		return ret_why->code == ERR_NOMEM ? -1 : 1;
	if (!any_metadata(ret_doc, format))
		return 1;
	*ret_format = format;
	return 0;
}

static bool has(struct span text, struct span word)
{
	return span_search(text, word) != SIZE_MAX;
}

bool sops_file_maybe(struct span text)
{
	return has(text, SPAN("sops")) &&
	       (has(text, TOKEN_BEGIN) || has(text, SPAN("lastmodified")));
}

bool sops_file_was(const char *path, struct span text)
{
	return doc_format_of_path(span_str(path)) != DOC_BINARY && has(text, TOKEN_BEGIN) &&
	       has(text, SPAN("lastmodified"));
}
