/* SPDX-License-Identifier: Apache-2.0
 *
 * A decryption Secret as a manifest: in a file of --key-secret, or among the items of the function's own input; see keys.h.
 */
#include "keys_lookup.h"

#include "base/text.h"
#include "key_data.h"

#include <fcntl.h>
#include <stdio.h>

static bool is_secret(const struct doc_node *item)
{
	return span_is(doc_get_str(item, "apiVersion"), "v1") &&
	       span_is(doc_get_str(item, "kind"), "Secret");
}

static const struct doc_node *annotations_of(const struct doc_node *item)
{
	return doc_get(doc_get(item, "metadata"), "annotations");
}

/* The first entry of a history that kustomize keeps in an annotation, else the field itself: the name before any prefix. */
static struct span original(const struct doc_node *item, const char *annotation, const char *field)
{
	struct span history = doc_get_str(annotations_of(item), annotation);

	if (history.len)
		return span_sub(history, 0, span_find(history, 0, ','));
	return doc_get_str(doc_get(item, "metadata"), field);
}

/* How well a Secret fits: 2 name and namespace, 1 the name where one of both sides has no namespace, 0 not. */
static int fits(const struct keys_lookup *lookup, struct span name, struct span namespace)
{
	if (!span_eq(name, lookup->name))
		return 0;
	if (namespace.len && lookup->namespace.len)
		return span_eq(namespace, lookup->namespace) ? 2 : 0;
	return 1;
}

static int fits_item(const struct keys_lookup *lookup, const struct doc_node *item)
{
	const struct doc_node *metadata = doc_get(item, "metadata");
	int now, before;

	if (!is_secret(item))
		return 0;
	now = fits(lookup, doc_get_str(metadata, "name"), doc_get_str(metadata, "namespace"));
	before = fits(
		lookup, original(item, "internal.config.kubernetes.io/previousNames", "name"),
		original(item, "internal.config.kubernetes.io/previousNamespaces", "namespace"));
	return now > before ? now : before;
}

/* The best of the candidates, kept while they pass by. */
struct choice {
	const struct doc_node *secret;
	int fit;
	bool doubt; /* another fits as well */
};

static void consider(struct choice *choice, const struct doc_node *item, int fit)
{
	if (fit > choice->fit) {
		*choice = (struct choice){item, fit, false};
	} else if (fit && fit == choice->fit) {
		choice->doubt = true;
	}
}

static int import_value(const struct key_data *secret, const struct doc_node *entry, bool encoded,
			struct err *err)
{
	CLEAN_SECRET_POOL struct secret_pool pool = SECRET_POOL_INIT;
	struct span plain;

	if (entry->kind != DOC_STRING)
		return err_set(err, ERR_FORMAT, "'%s' of Secret '%s' is not a text",
			       text_quote(entry->key).text, secret->secret);
	if (!encoded)
		return key_data_import(secret, entry->key, entry->str, err);
	if (base64_secret(BASE64_GO, entry->str, &pool, &plain, err) < 0)
		return err_wrap(err, "'%s' of Secret '%s'", text_quote(entry->key).text,
				secret->secret);
	return key_data_import(secret, entry->key, plain, err);
}

/* stringData wins over data, as in the API server. */
int keys_lookup_import(struct keys_lookup *lookup, const struct doc_node *item, bool from_input,
		       struct err *err)
{
	const struct key_data secret = {lookup->ring, lookup->label, from_input,
					lookup->where->age_only};
	const struct doc_node *data = doc_get(item, "data"), *plain = doc_get(item, "stringData");
	const struct doc_node *metadata = doc_get(item, "metadata"), *entry, *over;
	struct span namespace = doc_get_str(metadata, "namespace");

	lookup->found = true;
	if (policy_namespace_allowed(lookup->policy,
				     lookup->namespace.len ? lookup->namespace : namespace,
				     lookup->where->ns, false, err) < 0)
		return -1;
	if (doc_get(item, "sops"))
		return err_set(err, ERR_UNSUPPORTED,
			       "the decryption Secret '%s' is itself encrypted by sops",
			       lookup->label);
	if (data && data->kind == DOC_MAP) {
		doc_each (entry, data) {
			if (!entry->key.data || !key_data_known(entry->key))
				continue;
			over = NULL;
			if (plain && plain->kind == DOC_MAP) {
				doc_each (over, plain) {
					if (over->key.data && span_eq(over->key, entry->key))
						break;
				}
			}
			if (!over && import_value(&secret, entry, true, err) < 0)
				return -1;
		}
	}
	if (plain && plain->kind == DOC_MAP) {
		doc_each (entry, plain) {
			if (entry->key.data && key_data_known(entry->key) &&
			    import_value(&secret, entry, false, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int import_choice(struct keys_lookup *lookup, const struct choice *choice, bool from_input,
			 const char *place, struct err *err)
{
	if (!choice->fit)
		return 0;
	if (choice->doubt)
		return err_set(err, ERR_USAGE, "more than one Secret '%s' in %s", lookup->label,
			       place);
	return keys_lookup_import(lookup, choice->secret, from_input, err);
}

int keys_look_in_manifest(struct keys_lookup *lookup, const char *path, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(KEYS_SECRET_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct choice choice = {.fit = 0};
	const struct doc_node *branch, *item, *items;
	char place[TEXT_QUOTE_MAX * 4 + 16];

	if (keys_lookup_read(AT_FDCWD, path, &text, err) < 0)
		return err_wrap(err, "key Secret");
	if (doc_read(DOC_YAML, buf_span(&text), &doc, err) < 0) {
		(void)err_wrap(err, "key Secret '%s'", text_quote(span_str(path)).text);
		return err_hint(err, "a Secret's manifest is wanted; a file of keys is used by "
				     "--keys-flat FOLDER, where it is named *.agekey or *.asc");
	}
	for (branch = doc.first; branch; branch = branch->next) {
		consider(&choice, branch, fits_item(lookup, branch));
		items = doc_get(branch, "items"); /* kind: List */
		if (!items || items->kind != DOC_LIST)
			continue;
		doc_each (item, items)
			consider(&choice, item, fits_item(lookup, item));
	}
	snprintf(place, sizeof(place), "'%s'", text_quote(span_str(path)).text);
	keys_lookup_not_in(lookup, "file", path);
	return import_choice(lookup, &choice, false, place, err);
}

/* kustomize leaves out of the build what has this annotation with `true` or nothing: it is there for functions only. */
static bool is_local(const struct doc_node *item)
{
	const struct doc_node *mark =
		doc_get(annotations_of(item), "config.kubernetes.io/local-config");

	return mark && mark->kind == DOC_STRING && (!mark->str.len || span_is(mark->str, "true"));
}

int keys_look_in_items(struct keys_lookup *lookup, struct err *err)
{
	struct choice choice = {.fit = 0};
	size_t i;

	if (lookup->where->item_count)
		keys_lookup_not_in(lookup, "the input's local-config Secrets", NULL);
	for (i = 0; i < lookup->where->item_count; i++) {
		if (is_local(lookup->where->items[i]))
			consider(&choice, lookup->where->items[i],
				 fits_item(lookup, lookup->where->items[i]));
	}
	return import_choice(lookup, &choice, true, "the function's input", err);
}
