/* SPDX-License-Identifier: Apache-2.0
 *
 * `check --with-keys`: every encrypted document is opened and authenticated, nothing is written; see check.h. Many at a time, so that equal data
 * keys are opened once and a key service is asked for all of them together.
 */
#include "check.h"

#include "base/text.h"

#include <stdlib.h>

/* The jobs of what is pending: one for a document, one for each encrypted branch of a stream. */
struct batch {
	struct decrypt_job *jobs;
	const struct check_pending **of; /* beside jobs */
	size_t count, room;
	struct doc *streams; /* beside pending; the trees of those that are streams */
};

static void batch_release(struct batch *batch)
{
	size_t i;

	for (i = 0; i < batch->count; i++)
		decrypt_job_release(&batch->jobs[i]);
	for (i = 0; batch->streams && i < CHECK_PENDING_MAX; i++)
		doc_release(&batch->streams[i]);
	free(batch->jobs);
	free(batch->of);
	free(batch->streams);
}

static int add_job(struct batch *batch, const struct check_pending *pending,
		   const struct decrypt_job *job, struct err *err)
{
	if (batch->count == batch->room) {
		size_t room = batch->room ? batch->room * 2 : CHECK_PENDING_MAX;
		struct decrypt_job *jobs = reallocarray(batch->jobs, room, sizeof(*jobs));
		const struct check_pending **of;

		if (!jobs)
			return err_nomem(err);
		batch->jobs = jobs;
		of = reallocarray(batch->of, room, sizeof(*of));
		if (!of)
			return err_nomem(err);
		batch->of = of;
		batch->room = room;
	}
	batch->jobs[batch->count] = *job;
	batch->of[batch->count++] = pending;
	return 0;
}

static int add_stream(struct batch *batch, const struct check_pending *pending, struct doc *doc,
		      struct err *err)
{
	struct doc_node *branch;

	if (doc_read(pending->format, buf_span(&pending->text), doc, err) < 0)
		return -1;
	for (branch = doc->first; branch; branch = branch->next) {
		const struct decrypt_job job = {
			.tree_doc = doc,
			.tree = branch,
			.no_output = true,
		};

		if (doc_get(branch, "sops") && add_job(batch, pending, &job, err) < 0)
			return -1;
	}
	return 0;
}

static int fill(struct check *check, struct batch *batch, struct err *err)
{
	size_t i;

	batch->streams = calloc(CHECK_PENDING_MAX, sizeof(*batch->streams));
	if (!batch->streams)
		return err_nomem(err);
	for (i = 0; i < CHECK_PENDING_MAX; i++)
		batch->streams[i] = (struct doc)DOC_INIT;
	for (i = 0; i < check->pending_count; i++) {
		const struct check_pending *pending = &check->pending[i];
		const struct decrypt_job job = {
			.input = buf_span(&pending->text),
			.in_format = pending->format,
			.out_format = pending->format,
			.no_output = true,
		};

		if ((pending->branches ? add_stream(batch, pending, &batch->streams[i], err)
				       : add_job(batch, pending, &job, err)) < 0)
			return -1;
	}
	return 0;
}

static bool is_opened(const struct doc_node *map, const char *key)
{
	const struct doc_node *node = doc_get(map, key);

	return node && node->flags & DOC_OPENED;
}

/* The object for a finding, unless its names were encrypted: then they are plaintext by now. */
static const struct doc_node *shown_item(const struct doc_node *item)
{
	const struct doc_node *metadata;

	if (!item || is_opened(item, "kind") || is_opened(item, "apiVersion"))
		return NULL;
	metadata = doc_get(item, "metadata");
	return is_opened(metadata, "name") || is_opened(metadata, "namespace") ? NULL : item;
}

static int tell(struct check *check, const struct batch *batch, size_t i, struct err *err)
{
	const struct decrypt_job *job = &batch->jobs[i];
	const struct finding_at at = {
		.path = batch->of[i]->shown,
		.line = job->tree ? job->tree->line : 0,
		.item = shown_item(job->tree ? job->tree : job->doc.first),
	};

	if (job->done)
		return 0;
	if (job->err && job->err->code == ERR_NOMEM) {
		*err = *job->err;
		return -1;
	}
	return findings_add(&check->findings, &at, err, "%s",
			    job->err ? err_joined(job->err).msg : "can not be opened");
}

static void drop(struct check *check)
{
	while (check->pending_count) {
		struct check_pending *pending = &check->pending[--check->pending_count];

		buf_release(&pending->text);
		free(pending->shown);
	}
	check->pending_bytes = 0;
}

int check_keys_run(struct check *check, struct err *err)
{
	CLEANUP(batch_release) struct batch batch = {.count = 0};
	struct err first = ERR_INIT;
	size_t i;

	if (!check->pending_count)
		return 0;
	if (fill(check, &batch, err) < 0)
		return -1;
	/* What fails is told job by job. */
	if (decrypt_run(batch.jobs, batch.count, check->ring, NULL, &first) < 0 &&
	    first.code == ERR_NOMEM) {
		*err = first;
		return -1;
	}
	for (i = 0; i < batch.count; i++) {
		if (tell(check, &batch, i, err) < 0)
			return -1;
	}
	drop(check);
	return 0;
}

int check_keys_add(struct check *check, const struct path_file *file, enum doc_format format,
		   bool branches, struct err *err)
{
	struct check_pending *pending;

	if (!check->ring)
		return 0;
	if ((check->pending_count == CHECK_PENDING_MAX ||
	     check->pending_bytes > CHECK_PENDING_BYTES_MAX) &&
	    check_keys_run(check, err) < 0)
		return -1;
	pending = &check->pending[check->pending_count];
	*pending = (struct check_pending){
		.text = BUF_INIT(DOC_INPUT_MAX),
		.format = format,
		.branches = branches,
	};
	pending->shown = strdup(file->shown);
	if (!pending->shown)
		return err_nomem(err);
	check->pending_count++;
	buf_add_span(&pending->text, file->text);
	check->pending_bytes += file->text.len;
	return buf_check(&pending->text, err);
}

void check_release(struct check *check)
{
	if (!check)
		return;
	drop(check);
	findings_release(&check->findings);
	creation_cache_release(&check->rules);
}
