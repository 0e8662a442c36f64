/* SPDX-License-Identifier: Apache-2.0
 *
 * One build from the files to the objects; see flux_build.h.
 */
#include "flux_build.h"

#include "command.h"
#include "emit.h"
#include "flux_finish.h"
#include "flux_list.h"
#include "flux_open.h"
#include "flux_placeholder.h"
#include "flux_sources.h"
#include "flux_text.h"
#include "transform.h"

#include "base/text.h"

#include <unistd.h>

/* What a build holds; released in one place. */
struct work {
	struct stage stage;
	struct flux_sources sources;
	struct flux_open open;
	struct kustomize kustomize;
	struct buf messages;
	struct buf vars; /* the manifests of --substitute-from */
};

#define WORK_INIT                                                                          \
	{                                                                                  \
		.stage = STAGE_INIT, .sources = FLUX_SOURCES_INIT, .open = FLUX_OPEN_INIT, \
		.messages = BUF_INIT((size_t)KUSTOMIZE_STDERR_MAX),                        \
		.vars = BUF_INIT((size_t)DOC_INPUT_MAX + 1),                               \
	}

static void work_release(struct work *work)
{
	buf_release(&work->messages);
	flux_open_release(&work->open);
	buf_release(&work->vars);
	flux_sources_release(&work->sources);
	stage_close(&work->stage);
}

static void note_stage(const struct flux_build *build, const struct stage *stage)
{
	if (stage->skipped)
		report_note("warning: %zu folder%s of '%s' could not be read or lie%s too deep",
			    stage->skipped, stage->skipped == 1 ? "" : "s",
			    text_quote(span_str(build->root)).text, stage->skipped == 1 ? "s" : "");
	if (stage->links)
		report_note("%zu symbolic link%s left out, %s: '%s'%s", stage->links,
			    stage->links == 1 ? " is" : "s are",
			    build->spec->object ? "as Flux's source does"
						: "as they lead out of the root or nowhere",
			    text_quote(span_str(stage->link)).text,
			    stage->links == 1 ? "" : ", ...");
}

static int fill_stage(const struct flux_build *build, struct stage *stage, struct err *err)
{
	CLEAN_FLUX_IGNORE struct flux_ignore ignore = FLUX_IGNORE_INIT;
	struct stage_source source = {.root = build->root, .links = !build->spec->object};

	if (stage_open(build->stage, stage, err) < 0)
		return -1;
	if (build->spec->object) {
		if (stage_read_ignore(build->root, &ignore, err) < 0 ||
		    flux_ignore_add(&ignore, build->ignore, span_of("", 0), err) < 0 ||
		    flux_ignore_end(&ignore, err) < 0)
			return -1;
		source.ignore = &ignore;
	}
	if (stage_fill(stage, &source, err) < 0)
		return -1;
	note_stage(build, stage);
	return 0;
}

struct place_of {
	const struct confine *root;
	const char *folder;
};

static bool exists(const void *cookie, struct span path)
{
	CLEAN_ARENA struct arena arena = ARENA_INIT(PATH_MAX * 4);
	const struct place_of *place = cookie;
	struct err missing = ERR_INIT;
	const char *joined = flux_path_join(&arena, place->folder, path, &missing);
	int fd = joined ? confine_open(place->root, joined, 0, &missing) : -1;

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Of two kustomization files the first counts here; the look for sources stops at two. */
static int generate(const struct flux_build *build, struct work *work, struct err *err)
{
	CLEAN_BUF struct buf text = BUF_INIT(FLUX_SOURCE_FILE_MAX + 1);
	CLEAN_BUF struct buf printed = BUF_INIT(FLUX_BUILD_OUTPUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	const struct place_of place = {&work->sources.root, build->folder};
	struct flux_generate generate = {.spec = build->spec, .exists = exists, .cookie = &place};
	struct doc_node *root = NULL;
	char *path = NULL;

	if (flux_sources_kustomization(&work->sources, build->folder, &path, err) < 0)
		return -1;
	if (path) {
		if (confine_read(&work->sources.root, path, FLUX_SOURCE_FILE_MAX, &text, err) < 0)
			return -1;
		if (doc_read(DOC_YAML, buf_span(&text), &doc, err) < 0)
			return err_wrap(err, "'%s'", text_quote(span_str(path)).text);
		root = doc.first;
	} else if (build->spec->object) {
		path = flux_path_join(&work->sources.arena, build->folder,
				      span_str(flux_kustomization_names[0]), err);
		root = path ? flux_list(&work->stage, build->folder, &doc, err) : NULL;
		generate.created = true;
		if (!root)
			return -1;
	}
	/* kustomize says what is wrong with a folder that has none, or an empty one. */
	if (!root)
		return 0;
	if ((!generate.created && flux_text_settle(&doc, buf_span(&text), root, err) < 0) ||
	    flux_generate(&generate, &doc, root, err) < 0 ||
	    emit_object(root, SPAN_NULL, &printed, err) < 0)
		return err_wrap(err, "'%s'", text_quote(span_str(path)).text);
	return stage_write(&work->stage, path, buf_span(&printed), err);
}

static void note_messages(const struct work *work, bool failed)
{
	CLEAN_BUF struct buf shown = BUF_INIT(4 * (size_t)KUSTOMIZE_STDERR_MAX);

	kustomize_redact(buf_span(&work->messages), work->open.opened, work->open.closed,
			 work->open.count, &shown);
	if (shown.len)
		report_note("kustomize%s: %.*s", failed ? "" : " says",
			    (int)(shown.len - (shown.data[shown.len - 1] == '\n')),
			    (const char *)shown.data);
}

static int run_kustomize(const struct flux_build *build, struct work *work, struct buf *out,
			 struct err *err)
{
	work->kustomize.remote = build->remote;
	if (kustomize_build(&work->kustomize, work->stage.path, build->folder, out, &work->messages,
			    err) < 0) {
		note_messages(work, true);
		if (strcmp(build->folder, ".") == 0 && !build->spec->object)
			return err_hint(err,
					"nothing outside of '%s' is seen; set the top of the "
					"repository with --root",
					text_quote(span_str(build->root)).text);
		return -1;
	}
	note_messages(work, false);
	return 0;
}

/* Which objects are not what their text says any more: their `sops` went, or a value was opened. */
static void mark_opened(const struct doc_node *first, const bool *had_sops, bool *ret_opened)
{
	const struct doc_node *object = first, *kid;
	size_t i;

	for (i = 0; object; object = object->next, i++) {
		const struct doc_node *data =
			object->kind == DOC_MAP ? doc_get(object, "data") : NULL;

		ret_opened[i] = had_sops[i] && !doc_get(object, "sops");
		if (!data || data->kind != DOC_MAP)
			continue;
		doc_each (kid, data)
			ret_opened[i] = ret_opened[i] || (kid->flags & DOC_OPENED);
	}
}

static size_t mark_sops(const struct doc_node *first, bool *ret_had_sops)
{
	const struct doc_node *object = first;
	size_t i;

	for (i = 0; object; object = object->next, i++) {
		if (ret_had_sops)
			ret_had_sops[i] = object->kind == DOC_MAP && doc_get(object, "sops");
	}
	return i;
}

static int add_secrets(const struct flux_build *build, const struct doc_node *first,
		       struct err *err)
{
	const struct doc_node *branch;

	for (branch = build->secrets ? first : NULL; branch; branch = branch->next) {
		if (build_secrets_add_opened(build->secrets, branch, err) < 0)
			return -1;
	}
	return 0;
}

static struct leftover_look look_of(struct flux_build *build)
{
	return (struct leftover_look){
		.config = build->config,
		.every_kind = true,
		.warns = build->compat_flux,
		.stand_in = build->placeholder ? SPAN(FLUX_PLACEHOLDER) : SPAN_NULL,
		.report = &build->report,
	};
}

/* What fails with keys fails without. */
static int stand_in_objects(struct flux_build *build, struct manifests *manifests, bool *ret_opened,
			    struct err *err)
{
	const struct leftover_look look = look_of(build);
	size_t i;

	if (flux_placeholder_objects(manifests, ret_opened, err) < 0)
		return -1;
	for (i = 0; i < manifests->count; i++)
		leftover_look(&look, manifests->items[i], false);
	return build->report.all ? -1 : 0;
}

/* Decrypts the objects in place. What is printed is made of the trees by flux_finish(). */
static int open_objects(struct flux_build *build, const struct work *work,
			struct manifests *manifests, bool *ret_opened, struct arena *arena,
			struct err *err)
{
	CLEANUP(transform_release)
	struct transform transform = {
		.session = build->session,
		.config = build->config,
		.text = manifests->text,
		.doc = &manifests->doc,
		.items = manifests->items,
		.count = manifests->count,
		.index = &work->stage.index,
		.mac_warns = build->session->mac == POLICY_MAC_AUTO,
		.every_kind = true,
		.left_warns = build->compat_flux,
	};
	bool *had_sops = arena_alloc(arena, mark_sops(manifests->doc.first, NULL) + 1, err);
	size_t i;

	if (build->placeholder && !build->config->disabled)
		return stand_in_objects(build, manifests, ret_opened, err);
	if (!had_sops)
		return -1;
	(void)mark_sops(manifests->doc.first, had_sops);
	if (transform_run(&transform, NULL) < 0) {
		for (i = 0; i < transform.report.count && build->config->disabled; i++) {
			struct err *why = &transform.report.entries[i].err;

			if (!why->hint[0])
				(void)err_hint(why, "the Kustomization has no 'spec.decryption', "
						    "and Flux does not apply such a Secret then");
		}
		build->report = transform.report;
		transform.report = (struct report)REPORT_INIT;
		return -1;
	}
	mark_opened(manifests->doc.first, had_sops, ret_opened);
	return add_secrets(build, manifests->doc.first, err);
}

/* They may be encrypted themselves. */
static int read_vars(const struct flux_build *build, struct buf *text, struct err *err)
{
	size_t i;

	for (i = 0; build->spec->post_build && i < build->substitute_from_count; i++) {
		CLEAN_BUF struct buf one = BUF_INIT((size_t)DOC_INPUT_MAX + 1);

		if (command_read(build->substitute_from[i], &one, err) < 0)
			return -1;
		buf_add_str(text, "---\n");
		buf_add_span(text, buf_span(&one));
		buf_add_char(text, '\n');
	}
	return buf_check(text, err);
}

static int load_vars(struct flux_build *build, const struct work *work, struct flux_vars *vars,
		     struct err *err)
{
	CLEAN_MANIFESTS struct manifests manifests = MANIFESTS_INIT;
	CLEAN_ARENA struct arena arena = ARENA_INIT((size_t)MANIFESTS_MAX * 2);
	struct session *session = build->session;
	struct flux_vars_places places = {.ours = session->options.ns};
	bool *opened;
	size_t i;

	if (!build->spec->post_build)
		return 0;
	if (manifests_read(buf_span(&work->vars), "--substitute-from", &manifests, err) < 0)
		return -1;
	opened = arena_alloc(&arena, mark_sops(manifests.doc.first, NULL) + 1, err);
	if (!opened || open_objects(build, work, &manifests, opened, &arena, err) < 0)
		return -1;
	places.items = manifests.items;
	places.count = manifests.count;
	places.cluster = cluster_at_hand(&session->cluster) ? &session->cluster : NULL;
	if (flux_vars_load(build->spec, &places, vars, err) < 0)
		return -1;
	/* They may be anywhere afterwards. */
	for (i = 0; i < vars->count && build->secrets; i++) {
		if (vars->list[i].secret &&
		    build_secrets_add(build->secrets, vars->list[i].value, err) < 0)
			return -1;
	}
	return 0;
}

/* Flux decrypts no object inside of a list, as a patch may have made one: each document is one object. */
static int take_documents(struct manifests *manifests, struct err *err)
{
	size_t count = mark_sops(manifests->doc.first, NULL);
	struct doc_node **items, *object;

	items = arena_alloc(&manifests->doc.arena, (count + 1) * sizeof(struct doc_node *), err);
	if (!items)
		return -1;
	manifests->items = items;
	manifests->count = 0;
	for (object = manifests->doc.first; object; object = object->next) {
		if (object->kind == DOC_MAP)
			items[manifests->count++] = object;
	}
	return 0;
}

static int finish(struct flux_build *build, const struct work *work, struct span built,
		  struct buf *out, struct err *err)
{
	CLEAN_BUF struct buf finished = BUF_INIT(FLUX_BUILD_OUTPUT_MAX);
	CLEAN_MANIFESTS struct manifests manifests = MANIFESTS_INIT;
	CLEAN_FLUX_VARS struct flux_vars vars = FLUX_VARS_INIT;
	CLEAN_ARENA struct arena arena = ARENA_INIT((size_t)MANIFESTS_MAX * 4);
	const struct flux_finish last = {
		.spec = build->spec, .vars = &vars, .look = look_of(build), .lax = build->lax};
	bool *opened;

	if (manifests_read(built, "kustomize's output", &manifests, err) < 0 ||
	    take_documents(&manifests, err) < 0)
		return -1;
	opened = arena_alloc(&arena, mark_sops(manifests.doc.first, NULL) + 1, err);
	if (!opened || open_objects(build, work, &manifests, opened, &arena, err) < 0 ||
	    load_vars(build, work, &vars, err) < 0)
		return -1;
	if (flux_finish(&last, &manifests, opened, build->placeholder ? &finished : out, err) < 0 ||
	    build->report.all)
		return -1;
	return !build->placeholder ? 0 : flux_placeholder_names(buf_span(&finished), out, err);
}

static int open_sources(struct flux_build *build, struct work *work, struct err *err)
{
	size_t i;

	if (!build->placeholder) {
		if (!build->config->disabled)
			work->open.vars = buf_span(&work->vars);
		if (flux_open_sources(&work->open, build->session, build->config, &work->stage,
				      &work->sources, &build->report, err) < 0)
			return -1;
		for (i = 0; i < work->open.count; i++) {
			if (add_secrets(build, work->open.jobs[i].doc.first, err) < 0)
				return -1;
		}
		return 0;
	}
	for (i = 0; i < work->sources.count; i++) {
		CLEAN_BUF struct buf text = BUF_INIT((size_t)FLUX_SOURCE_FILE_MAX * 2);
		const struct flux_source *source = &work->sources.list[i];

		if (flux_placeholder_text(buf_span(&source->text), source->format, source->format,
					  &text, err) < 0)
			return err_wrap(err, "'%s'", text_quote(span_str(source->path)).text);
		if (stage_write(&work->stage, source->path, buf_span(&text), err) < 0)
			return -1;
	}
	return 0;
}

int flux_build_run(struct flux_build *build, struct buf *out, struct err *err)
{
	CLEANUP(work_release) struct work work = WORK_INIT;
	CLEAN_BUF struct buf built = BUF_INIT((size_t)DOC_INPUT_MAX + 1);
	size_t i;

	if (kustomize_find(build->kustomize, &work.kustomize, err) < 0 ||
	    fill_stage(build, &work.stage, err) < 0)
		return -1;
	confine_clamp(work.stage.fd, build->root, &work.sources.root);
	work.sources.index = &work.stage.index;
	work.sources.remote = build->remote;
	if (generate(build, &work, err) < 0 ||
	    flux_sources_find(&work.sources, build->folder, !build->config->disabled, err) < 0)
		return -1;
	for (i = 0; i < work.sources.note_count; i++)
		report_note("warning: %s", work.sources.notes[i]);
	if (read_vars(build, &work.vars, err) < 0 || open_sources(build, &work, err) < 0 ||
	    run_kustomize(build, &work, &built, err) < 0)
		return -1;
	return finish(build, &work, buf_span(&built), out, err);
}
