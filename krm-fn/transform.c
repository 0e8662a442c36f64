/* SPDX-License-Identifier: Apache-2.0
 *
 * From encrypted objects to the edits of their text; see transform.h.
 */
#include "transform.h"

#include "apply.h"
#include "item.h"
#include "leftover_look.h"
#include "verify.h"

#include "base/text.h"
#include "base/wipe.h"

#include <stdlib.h>

/* What a run holds; released in one place. */
struct run {
	struct find find;
	struct verify verify;
	struct splice splice;
	struct decrypt_job *jobs;
	size_t job_count, job_cap;
};

static void run_release(struct run *run)
{
	size_t i;

	for (i = 0; i < run->job_count; i++)
		decrypt_job_release(&run->jobs[i]);
	wipe_free(run->jobs, run->job_cap * sizeof(*run->jobs));
	splice_release(&run->splice);
	verify_release(&run->verify);
	find_release(&run->find);
}

static int find_all(struct transform *transform, struct find *find)
{
	const struct find_options options = {.flux = transform->config->flux,
					     .string_data = transform->config->string_data,
					     .no_lines = transform->every_kind};
	struct err err = ERR_INIT;
	size_t i;

	if (transform->config->disabled)
		return 0;
	for (i = 0; i < transform->count; i++) {
		if (find_in_item(find, transform->items[i], &options, &err) < 0)
			report_add(&transform->report, &err, transform->items[i]);
	}
	for (i = 0; i < find->note_count; i++)
		report_note("%s is left to its operator", find->notes[i]);
	return transform->report.all ? -1 : 0;
}

/* kpt and `kustomize fn run` write the result into the tree that it came from. */
static int refuse_plaintext_on_disk(struct transform *transform, const struct find *find)
{
	struct err err = ERR_INIT;
	size_t i;

	for (i = 0; i < find->count && !transform->config->allow_plaintext; i++) {
		if (!item_is_in_place(find->hits[i].item))
			continue;
		(void)err_set(&err, ERR_POLICY, "%s: would be written back to its file decrypted",
			      find->hits[i].label);
		(void)err_hint(&err, "in functionConfig, 'spec: {allowPlaintextOnDisk: true}' "
				     "('data: {allowPlaintextOnDisk: \"true\"}' in a ConfigMap)");
		report_add(&transform->report, &err, find->hits[i].item);
		return -1;
	}
	return 0;
}

static void fill_job(const struct transform *transform, const struct find_hit *hit,
		     struct decrypt_job *job)
{
	bool ignore = transform->session->mac == POLICY_MAC_IGNORE || transform->mac_warns;

	*job = (struct decrypt_job){
		.input = hit->input,
		.in_format = hit->in_format,
		.out_format = hit->out_format,
		.label = hit->label,
		.mac = ignore ? DECRYPT_MAC_IGNORE : DECRYPT_MAC_VERIFY,
	};
	/* These are not the bytes that were encrypted: their MAC is verify.c's to check. */
	if (hit->kind != FIND_VALUE)
		job->mac = DECRYPT_MAC_IGNORE;
	if (hit->kind == FIND_WHOLE) {
		job->tree_doc = transform->doc;
		job->tree = hit->item;
		job->merged = true;
	}
}

static int decrypt_all(struct transform *transform, struct run *run)
{
	struct session *session = transform->session;
	const struct find *find = &run->find;
	struct err err = ERR_INIT;
	size_t i;

	run->job_cap = 2 * find->count;
	run->jobs = calloc(run->job_cap, sizeof(*run->jobs));
	if (!run->jobs) {
		(void)err_nomem(&err);
		goto failed;
	}
	for (i = 0; i < find->count; i++)
		fill_job(transform, &find->hits[i], &run->jobs[i]);
	run->job_count = verify_add_jobs(&run->verify, run->jobs, find->count);
	if (decrypt_run(run->jobs, run->job_count, &session->ring, NULL, &err) == 0)
		return 0;
	for (i = 0; i < find->count; i++) {
		if (run->jobs[i].err)
			report_add(&transform->report, run->jobs[i].err, find->hits[i].item);
	}
	/* Only a source's job has failed, which is verify_report()'s to tell; or none, and then it concerns all. */
	if (transform->report.all)
		return 0;
	for (i = find->count; i < run->job_count; i++) {
		if (run->jobs[i].err)
			return 0;
	}
failed:
	report_add(&transform->report, &err, NULL);
	return -1;
}

static void note_comments(const struct run *run)
{
	size_t i, warnings = 0;

	for (i = 0; i < run->find.count; i++)
		warnings += run->jobs[i].warnings;
	if (warnings)
		report_note("%zu comment%s could not be decrypted and stay%s", warnings,
			    warnings == 1 ? "" : "s",
			    warnings == 1 ? "s as it is" : " as they are");
}

/* Values whose jobs looked at the MAC without making an error of it. */
static void note_macs(const struct transform *transform, const struct run *run)
{
	size_t i;

	for (i = 0; i < run->find.count && transform->mac_warns; i++) {
		if (run->find.hits[i].kind == FIND_VALUE && run->jobs[i].mac_bad &&
		    transform->session->mac != POLICY_MAC_IGNORE)
			report_note("warning: %s: the MAC is missing or wrong",
				    run->find.hits[i].label);
	}
}

/* After the run or, for mode: validate, without one. hits: what was decrypted, in the order of the items. */
static int look_for_leftovers(struct transform *transform, const struct find *find)
{
	const struct leftover_look look = {
		.config = transform->config,
		.every_kind = transform->every_kind,
		.warns = transform->left_warns,
		.report = &transform->report,
	};
	size_t i, hit = 0;

	for (i = 0; i < transform->count; i++) {
		const struct doc_node *item = transform->items[i];
		bool whole = false;

		for (; find && hit < find->count && find->hits[hit].item == item; hit++)
			whole = whole || find->hits[hit].kind == FIND_WHOLE;
		leftover_look(&look, item, whole);
	}
	return transform->report.all ? -1 : 0;
}

static int run_hits(struct transform *transform, struct run *run)
{
	struct session *session = transform->session;
	struct err err = ERR_INIT;
	size_t i;

	/* Before the run, while the trees are whole. */
	if (session_keys(session, transform->config, transform->items, transform->count, &err) <
		    0 ||
	    verify_find(&run->verify, session, transform->index, &run->find, &err) < 0) {
		report_add(&transform->report, &err, NULL);
		return -1;
	}
	for (i = 0; i < run->find.count; i++) {
		if (apply_removals(&run->splice, &run->find.hits[i], &err) < 0)
			report_add(&transform->report, &err, run->find.hits[i].item);
	}
	if (transform->report.all || decrypt_all(transform, run) < 0)
		return -1;
	verify_report(&run->verify, session, &run->find, run->jobs, transform->mac_warns,
		      &transform->report);
	if (transform->report.all)
		return -1;
	for (i = 0; i < run->find.count; i++) {
		/* Each failure has been told by now. What was not decrypted is never written as if it were an empty value. */
		if (!run->jobs[i].done) {
			(void)err_set(&err, ERR_BUG, "%s: was not decrypted",
				      run->find.hits[i].label);
			report_add(&transform->report, &err, run->find.hits[i].item);
			continue;
		}
		if (apply_result(&run->splice, &transform->doc->arena, &run->find.hits[i],
				 &run->jobs[i], &err) < 0)
			report_add(&transform->report, &err, run->find.hits[i].item);
	}
	if (transform->report.all)
		return -1;
	note_comments(run);
	note_macs(transform, run);
	return 0;
}

int transform_run(struct transform *transform, struct buf *out)
{
	CLEANUP(run_release)
	struct run run = {
		.find = FIND_INIT, .verify = VERIFY_INIT, .splice = SPLICE_INIT(transform->text)};
	struct err err = ERR_INIT;

	if (find_all(transform, &run.find) < 0 ||
	    refuse_plaintext_on_disk(transform, &run.find) < 0)
		return -1;
	if (run.find.count && run_hits(transform, &run) < 0)
		return -1;
	if (look_for_leftovers(transform, &run.find) < 0)
		return -1;
	if (out && splice_apply(&run.splice, out, &err) < 0) {
		report_add(&transform->report, &err, NULL);
		return -1;
	}
	return 0;
}

int transform_validate(struct transform *transform)
{
	return look_for_leftovers(transform, NULL);
}

void transform_release(struct transform *transform)
{
	report_release(&transform->report);
}
