/* SPDX-License-Identifier: Apache-2.0
 *
 * The look for what is encrypted; see find.h.
 */
#include "find.h"

#include "detect.h"
#include "item.h"

#include "base/text.h"

#include <stdio.h>

static const struct span token_start = {(const uint8_t *)"ENC[AES256_GCM,", 15};

bool find_is_sops_secret(const struct doc_node *item)
{
	return item_is(item, "isindir.github.com", "SopsSecret");
}

static int add_hit(struct find *find, const struct find_hit *hit, struct err *err)
{
	struct find_hit *hits =
		arena_grow(&find->arena, find->hits, find->count, &find->cap, sizeof(*hits), err);

	if (!hits)
		return -1;
	find->hits = hits;
	hits[find->count++] = *hit;
	return 0;
}

static int add_note(struct find *find, const struct doc_node *item, struct err *err)
{
	const char **notes = arena_grow(&find->arena, find->notes, find->note_count,
					&find->note_cap, sizeof(*notes), err);
	const char *label = notes ? item_label(item, &find->arena, err) : NULL;

	if (!label)
		return -1;
	find->notes = notes;
	notes[find->note_count++] = label;
	return 0;
}

static bool is_whole(const struct doc_node *item)
{
	const struct doc_node *sops = doc_get(item, "sops");

	return sops && sops->kind == DOC_MAP && doc_get(sops, "mac");
}

static int find_whole(struct find *find, struct doc_node *item, struct err *err)
{
	struct find_hit hit = {.kind = FIND_WHOLE, .item = item, .node = doc_get(item, "sops")};

	hit.label = item_label(item, &find->arena, err);
	if (!hit.label)
		return -1;
	return add_hit(find, &hit, err);
}

/* kustomize took ciphertext for its kind and name: it mixes up its own notes of names, and would take what comes back for another object
 * (krm-and-flux.md, T10). */
static int refuse_encrypted_kind(struct find *find, const struct doc_node *item, struct err *err)
{
	const char *label = item_label(item, &find->arena, err);

	if (!label)
		return -1;
	(void)err_set(err, ERR_UNSUPPORTED,
		      "%s: 'kind' is encrypted, and kustomize can not build with such an object",
		      label);
	return err_hint(err, "encrypt it with `encrypted_regex: ^(data|stringData)$`, or have it "
			     "read by a generator ('files:')");
}

/* "Secret shop/db: data.values.yaml" */
static const char *value_label(struct find *find, const struct doc_node *item,
			       const struct doc_node *map, const struct doc_node *value,
			       struct err *err)
{
	const char *label = item_label(item, &find->arena, err);
	struct quoted key = text_quote(value->key);
	size_t size;
	char *whole;

	if (!label)
		return NULL;
	size = strlen(label) + 2 + map->key.len + 1 + strlen(key.text) + 1;
	whole = arena_alloc(&find->arena, size, err);
	if (whole)
		(void)snprintf(whole, size, "%s: %.*s.%s", label, (int)map->key.len,
			       (const char *)map->key.data, key.text);
	return whole;
}

/* The bytes of a value; a null span where it has none (no string, no base64). `scratch` is used for base64. */
static struct span value_bytes(const struct doc_node *value, bool base64, struct buf *scratch)
{
	if (value->kind != DOC_STRING)
		return SPAN_NULL;
	if (!base64)
		return value->str;
	buf_reset(scratch);
	if (base64_decode(BASE64_GO, value->str, scratch) < 0)
		return SPAN_NULL;
	/* An empty value is one, too. */
	return scratch->data ? buf_span(scratch) : span_of("", 0);
}

static int is_document(struct span bytes, const struct find_options *options,
		       enum doc_format *ret_format, struct err *err)
{
	if (options->flux)
		return detect_marker(bytes, ret_format);
	return detect_document(bytes, ret_format, err);
}

static int find_value(struct find *find, struct doc_node *item, struct doc_node *map,
		      struct doc_node *value, struct span bytes, enum doc_format format,
		      struct err *err)
{
	struct find_hit hit = {
		.kind = FIND_VALUE,
		.item = item,
		.map = map,
		.base64 = span_is(map->key, "data"),
		.node = value,
		.in_format = format,
		.out_format = detect_format_of_key(value->key),
	};

	hit.label = value_label(find, item, map, value, err);
	if (!hit.label || arena_dup(&find->arena, bytes, &hit.input, err) < 0)
		return -1;
	return add_hit(find, &hit, err);
}

static int find_values(struct find *find, struct doc_node *item, struct doc_node *map,
		       const struct find_options *options, struct err *err)
{
	CLEAN_BUF struct buf scratch = BUF_INIT(DOC_INPUT_MAX);
	bool base64 = span_is(map->key, "data");
	struct doc_node *value;

	doc_each (value, map) {
		enum doc_format format;
		struct span bytes;
		int r;

		if (value->kind != DOC_STRING)
			continue;
		bytes = value_bytes(value, base64, &scratch);
		if (buf_check(&scratch, err) < 0)
			return -1;
		r = bytes.len ? is_document(bytes, options, &format, err) : 0;
		if (r < 0)
			return -1;
		if (r > 0 && find_value(find, item, map, value, bytes, format, err) < 0)
			return -1;
	}
	return 0;
}

/* One line of the dotenv: metadata and ciphertexts. What is in the clear needs no part in it: the cipher binds a value to its own key only, and
 * `literals:` of the same generator are no lines of the file. */
static int add_line(const struct doc_node *value, bool base64, struct buf *scratch, struct buf *out,
		    struct err *err)
{
	struct span bytes = value_bytes(value, base64, scratch);
	bool meta = span_starts(value->key, SPAN("sops_"));

	if (buf_check(scratch, err) < 0)
		return -1;
	if (!meta && !span_starts(bytes, token_start))
		return 0;
	if (!bytes.data || span_find(bytes, 0, '\n') < bytes.len ||
	    span_find(value->key, 0, '=') < value->key.len ||
	    span_find(value->key, 0, '\n') < value->key.len || value->key.len == 0 ||
	    value->key.data[0] == '#')
		return err_set(err, ERR_FORMAT,
			       "%s.%s: stands beside 'sops_mac' but is no line of a dotenv",
			       base64 ? "data" : "stringData", text_quote(value->key).text);
	buf_add_span(out, value->key);
	buf_add_char(out, '=');
	buf_add_span(out, bytes);
	buf_add_char(out, '\n');
	return 0;
}

static int find_envs(struct find *find, struct doc_node *item, struct doc_node *map,
		     struct err *err)
{
	CLEAN_BUF struct buf scratch = BUF_INIT(DOC_INPUT_MAX);
	CLEAN_BUF struct buf lines = BUF_INIT(DOC_INPUT_MAX);
	struct find_hit hit = {
		.kind = FIND_ENVS,
		.item = item,
		.map = map,
		.base64 = span_is(map->key, "data"),
		.in_format = DOC_DOTENV,
		.out_format = DOC_DOTENV,
	};
	const struct doc_node *value;

	hit.label = item_label(item, &find->arena, err);
	if (!hit.label)
		return -1;
	doc_each (value, map) {
		if (value->kind != DOC_COMMENT &&
		    add_line(value, hit.base64, &scratch, &lines, err) < 0)
			return err_wrap(err, "%s", hit.label);
	}
	if (buf_check(&lines, err) < 0 ||
	    arena_dup(&find->arena, buf_span(&lines), &hit.input, err) < 0)
		return -1;
	return add_hit(find, &hit, err);
}

static int refuse_ini(struct find *find, const struct doc_node *item, struct err *err)
{
	const char *label = item_label(item, &find->arena, err);

	if (!label)
		return -1;
	(void)err_set(err, ERR_UNSUPPORTED,
		      "%s: an encrypted INI file came in through 'envs:', which reads dotenv only",
		      label);
	return err_hint(err, "use 'files:' of the secretGenerator for it");
}

static int find_in_map(struct find *find, struct doc_node *item, struct doc_node *map,
		       const struct find_options *options, struct err *err)
{
	if (!map || map->kind != DOC_MAP)
		return 0;
	/* What `envs:` makes of the line "[sops]": a key without value. */
	if (doc_get(map, "[sops]"))
		return refuse_ini(find, item, err);
	if (!options->no_lines && doc_get(map, "sops_mac") && find_envs(find, item, map, err) < 0)
		return -1;
	if (span_is(map->key, "stringData") && !options->string_data)
		return 0;
	return find_values(find, item, map, options, err);
}

int find_in_item(struct find *find, struct doc_node *item, const struct find_options *options,
		 struct err *err)
{
	if (item->kind != DOC_MAP || item_is_disabled(item))
		return 0;
	if (is_whole(item)) {
		if (item_annotation(item, ITEM_ANNOTATION_ID).data &&
		    span_starts(doc_get_str(item, "kind"), token_start))
			return refuse_encrypted_kind(find, item, err);
		/* Differs: Flux, and so detection: flux, decrypts the object under its operator's feet. */
		if (!options->flux && find_is_sops_secret(item))
			return add_note(find, item, err);
		if (find_whole(find, item, err) < 0)
			return -1;
		/* Differs: Flux is done here. A build may have merged an encrypted patch into what a generator made of encrypted files: Flux
		 * decrypts these files before the build, we find both in one Secret. */
		if (options->flux)
			return 0;
	}
	if (!item_is_secret(item))
		return 0;
	if (find_in_map(find, item, doc_get(item, "data"), options, err) < 0)
		return -1;
	return find_in_map(find, item, doc_get(item, "stringData"), options, err);
}

void find_release(struct find *find)
{
	if (!find)
		return;
	arena_release(&find->arena);
	find->hits = NULL;
	find->notes = NULL;
	find->count = find->cap = find->note_count = find->note_cap = 0;
}
