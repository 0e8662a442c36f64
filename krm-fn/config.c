/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading functionConfig; see config.h.
 */
#include "config.h"

#include "go_text.h"
#include "item.h"

#include "base/text.h"

#include <stdio.h>

enum { PATH_SHOWN = 64 /* bytes of a field's path in a message */ };

static int bad_type(const char *path, const char *want, struct err *err)
{
	return err_set(err, ERR_USAGE, "functionConfig: '%s' must be %s", path, want);
}

#define SPEC_FIELDS                                                                   \
	"mode, decryption, mac, detection, stringData, kinds, allowPlaintextOnDisk, " \
	"files, secretFrom"

static int unknown(const char *where, struct span key, const char *hint, struct err *err)
{
	(void)err_set(err, ERR_USAGE, "functionConfig: unknown field '%s%s'", where,
		      text_quote(key).text);
	return err_hint(err, "%s", hint);
}

static bool is_absent(const struct doc_node *node)
{
	return !node || node->kind == DOC_NULL;
}

static int read_text(const struct doc_node *node, const char *path, struct span *ret,
		     struct err *err)
{
	if (is_absent(node))
		return 0;
	if (node->kind != DOC_STRING)
		return bad_type(path, "a string", err);
	*ret = node->str;
	return 0;
}

/* A ConfigMap has strings only: "true" is as good as true there. */
static int read_bool(const struct doc_node *node, const char *path, bool *ret, struct err *err)
{
	if (is_absent(node))
		return 0;
	if (node->kind == DOC_BOOL)
		*ret = node->boolean;
	else if (node->kind == DOC_STRING && span_is(node->str, "true"))
		*ret = true;
	else if (node->kind == DOC_STRING && span_is(node->str, "false"))
		*ret = false;
	else
		return bad_type(path, "true or false", err);
	return 0;
}

static int read_mode(const struct doc_node *node, const char *path, enum config_mode *ret,
		     struct err *err)
{
	static const struct {
		const char *name;
		enum config_mode mode;
	} modes[] = {
		{"transform", CONFIG_TRANSFORM},
		{"generate", CONFIG_GENERATE},
		{"validate", CONFIG_VALIDATE},
	};
	struct span word = SPAN_NULL;
	size_t i;

	if (read_text(node, path, &word, err) < 0)
		return -1;
	if (!word.len)
		return 0;
	for (i = 0; i < ARRAY_LEN(modes); i++) {
		if (span_is(word, modes[i].name)) {
			*ret = modes[i].mode;
			return 0;
		}
	}
	return bad_type(path, "transform, generate or validate", err);
}

static int read_detection(const struct doc_node *node, const char *path, bool *ret_flux,
			  struct err *err)
{
	struct span word = SPAN_NULL;

	if (read_text(node, path, &word, err) < 0)
		return -1;
	if (word.len && !span_is(word, "strict") && !span_is(word, "flux"))
		return bad_type(path, "strict or flux", err);
	*ret_flux = span_is(word, "flux");
	return 0;
}

static int add_kind(struct config *config, struct span kind, const char *path, struct err *err)
{
	if (!kind.len)
		return bad_type(path, "a list of kinds", err);
	if (config->kind_count == CONFIG_KINDS_MAX)
		return err_set(err, ERR_LIMIT, "functionConfig: '%s' has more than %d entries",
			       path, CONFIG_KINDS_MAX);
	config->kinds[config->kind_count++] = kind;
	return 0;
}

/* Calls add for each non-blank piece of text between separators: how a ConfigMap writes a list. */
static int split(struct span text, const char *separators,
		 int (*add)(void *cookie, struct span piece, struct err *err), void *cookie,
		 struct err *err)
{
	size_t at = 0, end;

	for (; at <= text.len; at = end + 1) {
		struct span piece;

		for (end = at; end < text.len && !strchr(separators, text.data[end]); end++)
			;
		piece = span_sub(text, at, end - at);
		while (piece.len && (piece.data[0] == ' ' || piece.data[0] == '\t'))
			piece = span_from(piece, 1);
		while (piece.len &&
		       (piece.data[piece.len - 1] == ' ' || piece.data[piece.len - 1] == '\t' ||
			piece.data[piece.len - 1] == '\r'))
			piece.len--;
		if (piece.len && add(cookie, piece, err) < 0)
			return -1;
	}
	return 0;
}

static int split_kind(void *cookie, struct span piece, struct err *err)
{
	return add_kind(cookie, piece, "data.kinds", err);
}

static int read_kinds(struct config *config, const struct doc_node *node, const char *path,
		      struct err *err)
{
	const struct doc_node *kid;

	if (is_absent(node))
		return 0;
	if (config->source == CONFIG_MAP && node->kind == DOC_STRING)
		return split(node->str, ",\n", split_kind, config, err);
	if (node->kind != DOC_LIST)
		return bad_type(path, "a list of kinds", err);
	doc_each (kid, node) {
		if (kid->kind == DOC_COMMENT)
			continue;
		if (add_kind(config, kid->kind == DOC_STRING ? kid->str : SPAN_NULL, path, err) < 0)
			return -1;
	}
	return 0;
}

static int read_provider(const struct doc_node *node, const char *path, struct err *err)
{
	struct span provider = SPAN_NULL;

	if (read_text(node, path, &provider, err) < 0)
		return -1;
	if (provider.len && !span_is(provider, "sops"))
		return bad_type(path, "sops", err);
	return 0;
}

static int read_secret_ref(struct config *config, const struct doc_node *ref, bool strict,
			   struct err *err)
{
	static const char path[] = "spec.decryption.secretRef.name";
	const struct doc_node *kid;

	if (is_absent(ref))
		return 0;
	if (ref->kind != DOC_MAP)
		return bad_type("spec.decryption.secretRef", "a map", err);
	doc_each (kid, ref) {
		if (strict && kid->kind != DOC_COMMENT && !span_is(kid->key, "name"))
			return unknown("spec.decryption.secretRef.", kid->key,
				       "it has a name only; the namespace is the config's own, "
				       "metadata.namespace, as in Flux",
				       err);
	}
	if (read_text(doc_get(ref, "name"), path, &config->secret, err) < 0)
		return -1;
	return config->secret.len ? 0 : bad_type(path, "the name of a Secret", err);
}

static int read_decryption(struct config *config, const struct doc_node *node, bool strict,
			   struct err *err)
{
	const struct doc_node *kid;

	if (is_absent(node))
		return 0;
	if (node->kind != DOC_MAP)
		return bad_type("spec.decryption", "a map", err);
	doc_each (kid, node) {
		if (strict && kid->kind != DOC_COMMENT && !span_is(kid->key, "provider") &&
		    !span_is(kid->key, "secretRef") && !span_is(kid->key, "serviceAccountName"))
			return unknown("spec.decryption.", kid->key,
				       "it has provider, secretRef and serviceAccountName, as in "
				       "Flux",
				       err);
	}
	if (read_provider(doc_get(node, "provider"), "spec.decryption.provider", err) < 0 ||
	    read_text(doc_get(node, "serviceAccountName"), "spec.decryption.serviceAccountName",
		      &config->service_account, err) < 0)
		return -1;
	return read_secret_ref(config, doc_get(node, "secretRef"), strict, err);
}

/* files and secretFrom: that they are lists; what is in them is generate.c's. */
static int read_list(const struct doc_node *node, const char *path, const struct doc_node **ret,
		     struct err *err)
{
	if (is_absent(node))
		return 0;
	if (node->kind != DOC_LIST)
		return bad_type(path, "a list", err);
	*ret = node;
	return 0;
}

/* One field that both our spec and the flat ConfigMap have. 1: it was one of these; 0: it was not. */
static int read_setting(struct config *config, const struct doc_node *node, const char *path,
			struct err *err)
{
	struct span key = node->key;
	int r;

	if (span_is(key, "mode"))
		r = read_mode(node, path, &config->mode, err);
	else if (span_is(key, "mac"))
		r = read_text(node, path, &config->mac, err);
	else if (span_is(key, "detection"))
		r = read_detection(node, path, &config->flux, err);
	else if (span_is(key, "stringData"))
		r = read_bool(node, path, &config->string_data, err);
	else if (span_is(key, "kinds"))
		r = read_kinds(config, node, path, err);
	else if (span_is(key, "allowPlaintextOnDisk"))
		r = read_bool(node, path, &config->allow_plaintext, err);
	else
		return 0;
	return r < 0 ? -1 : 1;
}

static int read_spec(struct config *config, const struct doc_node *spec, struct err *err)
{
	const struct doc_node *kid;
	char path[PATH_SHOWN];

	if (is_absent(spec))
		return 0;
	if (spec->kind != DOC_MAP)
		return bad_type("spec", "a map", err);
	doc_each (kid, spec) {
		int r;

		if (kid->kind == DOC_COMMENT)
			continue;
		(void)snprintf(path, sizeof(path), "spec.%.40s", text_quote(kid->key).text);
		r = read_setting(config, kid, path, err);
		if (r == 0 && span_is(kid->key, "decryption"))
			r = read_decryption(config, kid, true, err) < 0 ? -1 : 1;
		else if (r == 0 && span_is(kid->key, "files"))
			r = read_list(kid, path, &config->files, err) < 0 ? -1 : 1;
		else if (r == 0 && span_is(kid->key, "secretFrom"))
			r = read_list(kid, path, &config->secret_from, err) < 0 ? -1 : 1;
		if (r < 0)
			return -1;
		if (r == 0)
			return unknown("spec.", kid->key, "it has " SPEC_FIELDS, err);
	}
	return 0;
}

static int read_ours(struct config *config, const struct doc_node *node, struct err *err)
{
	const struct doc_node *kid;

	if (!span_is(doc_get_str(node, "apiVersion"), CONFIG_VERSION))
		return err_set(err, ERR_USAGE,
			       "functionConfig: apiVersion '%s' is not one of ours ('%s')",
			       text_quote(doc_get_str(node, "apiVersion")).text, CONFIG_VERSION);
	doc_each (kid, node) {
		if (kid->kind != DOC_COMMENT && !span_is(kid->key, "apiVersion") &&
		    !span_is(kid->key, "kind") && !span_is(kid->key, "metadata") &&
		    !span_is(kid->key, "spec"))
			return unknown("", kid->key,
				       "beside metadata there is spec, with " SPEC_FIELDS, err);
	}
	return read_spec(config, doc_get(node, "spec"), err);
}

static int read_flux(struct config *config, const struct doc_node *node, struct err *err)
{
	const struct doc_node *spec = doc_get(node, "spec");
	const struct doc_node *decryption = doc_get(spec, "decryption");

	config->flux = true;
	if (is_absent(spec) || is_absent(decryption)) {
		config->disabled = true;
		return 0;
	}
	return read_decryption(config, decryption, false, err);
}

static int read_ksops(struct config *config, const struct doc_node *node, struct err *err)
{
	if (read_list(config_field(config, node, "files"), "files", &config->files, err) < 0 ||
	    read_list(config_field(config, node, "secretFrom"), "secretFrom", &config->secret_from,
		      err) < 0)
		return -1;
	if (!config->files && !config->secret_from)
		return err_set(
			err, ERR_USAGE,
			"functionConfig: missing the required 'files' or 'secretFrom' key in the ksops "
			"manifests");
	return 0;
}

/* The second kind is its old name. Its fields are generate_goabout.c's. */
static int read_goabout(const struct doc_node *node, struct err *err)
{
	struct span kind = doc_get_str(node, "kind");

	if (span_is(doc_get_str(node, "apiVersion"), "goabout.com/v1beta1") &&
	    (span_is(kind, "SopsSecretGenerator") || span_is(kind, "SopsSecret")))
		return 0;
	return err_set(
		err, ERR_USAGE,
		"functionConfig: input must be apiVersion goabout.com/v1beta1, kind SopsSecretGenerator");
}

/* The lists of a ConfigMap's text become nodes, so that generate.c knows one shape only. */
struct file_list {
	struct arena *arena;
	struct doc_node *list;
};

static int split_file(void *cookie, struct span piece, struct err *err)
{
	struct file_list *files = cookie;
	struct doc_node *node = arena_alloc(files->arena, sizeof(*node), err);

	if (!node)
		return -1;
	node->kind = DOC_STRING;
	node->str = piece;
	doc_append(files->list, node);
	return 0;
}

static int read_file_lines(struct config *config, const struct doc_node *node, struct err *err)
{
	struct file_list files = {.arena = &config->arena};
	struct span text = SPAN_NULL;

	if (read_text(node, "data.files", &text, err) < 0)
		return -1;
	files.list = arena_alloc(&config->arena, sizeof(*files.list), err);
	if (!files.list)
		return -1;
	files.list->kind = DOC_LIST;
	config->files = files.list;
	return split(text, "\n", split_file, &files, err);
}

static int read_map(struct config *config, const struct doc_node *node, struct err *err)
{
	const struct doc_node *data = doc_get(node, "data"), *kid;
	char path[PATH_SHOWN];

	if (is_absent(data))
		return 0;
	if (data->kind != DOC_MAP)
		return bad_type("data", "a map", err);
	doc_each (kid, data) {
		int r;

		if (kid->kind == DOC_COMMENT)
			continue;
		(void)snprintf(path, sizeof(path), "data.%.40s", text_quote(kid->key).text);
		r = read_setting(config, kid, path, err);
		if (r == 0 && span_is(kid->key, "provider"))
			r = read_provider(kid, path, err) < 0 ? -1 : 1;
		else if (r == 0 && span_is(kid->key, "secretRef"))
			r = read_text(kid, path, &config->secret, err) < 0 ? -1 : 1;
		else if (r == 0 && span_is(kid->key, "serviceAccountName"))
			r = read_text(kid, path, &config->service_account, err) < 0 ? -1 : 1;
		else if (r == 0 && span_is(kid->key, "files"))
			r = read_file_lines(config, kid, err) < 0 ? -1 : 1;
		if (r < 0)
			return -1;
		if (r == 0)
			return unknown("data.", kid->key,
				       "a ConfigMap has the fields of a Decrypt's spec flat in its "
				       "data, see krm-sops(1)",
				       err);
	}
	if (!config->secret.len)
		config->secret = SPAN_NULL;
	return 0;
}

const struct doc_node *config_field(const struct config *config, const struct doc_node *map,
				    const char *name)
{
	return config->source == CONFIG_KSOPS ? go_json_field(map, name) : doc_get(map, name);
}

int config_read_as(enum config_source source, const struct doc_node *node,
		   struct config *ret_config, struct err *err)
{
	ret_config->source = source;
	ret_config->node = node;
	ret_config->mode = CONFIG_GENERATE;
	return source == CONFIG_GOABOUT ? read_goabout(node, err)
					: read_ksops(ret_config, node, err);
}

int config_read(const struct doc_node *node, struct config *ret_config, struct err *err)
{
	struct config *config = ret_config;
	struct span group, kind;

	if (is_absent(node))
		return 0;
	if (node->kind != DOC_MAP)
		return err_set(err, ERR_USAGE, "functionConfig: not an object");
	group = item_group(node);
	kind = doc_get_str(node, "kind");
	config->ns = item_namespace(node);
	if (span_is(group, CONFIG_GROUP) && span_is(kind, CONFIG_KIND)) {
		config->source = CONFIG_OURS;
		return read_ours(config, node, err);
	}
	if (span_is(group, "kustomize.toolkit.fluxcd.io") && span_is(kind, "Kustomization")) {
		config->source = CONFIG_FLUX;
		return read_flux(config, node, err);
	}
	if (span_is(group, CONFIG_GROUP_KSOPS))
		return config_read_as(CONFIG_KSOPS, node, config, err);
	if (span_is(group, CONFIG_GROUP_GOABOUT))
		return config_read_as(CONFIG_GOABOUT, node, config, err);
	if (group.data && group.len == 0 && span_is(kind, "ConfigMap")) {
		config->source = CONFIG_MAP;
		return read_map(config, node, err);
	}
	(void)err_set(err, ERR_USAGE, "functionConfig: kind '%s' of apiVersion '%s' is not known",
		      text_quote(kind).text, text_quote(doc_get_str(node, "apiVersion")).text);
	return err_hint(err, "use 'kind: %s' of '%s'", CONFIG_KIND, CONFIG_VERSION);
}

void config_release(struct config *config)
{
	arena_release(&config->arena);
}
