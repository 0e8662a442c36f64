/* SPDX-License-Identifier: Apache-2.0
 *
 * Checking MACs at the sources of items; see verify.h.
 */
#include "verify.h"

#include "item.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	NAMES_SHOWN_MAX = 600, /* bytes of labels in the line about what has no source */
};

/* A patch may have put `sops` on a Secret that a generator made of a dotenv. The dotenv's source knows nothing of it: a copy of the object
 * without that entry stands for it. */
static struct doc_node *without_sops(struct arena *arena, struct doc_node *item, struct err *err)
{
	struct doc_node *copy, *kid, *kid_copy;

	if (!doc_get(item, "sops"))
		return item;
	copy = arena_alloc(arena, sizeof(*copy), err);
	if (!copy)
		return NULL;
	*copy = *item;
	copy->kids.first = copy->kids.last = NULL;
	doc_each (kid, item) {
		if (span_is(kid->key, "sops"))
			continue;
		kid_copy = arena_alloc(arena, sizeof(*kid_copy), err);
		if (!kid_copy)
			return NULL;
		*kid_copy = *kid;
		doc_append(copy, kid_copy);
	}
	return copy;
}

/* The line of sops_mac in the dotenv that find.c has put together. */
static struct span dotenv_mac(struct span lines)
{
	const struct span key = SPAN("sops_mac=");
	size_t at = 0, end;

	for (; at < lines.len; at = end + 1) {
		end = span_find(lines, at, '\n');
		if (span_starts(span_sub(lines, at, end - at), key))
			return span_sub(lines, at + key.len, end - at - key.len);
	}
	return SPAN_NULL;
}

static int fill_want(struct verify *verify, const struct find_hit *hit, struct source_want *want,
		     struct err *err)
{
	struct span path = item_path(hit->item);

	want->label = hit->label;
	want->item = hit->item;
	want->mac = doc_get_str(doc_get(hit->item, "sops"), "mac");
	if (hit->kind == FIND_ENVS) {
		want->mac = dotenv_mac(hit->input);
		want->item = without_sops(&verify->arena, hit->item, err);
		if (!want->item)
			return -1;
	}
	if (path.len) {
		want->origin_path = arena_str(&verify->arena, path, err);
		if (!want->origin_path)
			return -1;
	}
	return 0;
}

static int collect(struct verify *verify, const struct find *find, struct err *err)
{
	size_t i;

	verify->wants = arena_alloc(&verify->arena, find->count * sizeof(*verify->wants), err);
	if (!verify->wants)
		return -1;
	verify->facts = arena_alloc(&verify->arena, find->count * sizeof(*verify->facts), err);
	if (!verify->facts)
		return -1;
	verify->found = arena_alloc(&verify->arena, find->count * sizeof(*verify->found), err);
	if (!verify->found)
		return -1;
	for (i = 0; i < find->count; i++) {
		if (find->hits[i].kind == FIND_VALUE)
			continue;
		if (fill_want(verify, &find->hits[i], &verify->wants[verify->count], err) < 0)
			return -1;
		verify->facts[verify->count++] = (struct verify_want){.hit = i, .job = SIZE_MAX};
	}
	return 0;
}

int verify_find(struct verify *verify, struct session *session, const struct stage_index *index,
		const struct find *find, struct err *err)
{
	struct source_options options = {
		.confine = &session->confine,
		.files_max = session->policy.files_max,
		.bytes_max = session->policy.bytes_max,
	};

	if (session->mac == POLICY_MAC_IGNORE)
		return 0;
	if (collect(verify, find, err) < 0)
		return -1;
	if (verify->count == 0 || session->no_files)
		return 0;
	if (session_root(session, err) < 0)
		return -1;
	/* A container without a repository: the whole file system, with /proc in it, is no place to look for sources. */
	if (strcmp(session->confine.root, "/") == 0)
		return 0;
	verify->root = session->confine.root;
	if (stage_index_covers(index, verify->root))
		options.index = index;
	return source_find(verify->wants, verify->count, &options, &verify->files, err);
}

static int by_source(const void *a, const void *b, void *cookie)
{
	const struct source_want *wants = cookie;
	const size_t i = *(const size_t *)a, j = *(const size_t *)b;
	const uintptr_t x = (uintptr_t)wants[i].bytes.data, y = (uintptr_t)wants[j].bytes.data;

	if (x != y)
		return x < y ? -1 : 1;
	return i < j ? -1 : i > j;
}

static size_t add_job(struct verify *verify, size_t i, struct decrypt_job *jobs, size_t count)
{
	const struct source_want *want = &verify->wants[i];

	verify->facts[i].job = count;
	verify->facts[i].job_own = true;
	jobs[count++] = (struct decrypt_job){
		.input = want->bytes,
		.in_format = want->format,
		.out_format = want->format,
		.mac = DECRYPT_MAC_VERIFY,
		.label = want->path,
		.no_output = true,
	};
	return count;
}

/* Many documents of one stream have one MAC over all: the same bytes, checked once. */
size_t verify_add_jobs(struct verify *verify, struct decrypt_job *jobs, size_t count)
{
	size_t i, n = 0;

	for (i = 0; i < verify->count; i++) {
		if (verify->wants[i].verdict == SOURCE_FOUND)
			verify->found[n++] = i;
	}
	if (n)
		qsort_r(verify->found, n, sizeof(*verify->found), by_source, verify->wants);
	for (i = 0; i < n; i++) {
		size_t want = verify->found[i], last = i ? verify->found[i - 1] : SIZE_MAX;

		if (i && verify->wants[last].bytes.data == verify->wants[want].bytes.data)
			verify->facts[want].job = verify->facts[last].job;
		else
			count = add_job(verify, want, jobs, count);
	}
	return count;
}

/* The item's own MAC may fit after all: a source with sorted keys and mac_only_encrypted, or nothing in between that sorts. */
static bool own_mac_fits(const struct decrypt_job *job)
{
	return job->done && !job->mac_bad;
}

static void tell(struct report *report, const struct err *err, const struct doc_node *item,
		 bool warn)
{
	if (warn)
		report_note("warning: %s", err->msg);
	else
		report_add(report, err, item);
}

/* A patch that puts another text into sops.mac hides the source. One of the document's own history does that too, but no other. */
static void report_forged(const struct source_want *want, bool warn, struct report *report)
{
	struct err err = ERR_INIT;

	(void)err_set(&err, ERR_MAC,
		      "%s: 'sops.mac' was never the MAC of a document with this data key",
		      want->label);
	tell(report, &err, want->item, warn);
}

/* Why there is no source: what was looked through, and what was not. A limit that somebody who writes to Git has used up must not look like a
 * source that lies elsewhere. */
struct why {
	char text[SOURCE_LIMIT_TEXT_MAX + ERR_MSG_MAX];
};

static struct why why_unverified(const struct verify *verify)
{
	struct why why = {.text = "no root to look for sources"};

	if (verify->root && verify->files.limit[0])
		snprintf(why.text, sizeof(why.text),
			 "not found below '%s', which was not looked through in full: %s",
			 text_quote(span_str(verify->root)).text, verify->files.limit);
	else if (verify->root)
		snprintf(why.text, sizeof(why.text), "no file below '%s' has the sops.mac",
			 text_quote(span_str(verify->root)).text);
	return why;
}

static const char *hint_of(const struct verify *verify)
{
	return verify->root && verify->files.limit[0]
		       ? "the policy's 'limits' say how many files and bytes are looked through; "
			 "--root names a smaller folder with the sources"
		       : "name the folder of the sources with --root; `mac: auto` takes items "
			 "without a source";
}

static void report_unverified(const struct verify *verify, const struct source_want *want,
			      struct report *report)
{
	struct err err = ERR_INIT;

	(void)err_set(&err, ERR_MAC, "%s: the MAC can not be verified: %s", want->label,
		      why_unverified(verify).text);
	(void)err_hint(&err, "%s", hint_of(verify));
	report_add(report, &err, want->item);
}

static void note_unverified(const struct verify *verify, size_t count, struct span names)
{
	report_note("%zu item%s could not be verified, %s: %.*s%s", count, count == 1 ? "" : "s",
		    why_unverified(verify).text, (int)names.len, (const char *)names.data,
		    names.len == NAMES_SHOWN_MAX ? "..." : "");
	if (verify->files.limit[0])
		report_note("hint: %s", hint_of(verify));
}

static void note_odd(const struct source_want *want)
{
	size_t i;

	for (i = 0; i < want->note_count; i++)
		report_note("%s: %s", want->label, want->notes[i]);
}

/* One want whose source was found or differs. Where the source's MAC is wrong and the item's own fits, the item is as it was encrypted: the file is a copy
 * of its source that somebody has changed. Not where it differs: with mac_only_encrypted the MAC knows nothing of the kind. */
static void report_found(const struct verify *verify, size_t i, const struct find *find,
			 const struct decrypt_job *jobs, bool warn, struct report *report)
{
	const struct source_want *want = &verify->wants[i];
	const struct verify_want *fact = &verify->facts[i];
	struct err err = ERR_INIT;

	if (want->verdict == SOURCE_MISMATCH) {
		err = *want->err;
		(void)err_wrap(&err, "%s", want->label);
	} else {
		/* What the item's own job says (no key) its source's would only repeat. */
		if (!fact->job_own || jobs[fact->job].done || !jobs[fact->hit].done)
			return;
		if (jobs[fact->job].err->code == ERR_MAC && own_mac_fits(&jobs[fact->hit]))
			return;
		err = *jobs[fact->job].err;
		(void)err_wrap(&err, "%s: its source", want->label);
	}
	tell(report, &err, find->hits[fact->hit].item, warn);
}

void verify_report(const struct verify *verify, const struct session *session,
		   const struct find *find, const struct decrypt_job *jobs, bool warn,
		   struct report *report)
{
	char names[NAMES_SHOWN_MAX];
	size_t i, count = 0, len = 0;

	for (i = 0; i < verify->count; i++) {
		const struct source_want *want = &verify->wants[i];
		struct span label = span_str(want->label);

		if (want->verdict != SOURCE_NOT_FOUND) {
			report_found(verify, i, find, jobs, warn, report);
			continue;
		}
		if (!jobs[verify->facts[i].hit].done || own_mac_fits(&jobs[verify->facts[i].hit]))
			continue;
		if (jobs[verify->facts[i].hit].mac_forged) {
			report_forged(want, warn, report);
			continue;
		}
		if (session->mac == POLICY_MAC_VERIFY) {
			report_unverified(verify, want, report);
			continue;
		}
		if (count++ && len + 2 <= sizeof(names)) {
			memcpy(names + len, ", ", 2);
			len += 2;
		}
		label = span_sub(label, 0, sizeof(names) - len);
		memcpy(names + len, label.data, label.len);
		len += label.len;
	}
	if (count == 0 || report->all)
		return;
	note_unverified(verify, count, span_of(names, len));
	for (i = 0; i < verify->count; i++) {
		if (verify->wants[i].verdict == SOURCE_NOT_FOUND)
			note_odd(&verify->wants[i]);
	}
}

void verify_release(struct verify *verify)
{
	source_files_release(&verify->files);
	arena_release(&verify->arena);
	verify->wants = NULL;
	verify->count = 0;
}
