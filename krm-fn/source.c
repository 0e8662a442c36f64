/* SPDX-License-Identifier: Apache-2.0
 *
 * The search for the files that items of the build came from; see source.h. Here is which files are looked at, and within which limits; what is looked
 * for in each is source_scan.c's.
 */
#include "source.h"

#include "base/text.h"
#include "source_scan.h"
#include "walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILE_MAX = 16 * 1024 * 1024 /* bytes of one source: three times what Flux reads */ };

/* The first limit is the one that is told. */
static void note_limit(struct source_search *search, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void note_limit(struct source_search *search, const char *fmt, ...)
{
	va_list args;

	if (search->files->limit[0])
		return;
	va_start(args, fmt);
	(void)vsnprintf(search->files->limit, sizeof(search->files->limit), fmt, args);
	va_end(args);
}

static int take(struct source_search *search, const char *path, struct span text, struct err *err)
{
	if (source_scan(search, path, text, err) == 0)
		return 0;
	if (err->code != ERR_LIMIT)
		return -1;
	note_limit(search, "%s", err->msg);
	*err = (struct err)ERR_INIT;
	return 0;
}

/* The bytes that the next file may have. */
static size_t budget(const struct source_search *search)
{
	size_t left = search->options->bytes_max > search->files->bytes
			      ? search->options->bytes_max - search->files->bytes
			      : 0;

	return left < FILE_MAX ? left : FILE_MAX;
}

/* A file that was too large for what it might have: for itself, or for what was left of the search's bytes. */
static void note_size(struct source_search *search, const char *path)
{
	if (budget(search) == FILE_MAX)
		note_limit(search, "'%s' has more than %d bytes", text_quote(span_str(path)).text,
			   FILE_MAX);
	else
		note_limit(search, "the search ends after %zu bytes", search->options->bytes_max);
}

static enum walk_next visit(void *cookie, const struct walk_file *file, struct err *err)
{
	struct source_search *search = cookie;
	CLEAN_BUF struct buf text = BUF_INIT(0);
	struct err own = ERR_INIT;
	size_t max = budget(search);
	int r;

	search->files->files++;
	if (search->options->index &&
	    stage_index_find(search->options->index, file->path) == STAGE_INDEX_PLAIN)
		return WALK_ON;
	if (max == 0) {
		note_size(search, file->path);
		return WALK_STOP;
	}
	r = walk_read(file, max, true, &text, &own);
	if (r == 1)
		return WALK_ON;
	if (r < 0) {
		if (own.code == ERR_NOMEM) {
			*err = own;
			return WALK_ERROR;
		}
		if (own.code == ERR_LIMIT)
			note_size(search, file->path);
		return WALK_ON;
	}
	if (take(search, file->path, buf_span(&text), err) < 0)
		return WALK_ERROR;
	return search->open ? WALK_ON : WALK_STOP;
}

/* Where kustomize tells the origin it is looked at before the walk. */
static int try_origins(struct source_search *search, struct err *err)
{
	size_t i;

	for (i = 0; i < search->count; i++) {
		const struct source_want *want = search->by_mac[i];
		CLEAN_BUF struct buf text = BUF_INIT(0);
		struct err own = ERR_INIT;

		if (!want->origin_path || want->verdict == SOURCE_FOUND)
			continue;
		if (confine_read(search->options->confine, want->origin_path, budget(search), &text,
				 &own) < 0) {
			if (own.code == ERR_NOMEM) {
				*err = own;
				return -1;
			}
			if (own.code == ERR_LIMIT)
				note_size(search, want->origin_path);
			continue;
		}
		if (take(search, want->origin_path, buf_span(&text), err) < 0)
			return -1;
	}
	return 0;
}

static int walk_files(struct source_search *search, struct err *err)
{
	const struct confine *confine = search->options->confine;
	const struct walk_options options = {
		.root = confine->root,
		.start = confine->below,
		.files_max = search->options->files_max,
	};
	size_t skipped = 0;
	bool limit = false;

	if (walk_tree(&options, visit, search, &limit, &skipped, err) < 0)
		return -1;
	if (limit)
		note_limit(search, "the search ends after %zu files", options.files_max);
	if (skipped)
		note_limit(search, "%zu folder%s could not be looked into", skipped,
			   skipped == 1 ? "" : "s");
	return 0;
}

static int note_rest(struct source_search *search, struct err *err)
{
	size_t i;

	for (i = 0; i < search->count; i++) {
		struct source_want *want = search->by_mac[i];

		if (want->verdict == SOURCE_NOT_FOUND &&
		    source_notes(want->item, &search->rule, &search->files->arena, &want->notes,
				 &want->note_count, err) < 0)
			return err_wrap(err, "%s", want->label);
	}
	return 0;
}

static void free_search(struct source_search *search)
{
	free(search->by_mac);
	free(search->seen);
	sops_rule_release(&search->rule.rule);
}

int source_find(struct source_want *wants, size_t n, const struct source_options *options,
		struct source_files *ret_files, struct err *err)
{
	CLEANUP(free_search)
	struct source_search search = {
		.options = options, .files = ret_files, .count = n, .open = n};
	size_t i;

	if (n == 0)
		return 0;
	search.by_mac = calloc(n, sizeof(*search.by_mac));
	search.seen = calloc(n, sizeof(*search.seen));
	if (!search.by_mac || !search.seen)
		return err_nomem(err);
	for (i = 0; i < n; i++) {
		wants[i].verdict = SOURCE_NOT_FOUND;
		wants[i].bytes = SPAN_NULL;
		wants[i].path = NULL;
		wants[i].err = NULL;
		wants[i].notes = NULL;
		wants[i].note_count = 0;
		search.by_mac[i] = &wants[i];
	}
	source_scan_sort(&search);
	if (try_origins(&search, err) < 0)
		return -1;
	if (search.open && walk_files(&search, err) < 0)
		return -1;
	return note_rest(&search, err);
}

void source_files_release(struct source_files *files)
{
	if (files)
		arena_release(&files->arena);
}
