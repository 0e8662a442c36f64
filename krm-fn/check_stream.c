/* SPDX-License-Identifier: Apache-2.0
 *
 * A build's output: what is encrypted there was not decrypted, and goes to the cluster as it is; see check.h. kustomize skips a function in
 * silence where a flag is missing, so this is how a pipeline notices.
 */
#include "check.h"

#include "base/text.h"
#include "find.h"
#include "item.h"
#include "leftover.h"

#include <stdio.h>
#include <stdlib.h>

enum { HASH_LEN = 10 /* characters that kustomize appends to a name, behind a dash */ };

/* The Secrets of the stream, to look names up in. */
struct names {
	const struct doc_node **list;
	size_t count, room;
};

struct stream {
	struct check *check;
	const char *shown;
	struct names secrets;
	int (*visit)(struct stream *stream, const struct doc_node *item, struct err *err);
};

static void stream_release(struct stream *stream)
{
	free(stream->secrets.list);
}

/* Items of lists too, which may hold lists: kind List, and a ResourceList as a function prints it. */
static int each(struct stream *stream, const struct doc_node *item, struct err *err)
{
	const struct doc_node *items = doc_get(item, "items"), *kid;
	bool list = span_is(doc_get_str(item, "kind"), "List") ||
		    span_is(doc_get_str(item, "kind"), "ResourceList");

	if (item->kind != DOC_MAP)
		return 0;
	if (!list || !items || items->kind != DOC_LIST)
		return stream->visit(stream, item, err);
	doc_each (kid, items) {
		if (each(stream, kid, err) < 0)
			return -1;
	}
	return 0;
}

static int each_of(struct stream *stream, const struct doc *doc,
		   int (*visit)(struct stream *stream, const struct doc_node *item,
				struct err *err),
		   struct err *err)
{
	const struct doc_node *branch;

	stream->visit = visit;
	for (branch = doc->first; branch; branch = branch->next) {
		if (each(stream, branch, err) < 0)
			return -1;
	}
	return 0;
}

static int collect_secret(struct stream *stream, const struct doc_node *item, struct err *err)
{
	struct names *names = &stream->secrets;

	if (!item_is_secret(item))
		return 0;
	if (names->count == names->room) {
		size_t room = names->room ? names->room * 2 : 64;
		const struct doc_node **list = reallocarray(names->list, room, sizeof(*list));

		if (!list)
			return err_nomem(err);
		names->list = list;
		names->room = room;
	}
	names->list[names->count++] = item;
	return 0;
}

/* Ciphertext, but in what an operator of its own opens and in what its author has taken out of decryption. */
static int look_for_ciphertext(struct stream *stream, const struct doc_node *item, struct err *err)
{
	const struct leftover_scope scope = {.string_data = true};
	struct finding_at at = {.path = stream->shown, .line = item->line, .item = item};
	struct err own = ERR_INIT;
	int r;

	if (find_is_sops_secret(item) || item_is_disabled(item))
		return 0;
	r = leftover_find(item, true, &scope, &own);
	if (r < 0) {
		*err = own;
		return -1;
	}
	if (r == 0)
		return 0;
	return findings_add(&stream->check->findings, &at, err,
			    "%s; was it built with --enable-alpha-plugins --enable-exec?", own.msg);
}

/* The name with a hash of its content behind it. kustomize: api/hasher (encode) leaves these of the hexadecimal digits. */
static bool is_hashed(struct span name, struct span plain)
{
	static const char digits[] = "2456789bcdfghkmt";
	size_t i;

	if (name.len != plain.len + 1 + HASH_LEN || !span_starts(name, plain) ||
	    name.data[plain.len] != '-')
		return false;
	for (i = plain.len + 1; i < name.len; i++) {
		if (!memchr(digits, name.data[i], sizeof(digits) - 1))
			return false;
	}
	return true;
}

/* The hashed name that stands where the plain one is looked for; a null span where the plain one is there, or none. */
static struct span hashed_name(const struct stream *stream, struct span namespace,
			       struct span plain)
{
	struct span found = SPAN_NULL;
	size_t i;

	for (i = 0; i < stream->secrets.count; i++) {
		const struct doc_node *secret = stream->secrets.list[i];
		struct span own = item_namespace(secret), name = item_name(secret);

		if (own.len && namespace.len && !span_eq(own, namespace))
			continue;
		if (span_eq(name, plain))
			return SPAN_NULL;
		if (is_hashed(name, plain))
			found = name;
	}
	return found;
}

/* kustomize changes the names in fields that it knows: not in a HelmRelease, unless `configurations` says so. */
static int look_for_names(struct stream *stream, const struct doc_node *item, struct err *err)
{
	const struct doc_node *list = doc_get(doc_get(item, "spec"), "valuesFrom"), *from;
	size_t position = 0;

	if (!item_is(item, "helm.toolkit.fluxcd.io", "HelmRelease") || !list ||
	    list->kind != DOC_LIST)
		return 0;
	doc_each (from, list) {
		struct span name = doc_get_str(from, "name"), hashed;
		struct finding_at at = {.path = stream->shown, .line = from->line, .item = item};
		char field[64];

		if (from->kind == DOC_COMMENT)
			continue;
		snprintf(field, sizeof(field), "spec.valuesFrom[%zu].name", position++);
		at.field = span_str(field);
		if (!span_is(doc_get_str(from, "kind"), "Secret") || !name.len)
			continue;
		hashed = hashed_name(stream, item_namespace(item), name);
		if (hashed.len &&
		    findings_add(&stream->check->findings, &at, err,
				 "names Secret '%s', which exists only as '%s': kustomize needs a "
				 "nameReference for this field",
				 text_quote(name).text, text_quote(hashed).text) < 0)
			return -1;
	}
	return 0;
}

/* A build that has failed leaves nothing on its stdout, and a pipe that goes on with that deletes what is there. */
static int look_for_anything(struct stream *stream, const struct doc *doc, struct err *err)
{
	struct finding_at at = {.path = stream->shown};
	const struct doc_node *branch;

	for (branch = doc->first; branch; branch = branch->next) {
		if (branch->kind == DOC_MAP && branch->kids.first)
			return 0;
	}
	return findings_add(&stream->check->findings, &at, err,
			    "no object is in it: has the build before it failed?");
}

int check_stream(struct check *check, const char *shown, const struct doc *doc, struct err *err)
{
	CLEANUP(stream_release) struct stream stream = {.check = check, .shown = shown};

	if (look_for_anything(&stream, doc, err) < 0 ||
	    each_of(&stream, doc, collect_secret, err) < 0 ||
	    each_of(&stream, doc, look_for_ciphertext, err) < 0)
		return -1;
	return each_of(&stream, doc, look_for_names, err);
}
