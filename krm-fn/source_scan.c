/* SPDX-License-Identifier: Apache-2.0
 *
 * One file of the search for sources; see source_scan.h. Looking through it for ciphertexts that are among the wanted MACs costs less than reading it as a
 * document; only a file with one is read so, and only if that is its MAC indeed.
 */
#include "source_scan.h"

#include "sops/sops_value.h"

#include <stdlib.h>

enum { MAC_TEXT_MAX = 4096 /* bytes of the text of a MAC: sops writes 300 */ };

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

void source_scan_sort(struct source_search *search)
{
	qsort(search->by_mac, search->count, sizeof(*search->by_mac), compare_want);
}

/* The first of the wants with that MAC, or count. */
static size_t find_mac(const struct source_search *search, struct span mac)
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
static int read_candidate(struct source_search *search, struct candidate *file, bool dotenv,
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

static int keep(struct source_search *search, struct candidate *file, struct err *err)
{
	struct arena *arena = &search->files->arena;

	if (file->kept_path)
		return 0;
	if (arena_dup(arena, file->text, &file->kept, err) < 0)
		return -1;
	file->kept_path = arena_str(arena, span_str(file->path), err);
	return file->kept_path ? 0 : -1;
}

static int settle(struct source_search *search, struct source_want *want, struct candidate *file,
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

static int compare_one(struct source_search *search, struct candidate *file,
		       const struct reading *reading, struct source_want *want, bool *ret_differs,
		       struct err *err)
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
static int try_wants(struct source_search *search, struct candidate *file, size_t first,
		     bool dotenv, struct err *err)
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
static bool look_at(const struct source_search *search, size_t first)
{
	return first < search->count && search->seen[first].file != search->files->read &&
	       search->seen[first].mismatches < SOURCE_MISMATCHES_MAX;
}

int source_scan(struct source_search *search, const char *path, struct span text, struct err *err)
{
	CLEANUP(candidate_release)
	struct candidate file = {
		.path = path,
		.text = text,
		.whole.doc = DOC_INIT,
		.dotenv.doc = DOC_INIT,
	};
	struct span rest = text;
	size_t at, end, first;

	search->files->read++;
	search->files->bytes += text.len;
	while (search->open && (at = span_search(rest, SOPS_VALUE_BEGIN)) != SIZE_MAX) {
		rest = span_from(rest, at);
		end = span_find(span_sub(rest, 0, MAC_TEXT_MAX), 0, ']');
		first = find_mac(search, span_sub(rest, 0, end + 1));
		if (look_at(search, first)) {
			search->seen[first].file = search->files->read;
			if (try_wants(search, &file, first, false, err) < 0 ||
			    try_wants(search, &file, first, true, err) < 0)
				return -1;
		}
		rest = span_from(rest, SOPS_VALUE_BEGIN.len);
	}
	return 0;
}
