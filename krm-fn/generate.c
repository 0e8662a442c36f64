/* SPDX-License-Identifier: Apache-2.0
 *
 * Encrypted files to objects; see generate.h.
 */
#include "generate.h"

#include "emit.h"
#include "generate_secret.h"
#include "item.h"
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
	const struct generate_plan *plan;
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
}

static int load(struct run *run, struct session *session, struct report *report, struct err *err)
{
	size_t left = GENERATE_INPUT_MAX, i;

	run->count = run->plan->file_count;
	run->inputs = calloc(run->count + 1, sizeof(*run->inputs));
	run->jobs = calloc(run->count + 1, sizeof(*run->jobs));
	if (!run->inputs || !run->jobs)
		return err_nomem(err);
	for (i = 0; i < run->count; i++) {
		const struct generate_file *file = &run->plan->files[i];
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
			.label = file->label,
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

/* source: as in emit.h. */
static int add_branch(struct run *run, const struct doc_node *branch, struct span source,
		      struct err *err)
{
	size_t from = run->text.len, sort_from = run->sort.len;

	if (is_empty(branch))
		return 0;
	if (look_at(branch, err) != 0 || look_below(branch, err) < 0)
		return -1;
	if (!doc_get_str(branch, "apiVersion").len || !doc_get_str(branch, "kind").len)
		return err_set(err, ERR_FORMAT,
			       "no Kubernetes object: apiVersion or kind is missing");
	if (emit_object(branch, source, &run->text, err) < 0)
		return -1;
	add_sort_key(run, doc_get_str(branch, "apiVersion"), doc_get_str(branch, "kind"),
		     item_namespace(branch), item_name(branch));
	return add_object(run, from, sort_from, err);
}

static int add_branches(struct run *run, const struct doc *doc, struct span source, struct err *err)
{
	const struct doc_node *branch;

	for (branch = doc->first; branch; branch = branch->next) {
		if (add_branch(run, branch, source, err) < 0)
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
		return add_branches(run, &run->jobs[i].doc, SPAN_NULL, err);
	case DOC_BINARY:
		if (doc_read(DOC_YAML, buf_span(&run->jobs[i].output), &doc, err) < 0)
			return -1;
		/* Nobody has printed it but its author. */
		return add_branches(run, &doc, buf_span(&run->jobs[i].output), err);
	default:
		return err_set(err, ERR_FORMAT, "no Kubernetes object: a %s file",
			       doc_format_name(run->jobs[i].in_format));
	}
}

static int set_file(struct run *run, size_t i, struct generate_values *string_data,
		    struct generate_values *data, struct err *err)
{
	const struct generate_file *file = &run->plan->files[i];
	struct span plain = buf_span(&run->jobs[i].output);

	if (leftover_has_token(plain))
		return err_set(err, ERR_VALUE, "ciphertext is left");
	if (file->use == GENERATE_ENVS)
		return generate_values_set_envs(string_data, plain, err);
	if (file->use == GENERATE_SOURCE)
		return generate_values_set_source(data, run->jobs[i].out_format, plain, err);
	if (file->use == GENERATE_BINARY)
		return generate_values_set_base64(data, file->key, plain, err);
	/* Differs: KSOPS writes U+FFFD for such bytes. */
	if (!utf8_valid(plain)) {
		(void)err_set(err, ERR_EMIT, "not UTF-8, which stringData can not hold");
		return err_hint(err, "use binaryFiles for it");
	}
	return generate_values_set(string_data, file->key, plain, err);
}

/* KSOPS: files first, then binaryFiles, then envs, whose values win. The plan has them in that order. */
static int add_secret(struct run *run, size_t number, struct report *report, struct err *err)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(GENERATE_TEXT_MAX);
	struct generate_values string_data = {.arena = &arena}, data = {.arena = &arena};
	const struct generate_secret *secret = &run->plan->secrets[number];
	size_t from = run->text.len, sort_from = run->sort.len, i;

	for (i = 0; i < run->count; i++) {
		if (run->plan->files[i].secret != number)
			continue;
		if (set_file(run, i, &string_data, &data, err) < 0) {
			(void)err_wrap(err, "%s", run->plan->files[i].parse);
			report_add(report, err, NULL);
		}
	}
	if (report->all)
		return 0;
	if (generate_secret_print(secret, &string_data, &data, &run->text, err) < 0)
		return -1;
	add_sort_key(run, SPAN("v1"), SPAN("Secret"), secret->ns, secret->name);
	return add_object(run, from, sort_from, err);
}

static int make_objects(struct run *run, struct report *report, struct err *err)
{
	size_t i;

	for (i = 0; i < run->count; i++) {
		if (run->plan->files[i].use != GENERATE_MANIFEST)
			continue;
		if (add_manifest(run, i, err) < 0) {
			(void)err_wrap(err, "%s", run->plan->files[i].label);
			report_add(report, err, NULL);
		}
	}
	for (i = 0; i < run->plan->secret_count; i++) {
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

static struct span object_text(const struct run *run, size_t i)
{
	return span_sub(buf_span(&run->text), run->objects[i].from, run->objects[i].len);
}

static int write_list(struct run *run, struct buf *out, struct err *err)
{
	size_t i;

	if (run->object_count == 0) {
		resource_list_empty(out);
		return buf_check(out, err);
	}
	if (run->plan->sorted)
		qsort_r(run->objects, run->object_count, sizeof(*run->objects), by_sort_key,
			&run->sort);
	resource_list_begin(out);
	for (i = 0; i < run->object_count; i++)
		resource_list_add(object_text(run, i), out);
	return buf_check(out, err);
}

/* The order is that of the config. */
static int write_stream(const struct run *run, struct buf *out, struct err *err)
{
	size_t i;

	for (i = 0; i < run->object_count; i++) {
		if (i)
			buf_add_str(out, "---\n");
		buf_add_span(out, object_text(run, i));
	}
	return buf_check(out, err);
}

static int run_all(struct run *run, struct session *session, const struct config *config,
		   const struct generate_input *input, struct report *report, struct buf *out,
		   struct err *err)
{
	if (run->plan->file_count) {
		if (session_root(session, err) < 0 || load(run, session, report, err) < 0 ||
		    session_keys(session, config, input->items, input->count, err) < 0 ||
		    decrypt(run, session, report, err) < 0)
			return -1;
	}
	if (make_objects(run, report, err) < 0)
		return -1;
	return input->stream ? write_stream(run, out, err) : write_list(run, out, err);
}

int generate_run(struct session *session, const struct config *config,
		 const struct generate_plan *plan, const struct generate_input *input,
		 struct report *report, struct buf *out)
{
	CLEANUP(run_release)
	struct run run = {
		.plan = plan,
		.text = BUF_INIT(GENERATE_TEXT_MAX),
		.sort = BUF_INIT(GENERATE_TEXT_MAX),
	};
	struct err err = ERR_INIT;

	if (run_all(&run, session, config, input, report, out, &err) == 0)
		return 0;
	if (!report->all)
		report_add(report, &err, NULL);
	return -1;
}
