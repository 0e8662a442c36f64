/* SPDX-License-Identifier: Apache-2.0
 *
 * Variables for the substitution; see flux_vars.h.
 */
#include "flux_vars.h"

#include "conf.h"
#include "envsubst.h"
#include "item.h"

#include "base/text.h"

bool flux_vars_lookup(const void *cookie, struct span name, struct span *ret_value)
{
	const struct flux_vars *vars = cookie;
	size_t i;

	for (i = 0; i < vars->count; i++) {
		if (span_eq(vars->list[i].name, name)) {
			*ret_value = vars->list[i].value;
			return true;
		}
	}
	return false;
}

/* Line breaks are taken out, as Flux does. */
static int set(struct flux_vars *vars, struct span name, struct span value, bool secret,
	       struct err *err)
{
	uint8_t *text = arena_alloc(&vars->arena, value.len + 1, err);
	size_t len = 0, i;

	if (!text)
		return -1;
	if (!envsubst_is_name(name))
		return err_set(err, ERR_FORMAT, "'%s' is no name of a variable",
			       text_quote(name).text);
	for (i = 0; i < value.len; i++) {
		if (value.data[i] != '\n')
			text[len++] = value.data[i];
	}
	for (i = 0; i < vars->count && !span_eq(vars->list[i].name, name); i++)
		;
	if (i == FLUX_VARS_MAX)
		return err_set(err, ERR_LIMIT, "more than %d variables", FLUX_VARS_MAX);
	if (arena_dup(&vars->arena, name, &vars->list[i].name, err) < 0)
		return -1;
	vars->list[i].value = span_of(text, len);
	vars->list[i].secret = secret;
	if (i == vars->count)
		vars->count++;
	return 0;
}

static int set_all(struct flux_vars *vars, const struct doc_node *map, bool base64, bool secret,
		   struct err *err)
{
	CLEAN_BUF struct buf bytes = BUF_INIT(DOC_INPUT_MAX);
	const struct doc_node *kid;

	if (!map || map->kind != DOC_MAP)
		return 0;
	doc_each (kid, map) {
		struct span value = kid->str;

		if (kid->kind == DOC_COMMENT)
			continue;
		if (kid->kind != DOC_STRING)
			return err_set(err, ERR_FORMAT, "'%s' is not a string: quote it",
				       text_quote(kid->key).text);
		if (base64) {
			buf_reset(&bytes);
			if (base64_decode(BASE64_GO, kid->str, &bytes) < 0)
				return err_set(err, ERR_FORMAT, "'%s' is not base64",
					       text_quote(kid->key).text);
			if (buf_check(&bytes, err) < 0)
				return -1;
			value = buf_span(&bytes);
		}
		if (set(vars, kid->key, value, secret, err) < 0)
			return -1;
	}
	return 0;
}

static const struct doc_node *find(const struct flux_spec *spec, struct span kind, struct span name,
				   const struct flux_vars_places *places)
{
	size_t i;

	for (i = 0; i < places->count; i++) {
		const struct doc_node *item = places->items[i];
		struct span ns = item_namespace(item);

		if (span_eq(doc_get_str(item, "kind"), kind) &&
		    span_is(doc_get_str(item, "apiVersion"), "v1") &&
		    span_eq(item_name(item), name) &&
		    (!ns.len || !spec->ns.len || span_eq(ns, spec->ns)))
			return item;
	}
	return NULL;
}

static int missing(bool secret, struct span name, const struct flux_vars_places *places,
		   struct err *err)
{
	(void)err_set(err, places->cluster ? ERR_UNREACHABLE : ERR_NOT_FOUND,
		      "%s '%s' of 'substituteFrom' is not there", secret ? "Secret" : "ConfigMap",
		      text_quote(name).text);
	return err_hint(err, "--substitute-from FILE names a manifest with it%s",
			places->cluster ? "; nor is it in the cluster" : "");
}

static int load_from(struct flux_vars *vars, const struct flux_spec *spec,
		     const struct doc_node *from, const struct flux_vars_places *places,
		     struct err *err)
{
	CLEAN_CLUSTER_OBJECT struct cluster_object object = CLUSTER_OBJECT_INIT;
	struct span kind = doc_get_str(from, "kind"), name = doc_get_str(from, "name");
	struct span ns = spec->ns.len || !places->ours ? spec->ns : span_str(places->ours);
	bool secret = span_is(kind, "Secret"), optional, found = false;
	const struct doc_node *item;

	if (conf_bool(from, "optional", &optional, err) < 0)
		return -1;
	if (!secret && !span_is(kind, "ConfigMap"))
		return 0;
	item = find(spec, kind, name, places);
	if (!item && places->cluster &&
	    cluster_get(places->cluster, secret ? &cluster_secret : &cluster_config_map,
			places->ours, ns, name, &object, &found, err) < 0)
		return -1;
	if (found)
		item = cluster_tree(&object);
	if (!item)
		return optional ? 0 : missing(secret, name, places, err);
	if (set_all(vars, doc_get(item, "data"), secret, secret, err) < 0 ||
	    (secret && set_all(vars, doc_get(item, "stringData"), false, true, err) < 0))
		return err_wrap(err, "%s '%s'", secret ? "Secret" : "ConfigMap",
				text_quote(name).text);
	return 0;
}

int flux_vars_load(const struct flux_spec *spec, const struct flux_vars_places *places,
		   struct flux_vars *ret_vars, struct err *err)
{
	const struct doc_node *from;

	ret_vars->list =
		arena_alloc(&ret_vars->arena, FLUX_VARS_MAX * sizeof(*ret_vars->list), err);
	if (!ret_vars->list)
		return -1;
	if (spec->substitute_from) {
		doc_each (from, spec->substitute_from) {
			if (from->kind == DOC_MAP &&
			    load_from(ret_vars, spec, from, places, err) < 0)
				return err_wrap(err, "spec.postBuild");
		}
	}
	if (spec->substitute && set_all(ret_vars, spec->substitute, false, false, err) < 0)
		return err_wrap(err, "spec.postBuild.substitute");
	return 0;
}

void flux_vars_release(struct flux_vars *vars)
{
	arena_release(&vars->arena);
	vars->list = NULL;
	vars->count = 0;
}
