/* SPDX-License-Identifier: Apache-2.0
 *
 * The search for the files that items of the build came from; see source.h. Each file is looked through once for ciphertexts that are among
 * the wanted MACs, which costs less than reading it as a document; only a file with one is read so, and only if that is its MAC indeed.
 */
#include "source.h"

#include "base/text.h"
#include "source_match.h"
#include "walk.h"

#include <stdlib.h>

enum {
	FILE_MAX = 16 * 1024 * 1024, /* bytes of one source: three times what Flux reads */
	MAC_TEXT_MAX = 4096,         /* bytes of the text of a MAC: sops writes 300 */
	BINARY_LOOK = 8000, /* bytes in which a NUL tells a file that is no text, as in Git */
};

#define TOKEN_PREFIX SPAN("ENC[AES256_GCM,data:")

struct search {
	struct source_want **by_mac; /* sorted */
	size_t *tried; /* beside the first want of each MAC: the number of the last file tried */
	size_t count, open; /* wants, those that are not FOUND */
	const struct source_options *options;
	struct source_files *files;
};

/* A file under way: its bytes, and where kept in the arena so that wants may point to them. */
struct candidate {
	const char *path;
	struct span text, kept;
	const char *kept_path;
};

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

/* kustomize reads every resource as YAML, and sops a file by its name. */
static enum doc_format format_for(const struct candidate *file, const struct doc_node *item)
{
	if (is_dotenv_item(item))
		return DOC_DOTENV;
	return doc_format_of_path(span_str(file->path)) == DOC_JSON ? DOC_JSON : DOC_YAML;
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

/* Every want of this MAC against a file that has it. The first mismatch is the nearest file's and stays, unless a match follows. */
static int try_wants(struct search *search, struct candidate *file, size_t first, bool dotenv,
		     struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct span mac = search->by_mac[first]->mac;
	enum doc_format format = DOC_YAML;
	struct sops_meta meta = {.groups = NULL};
	bool read = false;
	size_t i;

	for (i = first; i < search->count && span_eq(search->by_mac[i]->mac, mac); i++) {
		struct source_want *want = search->by_mac[i];
		struct source_doc source = {.doc = &doc, .meta = &meta, .path = file->path};
		struct err own = ERR_INIT;
		int r;

		if (want->verdict == SOURCE_FOUND || is_dotenv_item(want->item) != dotenv)
			continue;
		if (!read) {
			/* What can not be read is not the source: prose that quotes a MAC, a build's output. */
			format = format_for(file, want->item);
			if (doc_read(format, file->text, &doc, &own) < 0 ||
			    sops_meta_take(&doc, format, &meta, &own) < 0 ||
			    !span_eq(meta.mac, mac)) {
				if (own.code == ERR_NOMEM)
					*err = own;
				return own.code == ERR_NOMEM ? -1 : 0;
			}
			read = true;
		}
		source.format = format;
		r = source_match(&source, want->item, &own);
		if (r < 0) {
			*err = own;
			return -1;
		}
		if (r == 1 && want->verdict == SOURCE_MISMATCH)
			continue;
		if (settle(search, want, file, format, r ? &own : NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int scan(struct search *search, struct candidate *file, struct err *err)
{
	struct span rest = file->text;
	size_t at, end, first;

	while (search->open && (at = span_search(rest, TOKEN_PREFIX)) != SIZE_MAX) {
		rest = span_from(rest, at);
		end = span_find(span_sub(rest, 0, MAC_TEXT_MAX), 0, ']');
		first = find_mac(search, span_sub(rest, 0, end + 1));
		if (first < search->count && search->tried[first] != search->files->read) {
			/* Once a file, however often it repeats a MAC: a stream of many documents does. */
			search->tried[first] = search->files->read;
			if (try_wants(search, file, first, false, err) < 0 ||
			    try_wants(search, file, first, true, err) < 0)
				return -1;
		}
		rest = span_from(rest, TOKEN_PREFIX.len);
	}
	return 0;
}

/* Past the search's budget nothing more is read; what is not found by then counts as not found. */
static int take(struct search *search, const char *path, struct span text, struct err *err)
{
	struct candidate file = {.path = path, .text = text};

	search->files->read++;
	search->files->bytes += text.len;
	if (scan(search, &file, err) < 0) {
		if (err->code != ERR_LIMIT)
			return -1;
		search->files->limit_hit = true;
		*err = (struct err)ERR_INIT;
	}
	return 0;
}

static size_t budget(const struct search *search)
{
	size_t left = search->options->bytes_max > search->files->bytes
			      ? search->options->bytes_max - search->files->bytes
			      : 0;

	return left < FILE_MAX ? left : FILE_MAX;
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
		search->files->limit_hit = true;
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
		search->files->limit_hit = search->files->limit_hit || own.code == ERR_LIMIT;
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

		if (!want->origin_path || want->verdict == SOURCE_FOUND || budget(search) == 0)
			continue;
		if (confine_read(search->options->confine, want->origin_path, budget(search), &text,
				 &own) < 0) {
			if (own.code != ERR_NOMEM)
				continue;
			*err = own;
			return -1;
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
	bool limit = false;

	if (walk_tree(&options, visit, search, &limit, NULL, err) < 0)
		return -1;
	search->files->limit_hit = search->files->limit_hit || limit;
	return 0;
}

static int note_rest(struct search *search, struct err *err)
{
	size_t i;

	for (i = 0; i < search->count; i++) {
		struct source_want *want = search->by_mac[i];

		if (want->verdict == SOURCE_NOT_FOUND &&
		    source_notes(want->item, &search->files->arena, &want->notes, &want->note_count,
				 err) < 0)
			return -1;
	}
	return 0;
}

static void free_search(struct search *search)
{
	free(search->by_mac);
	free(search->tried);
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
	search.tried = calloc(n, sizeof(*search.tried));
	if (!search.by_mac || !search.tried)
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
