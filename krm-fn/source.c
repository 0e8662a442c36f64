/* SPDX-License-Identifier: Apache-2.0
 *
 * The search for the files that items of the build came from; see source.h. Each file is looked through once for ciphertexts that are among
 * the wanted MACs, which costs less than reading it as a document; only a file with one is read so, and only if that is its MAC indeed.
 */
#include "source.h"

#include "base/text.h"
#include "source_match.h"
#include "walk.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	FILE_MAX = 16 * 1024 * 1024, /* bytes of one source: three times what Flux reads */
	MAC_TEXT_MAX = 4096,         /* bytes of the text of a MAC: sops writes 300 */
};

#define TOKEN_PREFIX SPAN("ENC[AES256_GCM,data:")

/* What is known of a wanted MAC, beside its first want. */
struct seen {
	size_t file;       /* the number of the last file that was looked at for it */
	size_t mismatches; /* files that some want differs from */
};

struct search {
	struct source_want **by_mac; /* sorted */
	struct seen *seen;
	size_t count, open; /* wants, those that are not FOUND */
	const struct source_options *options;
	struct source_files *files;
	struct source_rule rule; /* of those without a source */
};

/* A file as one kind of document, read when it is first asked for. */
struct reading {
	bool tried, good;
	struct doc doc;
	struct sops_meta meta;
	enum doc_format format;
};

/* A file under way: its bytes, and where kept in the arena so that wants may point to them. */
struct candidate {
	const char *path;
	struct span text, kept;
	const char *kept_path;
	struct reading whole, dotenv;
};

static void candidate_release(struct candidate *file)
{
	doc_release(&file->whole.doc);
	doc_release(&file->dotenv.doc);
}

static int compare_span(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int r = len ? memcmp(a.data, b.data, len) : 0;

	return r ? r : (a.len > b.len) - (a.len < b.len);
}

static int compare_want(const void *a, const void *b)
{
	const struct source_want *x = *(struct source_want *const *)a;
	const struct source_want *y = *(struct source_want *const *)b;

	return compare_span(x->mac, y->mac);
}

/* The first of the wants with that MAC, or count. */
static size_t find_mac(const struct search *search, struct span mac)
{
	size_t low = 0, high = search->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (compare_span(search->by_mac[mid]->mac, mac) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < search->count && span_eq(search->by_mac[low]->mac, mac))
		return low;
	return search->count;
}

static bool is_dotenv_item(const struct doc_node *item)
{
	return !doc_get(item, "sops");
}

/* kustomize reads every resource as YAML, and sops a file by its name. What can not be read is not the source: prose that quotes a MAC, a
 * build's output. Each file is read once, however many MACs it quotes. */
static int read_candidate(struct search *search, struct candidate *file, bool dotenv,
			  const struct reading **ret_reading, struct err *err)
{
	struct reading *reading = dotenv ? &file->dotenv : &file->whole;
	struct err own = ERR_INIT;

	*ret_reading = reading;
	if (reading->tried)
		return 0;
	reading->tried = true;
	search->files->parsed++;
	reading->format = dotenv ? DOC_DOTENV : DOC_YAML;
	if (!dotenv && doc_format_of_path(span_str(file->path)) == DOC_JSON)
		reading->format = DOC_JSON;
	reading->good = doc_read(reading->format, file->text, &reading->doc, &own) == 0 &&
			sops_meta_take(&reading->doc, reading->format, &reading->meta, &own) == 0;
	if (own.code != ERR_NOMEM)
		return 0;
	*err = own;
	return -1;
}

static int keep(struct search *search, struct candidate *file, struct err *err)
{
	struct arena *arena = &search->files->arena;

	if (file->kept_path)
		return 0;
	if (arena_dup(arena, file->text, &file->kept, err) < 0)
		return -1;
	file->kept_path = arena_str(arena, span_str(file->path), err);
	return file->kept_path ? 0 : -1;
}

static int settle(struct search *search, struct source_want *want, struct candidate *file,
		  enum doc_format format, const struct err *differs, struct err *err)
{
	if (keep(search, file, err) < 0)
		return -1;
	want->path = file->kept_path;
	want->bytes = file->kept;
	want->format = format;
	if (!differs) {
		want->verdict = SOURCE_FOUND;
		want->err = NULL;
		search->open--;
		return 0;
	}
	want->verdict = SOURCE_MISMATCH;
	want->err = arena_alloc(&search->files->arena, sizeof(*want->err), err);
	if (!want->err)
		return -1;
	*want->err = *differs;
	return 0;
}

static int compare_one(struct search *search, struct candidate *file, const struct reading *reading,
		       struct source_want *want, bool *ret_differs, struct err *err)
{
	const struct source_doc source = {
		.doc = &reading->doc,
		.meta = &reading->meta,
		.format = reading->format,
		.path = file->path,
	};
	struct err own = ERR_INIT;
	int r = source_match(&source, want->item, &own);

	search->files->compared++;
	if (r < 0) {
		*err = own;
		return -1;
	}
	*ret_differs = r == 1;
	if (r == 1 && want->verdict == SOURCE_MISMATCH)
		return 0;
	return settle(search, want, file, reading->format, r ? &own : NULL, err);
}

/* Every want of this MAC against a file that has it. The first mismatch is the nearest file's and stays, unless a match follows. */
static int try_wants(struct search *search, struct candidate *file, size_t first, bool dotenv,
		     struct err *err)
{
	struct span mac = search->by_mac[first]->mac;
	const struct reading *reading = NULL;
	bool differs, any = false;
	size_t i;

	for (i = first; i < search->count && span_eq(search->by_mac[i]->mac, mac); i++) {
		struct source_want *want = search->by_mac[i];

		if (want->verdict == SOURCE_FOUND || is_dotenv_item(want->item) != dotenv)
			continue;
		if (!reading && read_candidate(search, file, dotenv, &reading, err) < 0)
			return -1;
		if (!reading->good || !span_eq(reading->meta.mac, mac))
			return 0;
		if (compare_one(search, file, reading, want, &differs, err) < 0)
			return -1;
		any = any || differs;
	}
	search->seen[first].mismatches += any;
	return 0;
}

/* Each MAC once a file, however often it repeats it: a stream of many documents does. */
static bool look_at(const struct search *search, size_t first)
{
	return first < search->count && search->seen[first].file != search->files->read &&
	       search->seen[first].mismatches < SOURCE_MISMATCHES_MAX;
}

static int scan(struct search *search, struct candidate *file, struct err *err)
{
	struct span rest = file->text;
	size_t at, end, first;

	while (search->open && (at = span_search(rest, TOKEN_PREFIX)) != SIZE_MAX) {
		rest = span_from(rest, at);
		end = span_find(span_sub(rest, 0, MAC_TEXT_MAX), 0, ']');
		first = find_mac(search, span_sub(rest, 0, end + 1));
		if (look_at(search, first)) {
			search->seen[first].file = search->files->read;
			if (try_wants(search, file, first, false, err) < 0 ||
			    try_wants(search, file, first, true, err) < 0)
				return -1;
		}
		rest = span_from(rest, TOKEN_PREFIX.len);
	}
	return 0;
}

/* The first limit is the one that is told. */
static void note_limit(struct search *search, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void note_limit(struct search *search, const char *fmt, ...)
{
	va_list args;

	if (search->files->limit[0])
		return;
	va_start(args, fmt);
	(void)vsnprintf(search->files->limit, sizeof(search->files->limit), fmt, args);
	va_end(args);
}

static int take(struct search *search, const char *path, struct span text, struct err *err)
{
	CLEANUP(candidate_release)
	struct candidate file = {
		.path = path,
		.text = text,
		.whole.doc = DOC_INIT,
		.dotenv.doc = DOC_INIT,
	};

	search->files->read++;
	search->files->bytes += text.len;
	if (scan(search, &file, err) < 0) {
		if (err->code != ERR_LIMIT)
			return -1;
		note_limit(search, "%s", err->msg);
		*err = (struct err)ERR_INIT;
	}
	return 0;
}

/* The bytes that the next file may have. */
static size_t budget(const struct search *search)
{
	size_t left = search->options->bytes_max > search->files->bytes
			      ? search->options->bytes_max - search->files->bytes
			      : 0;

	return left < FILE_MAX ? left : FILE_MAX;
}

/* A file that was too large for what it might have: for itself, or for what was left of the search's bytes. */
static void note_size(struct search *search, const char *path)
{
	if (budget(search) == FILE_MAX)
		note_limit(search, "'%s' has more than %d bytes", text_quote(span_str(path)).text,
			   FILE_MAX);
	else
		note_limit(search, "the search ends after %zu bytes", search->options->bytes_max);
}

static enum walk_next visit(void *cookie, const struct walk_file *file, struct err *err)
{
	struct search *search = cookie;
	CLEAN_BUF struct buf text = BUF_INIT(0);
	struct err own = ERR_INIT;
	size_t max = budget(search);
	int r;

	search->files->files++;
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
static int try_origins(struct search *search, struct err *err)
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

static int walk_files(struct search *search, struct err *err)
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

static int note_rest(struct search *search, struct err *err)
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

static void free_search(struct search *search)
{
	free(search->by_mac);
	free(search->seen);
	sops_rule_release(&search->rule.rule);
}

int source_find(struct source_want *wants, size_t n, const struct source_options *options,
		struct source_files *ret_files, struct err *err)
{
	CLEANUP(free_search)
	struct search search = {.options = options, .files = ret_files, .count = n, .open = n};
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
	qsort(search.by_mac, n, sizeof(*search.by_mac), compare_want);
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
