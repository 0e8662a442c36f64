/* SPDX-License-Identifier: Apache-2.0
 *
 * Encrypted files to objects; see generate.h.
 */
#include "generate.h"

#include "emit.h"
#include "generate_plan.h"
#include "godotenv.h"
#include "item.h"
#include "json_text.h"
#include "leftover.h"
#include "resource_list.h"

#include "base/text.h"
#include "base/wipe.h"
#include "decrypt.h"

#include <stdlib.h>

/* One object that comes out, with what KSOPS sorts by. */
struct object {
	size_t from, len; /* its text, in run->text */
	size_t sort_from, sort_len;
};

struct run {
	struct generate_plan plan;
	struct buf *inputs; /* beside plan.files */
	struct decrypt_job *jobs;
	size_t count;
	struct buf text; /* YAML of all objects */
	struct buf sort;
	struct object *objects;
	size_t object_count, object_cap;
};

static void run_release(struct run *run)
{
	size_t i;

	for (i = 0; run->jobs && i < run->count; i++)
		decrypt_job_release(&run->jobs[i]);
	for (i = 0; run->inputs && i < run->count; i++)
		buf_release(&run->inputs[i]);
	free(run->jobs);
	free(run->inputs);
	free(run->objects);
	buf_release(&run->text);
	buf_release(&run->sort);
	generate_plan_release(&run->plan);
}

static int load(struct run *run, struct session *session, struct report *report, struct err *err)
{
	size_t left = GENERATE_INPUT_MAX, i;

	run->count = run->plan.file_count;
	run->inputs = calloc(run->count + 1, sizeof(*run->inputs));
	run->jobs = calloc(run->count + 1, sizeof(*run->jobs));
	if (!run->inputs || !run->jobs)
		return err_nomem(err);
	for (i = 0; i < run->count; i++) {
		const struct generate_file *file = &run->plan.files[i];
		enum doc_format format = doc_format_of_path(span_str(file->path));

		if (confine_read(&session->confine, file->path, GENERATE_FILE_MAX, &run->inputs[i],
				 err) < 0) {
			(void)err_wrap(err, "%s", file->field);
			report_add(report, err, NULL);
			continue;
		}
		if (run->inputs[i].len > left)
			return err_set(err, ERR_LIMIT,
				       "%s: the files have more than %d bytes in all", file->field,
				       GENERATE_INPUT_MAX);
		left -= run->inputs[i].len;
		run->jobs[i] = (struct decrypt_job){
			.input = buf_span(&run->inputs[i]),
			.in_format = format,
			.out_format = format,
			.mac = session->mac == POLICY_MAC_IGNORE ? DECRYPT_MAC_IGNORE
								 : DECRYPT_MAC_VERIFY,
			.label = file->path,
			/* A manifest is printed from its tree, but for one that is text inside a binary document. */
			.no_output = file->use == GENERATE_MANIFEST && format != DOC_BINARY,
		};
	}
	return report->all ? -1 : 0;
}

static int decrypt(struct run *run, struct session *session, struct report *report, struct err *err)
{
	size_t i;

	if (decrypt_run(run->jobs, run->count, &session->ring, NULL, err) == 0)
		return 0;
	for (i = 0; i < run->count; i++) {
		if (run->jobs[i].err)
			report_add(report, run->jobs[i].err, NULL);
	}
	return -1;
}

static int add_object(struct run *run, size_t from, size_t sort_from, struct err *err)
{
	if (buf_check(&run->text, err) < 0 || buf_check(&run->sort, err) < 0)
		return -1;
	if (run->object_count == run->object_cap) {
		size_t cap = run->object_cap ? run->object_cap * 2 : 16;
		struct object *more = calloc(cap, sizeof(*more));

		if (!more)
			return err_nomem(err);
		if (run->object_count)
			memcpy(more, run->objects, run->object_count * sizeof(*more));
		free(run->objects);
		run->objects = more;
		run->object_cap = cap;
	}
	run->objects[run->object_count++] = (struct object){
		.from = from,
		.len = run->text.len - from,
		.sort_from = sort_from,
		.sort_len = run->sort.len - sort_from,
	};
	return 0;
}

/* What the SDK of KSOPS sorts by: "apiVersion kind namespace name", as one string. */
static void add_sort_key(struct run *run, struct span version, struct span kind, struct span ns,
			 struct span name)
{
	buf_add_span(&run->sort, version);
	buf_add_char(&run->sort, ' ');
	buf_add_span(&run->sort, kind);
	buf_add_char(&run->sort, ' ');
	buf_add_span(&run->sort, ns);
	buf_add_char(&run->sort, ' ');
	buf_add_span(&run->sort, name);
}

static bool is_empty(const struct doc_node *branch)
{
	const struct doc_node *kid;

	doc_each (kid, branch) {
		if (kid->kind != DOC_COMMENT)
			return false;
	}
	return true;
}

static int look_at(const struct doc_node *object, struct err *err)
{
	static const struct leftover_scope scope = {.string_data = true};

	return item_is_disabled(object) ? 0 : leftover_find(object, true, &scope, err);
}

/* What is in a list of objects will be applied as well: its Secrets are looked at as Secrets. */
static int look_below(const struct doc_node *list, struct err *err)
{
	const struct doc_node *items = item_list(list), *kid;
	CLEAN_ARENA struct arena arena = ARENA_INIT(GENERATE_TEXT_MAX);
	const char *label;

	if (!items)
		return 0;
	doc_each (kid, items) {
		if (kid->kind != DOC_MAP)
			continue;
		if (look_at(kid, err) != 0) {
			label = item_label(kid, &arena, err);
			return label ? err_wrap(err, "%s", label) : -1;
		}
		if (look_below(kid, err) < 0)
			return -1;
	}
	return 0;
}

static int add_branch(struct run *run, const struct doc_node *branch, struct err *err)
{
	size_t from = run->text.len, sort_from = run->sort.len;

	if (is_empty(branch))
		return 0;
	if (look_at(branch, err) != 0 || look_below(branch, err) < 0)
		return -1;
	if (!doc_get_str(branch, "apiVersion").len || !doc_get_str(branch, "kind").len)
		return err_set(err, ERR_FORMAT,
			       "no Kubernetes object: apiVersion or kind is missing");
	if (emit_object(branch, &run->text, err) < 0)
		return -1;
	add_sort_key(run, doc_get_str(branch, "apiVersion"), doc_get_str(branch, "kind"),
		     item_namespace(branch), item_name(branch));
	return add_object(run, from, sort_from, err);
}

static int add_branches(struct run *run, const struct doc *doc, struct err *err)
{
	const struct doc_node *branch;

	for (branch = doc->first; branch; branch = branch->next) {
		if (add_branch(run, branch, err) < 0)
			return -1;
	}
	return 0;
}

static int add_manifest(struct run *run, size_t i, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;

	switch (run->jobs[i].in_format) {
	case DOC_YAML:
	case DOC_JSON:
		return add_branches(run, &run->jobs[i].doc, err);
	case DOC_BINARY:
		if (doc_read(DOC_YAML, buf_span(&run->jobs[i].output), &doc, err) < 0)
			return -1;
		return add_branches(run, &doc, err);
	default:
		return err_set(err, ERR_FORMAT, "no Kubernetes object: a %s file",
			       doc_format_name(run->jobs[i].in_format));
	}
}

/* A map of a new Secret under way: keys in order of their first mention, the last value counts. */
struct values {
	struct arena *arena;
	struct godotenv_entry *entries;
	size_t count, cap;
};

static int set_value(struct values *values, struct span key, struct span value, struct err *err)
{
	struct godotenv_entry *more;
	size_t i;

	for (i = 0; i < values->count && !span_eq(values->entries[i].key, key);)
		i++;
	if (i == values->cap) {
		values->cap = values->cap ? values->cap * 2 : 16;
		more = arena_alloc(values->arena, values->cap * sizeof(*more), err);
		if (!more)
			return -1;
		if (values->count)
			memcpy(more, values->entries, values->count * sizeof(*more));
		values->entries = more;
	}
	values->count += i == values->count;
	values->entries[i].key = key;
	return arena_dup(values->arena, value, &values->entries[i].value, err);
}

static int set_envs(struct values *values, struct span text, struct err *err)
{
	CLEAN_GODOTENV struct godotenv env = GODOTENV_INIT;
	struct span key;
	size_t i;

	if (godotenv_parse(text, &env, err) < 0)
		return -1;
	for (i = 0; i < env.count; i++) {
		if (arena_dup(values->arena, env.entries[i].key, &key, err) < 0 ||
		    set_value(values, key, env.entries[i].value, err) < 0)
			return -1;
	}
	return 0;
}

static int set_base64(struct values *values, struct span key, struct span bytes, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(GENERATE_TEXT_MAX);

	base64_encode(bytes, true, &text);
	if (buf_check(&text, err) < 0)
		return -1;
	return set_value(values, key, buf_span(&text), err);
}

static int set_file(struct run *run, size_t i, struct values *string_data, struct values *data,
		    struct err *err)
{
	const struct generate_file *file = &run->plan.files[i];
	struct span plain = buf_span(&run->jobs[i].output);

	if (leftover_has_token(plain))
		return err_set(err, ERR_VALUE, "ciphertext is left");
	if (file->use == GENERATE_ENVS)
		return set_envs(string_data, plain, err);
	if (file->use == GENERATE_BINARY)
		return set_base64(data, file->key, plain, err);
	/* Differs: KSOPS writes U+FFFD for such bytes. */
	if (!utf8_valid(plain)) {
		(void)err_set(err, ERR_EMIT, "not UTF-8, which stringData can not hold");
		return err_hint(err, "use binaryFiles for it");
	}
	return set_value(string_data, file->key, plain, err);
}

static int add_text(struct run *run, const char *before, struct span text, struct err *err)
{
	buf_add_str(&run->text, before);
	if (json_text_add(text, &run->text) < 0)
		return err_set(err, ERR_EMIT, "a text that is not UTF-8");
	return 0;
}

static int add_pair(struct run *run, const char *indent, struct span key, struct span value,
		    struct err *err)
{
	/* As explicit key: it may be of any length. */
	buf_add_str(&run->text, indent);
	if (add_text(run, "? ", key, err) < 0)
		return -1;
	buf_add_char(&run->text, '\n');
	buf_add_str(&run->text, indent);
	if (add_text(run, ": ", value, err) < 0)
		return -1;
	buf_add_char(&run->text, '\n');
	return 0;
}

static int add_meta_map(struct run *run, const struct doc_node *metadata, const char *name,
			struct err *err)
{
	const struct doc_node *map = doc_get(metadata, name), *kid;

	if (!map || map->kind != DOC_MAP || is_empty(map))
		return 0;
	buf_printf(&run->text, "  %s:\n", name);
	doc_each (kid, map) {
		if (kid->kind != DOC_COMMENT && add_pair(run, "    ", kid->key, kid->str, err) < 0)
			return -1;
	}
	return 0;
}

static int add_values(struct run *run, const char *name, const struct values *values,
		      struct err *err)
{
	size_t i;

	if (values->count)
		buf_printf(&run->text, "%s:\n", name);
	for (i = 0; i < values->count; i++) {
		if (add_pair(run, "  ", values->entries[i].key, values->entries[i].value, err) < 0)
			return -1;
	}
	return 0;
}

static int add_line(struct run *run, const char *name, struct span value, struct err *err)
{
	if (!value.len)
		return 0;
	buf_add_str(&run->text, name);
	if (add_text(run, ": ", value, err) < 0)
		return -1;
	buf_add_char(&run->text, '\n');
	return 0;
}

static int print_secret(struct run *run, const struct generate_secret *secret,
			const struct values *string_data, const struct values *data,
			struct err *err)
{
	const struct doc_node *metadata = secret->metadata;
	struct span name = doc_get_str(metadata, "name");
	struct span ns = doc_get_str(metadata, "namespace");
	size_t from = run->text.len, sort_from = run->sort.len;

	buf_add_str(&run->text, "apiVersion: v1\nkind: Secret\nmetadata:\n");
	if (add_line(run, "  name", name, err) < 0 || add_line(run, "  namespace", ns, err) < 0 ||
	    add_meta_map(run, metadata, "labels", err) < 0 ||
	    add_meta_map(run, metadata, "annotations", err) < 0 ||
	    add_line(run, "type", secret->type, err) < 0 ||
	    add_values(run, "stringData", string_data, err) < 0 ||
	    add_values(run, "data", data, err) < 0)
		return -1;
	add_sort_key(run, SPAN("v1"), SPAN("Secret"), ns, name);
	return add_object(run, from, sort_from, err);
}

/* KSOPS: files first, then binaryFiles, then envs, whose values win. The plan has them in that order. */
static int add_secret(struct run *run, size_t secret, struct report *report, struct err *err)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(GENERATE_TEXT_MAX);
	struct values string_data = {.arena = &arena}, data = {.arena = &arena};
	size_t i;

	for (i = 0; i < run->count; i++) {
		if (run->plan.files[i].secret != secret)
			continue;
		if (set_file(run, i, &string_data, &data, err) < 0) {
			(void)err_wrap(err, "%s", run->plan.files[i].path);
			report_add(report, err, NULL);
		}
	}
	if (report->all)
		return 0;
	return print_secret(run, &run->plan.secrets[secret], &string_data, &data, err);
}

static int make_objects(struct run *run, struct report *report, struct err *err)
{
	size_t i;

	for (i = 0; i < run->count; i++) {
		if (run->plan.files[i].use != GENERATE_MANIFEST)
			continue;
		if (add_manifest(run, i, err) < 0) {
			(void)err_wrap(err, "%s", run->plan.files[i].path);
			report_add(report, err, NULL);
		}
	}
	for (i = 0; i < run->plan.secret_count; i++) {
		if (add_secret(run, i, report, err) < 0)
			return -1;
	}
	return report->all ? -1 : 0;
}

static int by_sort_key(const void *a, const void *b, void *cookie)
{
	const struct object *x = a, *y = b;
	const struct buf *sort = cookie;
	size_t len = x->sort_len < y->sort_len ? x->sort_len : y->sort_len;
	int r = memcmp(sort->data + x->sort_from, sort->data + y->sort_from, len);

	if (r)
		return r;
	if (x->sort_len != y->sort_len)
		return x->sort_len < y->sort_len ? -1 : 1;
	return x->from < y->from ? -1 : x->from > y->from;
}

static int write_list(struct run *run, const struct config *config, struct buf *out,
		      struct err *err)
{
	size_t i;

	if (run->object_count == 0) {
		resource_list_empty(out);
		return buf_check(out, err);
	}
	if (config->source == CONFIG_KSOPS)
		qsort_r(run->objects, run->object_count, sizeof(*run->objects), by_sort_key,
			&run->sort);
	resource_list_begin(out);
	for (i = 0; i < run->object_count; i++)
		resource_list_add(
			span_sub(buf_span(&run->text), run->objects[i].from, run->objects[i].len),
			out);
	return buf_check(out, err);
}

static int run_all(struct run *run, struct session *session, const struct config *config,
		   struct doc_node *const *items, size_t count, struct report *report,
		   struct buf *out, struct err *err)
{
	if (generate_plan(config, &run->plan, err) < 0)
		return -1;
	if (run->plan.file_count) {
		if (session_root(session, err) < 0 || load(run, session, report, err) < 0 ||
		    session_keys(session, config, items, count, err) < 0 ||
		    decrypt(run, session, report, err) < 0)
			return -1;
	}
	if (make_objects(run, report, err) < 0)
		return -1;
	return write_list(run, config, out, err);
}

int generate_run(struct session *session, const struct config *config,
		 struct doc_node *const *items, size_t count, struct report *report,
		 struct buf *out)
{
	CLEANUP(run_release)
	struct run run = {
		.plan = GENERATE_PLAN_INIT,
		.text = BUF_INIT(GENERATE_TEXT_MAX),
		.sort = BUF_INIT(GENERATE_TEXT_MAX),
	};
	struct err err = ERR_INIT;

	if (run_all(&run, session, config, items, count, report, out, &err) == 0)
		return 0;
	if (!report->all)
		report_add(report, &err, NULL);
	return -1;
}
