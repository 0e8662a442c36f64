/* SPDX-License-Identifier: Apache-2.0
 *
 * Decrypting the files of a build; see flux_open.h.
 */
#include "flux_open.h"

#include "base/text.h"
#include "base/wipe.h"
#include "sops/sops_value.h"

#include <stdlib.h>

static int make_room(struct flux_open *open, size_t count, struct err *err)
{
	size_t jobs = count + open->ahead.count;

	/* One more of each: none at all would look like no memory. */
	open->jobs = calloc(jobs + 1, sizeof(*open->jobs));
	open->opened = calloc(count + 1, sizeof(*open->opened));
	open->closed = calloc(count + 1, sizeof(*open->closed));
	if (!open->jobs || !open->opened || !open->closed)
		return err_nomem(err);
	open->count = count;
	open->job_count = jobs;
	return 0;
}

/* Is there somebody to wait for? What is at hand is as quick a second time. */
static bool waits(const struct session *session)
{
	const struct keyring *ring = &session->ring;
	size_t i;

	for (i = 0; i < ring->count; i++) {
		if (ring->services[i].service->start)
			return true;
	}
	return session->remote != NULL;
}

static int look_ahead(struct flux_open *open, struct session *session,
		      const struct flux_sources *sources, struct err *err)
{
	if (!waits(session))
		return 0;
	if (flux_ahead_read(&open->ahead, sources, open->vars, err) < 0)
		return -1;
	if (open->ahead.count) {
		open->ring = &session->ring;
		open->ring->memo = &open->memo;
	}
	return 0;
}

static void fill_jobs(struct flux_open *open, const struct flux_sources *sources,
		      enum decrypt_mac mac)
{
	size_t i;

	for (i = 0; i < sources->count; i++) {
		const struct flux_source *source = &sources->list[i];

		open->closed[i] = buf_span(&source->text);
		open->jobs[i] = (struct decrypt_job){
			.input = open->closed[i],
			.in_format = source->format,
			.out_format = source->format,
			.mac = mac,
			.label = source->path,
		};
	}
	flux_ahead_add_jobs(&open->ahead, open->jobs + open->count);
}

static void tell(const struct flux_open *open, struct report *report)
{
	struct err whole;
	size_t i;

	for (i = 0; i < open->count; i++) {
		if (!open->jobs[i].err)
			continue;
		whole = *open->jobs[i].err;
		(void)err_wrap(&whole, "error decrypting sources");
		report_add(report, &whole, NULL);
	}
}

static int write_back(const struct flux_open *open, const struct stage *stage,
		      const struct flux_sources *sources, bool warn, struct err *err)
{
	size_t i;

	for (i = 0; i < open->count; i++) {
		const struct decrypt_job *job = &open->jobs[i];

		/* What was not decrypted is never written as if it were empty. */
		if (!job->done)
			return err_set(err, ERR_BUG, "'%s': was not decrypted",
				       text_quote(span_str(sources->list[i].path)).text);
		if (job->mac_bad && warn)
			report_note("warning: '%s': the MAC is missing or wrong",
				    text_quote(span_str(sources->list[i].path)).text);
		open->opened[i] = buf_span(&job->output);
		if (stage_write(stage, sources->list[i].path, open->opened[i], err) < 0)
			return -1;
	}
	return 0;
}

int flux_open_sources(struct flux_open *open, struct session *session, const struct config *config,
		      const struct stage *stage, const struct flux_sources *sources,
		      struct report *report, struct err *err)
{
	/* Where there is one round only, kustomize's output decides what it is about. */
	if (!sources->count && span_search(open->vars, SOPS_VALUE_BEGIN) == SIZE_MAX)
		return 0;
	if (session_keys(session, config, NULL, 0, err) < 0 ||
	    look_ahead(open, session, sources, err) < 0 || make_room(open, sources->count, err) < 0)
		return -1;
	fill_jobs(open, sources,
		  session->mac == POLICY_MAC_VERIFY ? DECRYPT_MAC_VERIFY : DECRYPT_MAC_IGNORE);
	if (decrypt_run(open->jobs, open->job_count, &session->ring, NULL, err) < 0) {
		tell(open, report);
		return -1;
	}
	return write_back(open, stage, sources, session->mac != POLICY_MAC_IGNORE, err);
}

void flux_open_release(struct flux_open *open)
{
	size_t i;

	for (i = 0; i < open->job_count; i++)
		decrypt_job_release(&open->jobs[i]);
	wipe_free(open->jobs, open->job_count * sizeof(*open->jobs));
	free(open->opened);
	free(open->closed);
	flux_ahead_release(&open->ahead);
	datakey_memo_release(&open->memo);
	if (open->ring)
		open->ring->memo = NULL;
	*open = (struct flux_open)FLUX_OPEN_INIT;
}
