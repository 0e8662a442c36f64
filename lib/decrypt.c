/* SPDX-License-Identifier: Apache-2.0
 *
 * The door: every job read, all data keys opened together, then every job decrypted; see decrypt.h.
 */
#include "decrypt.h"

#include "base/wipe.h"
#include "sops/datakey.h"
#include "sops/regex.h"
#include "sops/sops_extract.h"
#include "sops/sops_tree.h"

#include <stdlib.h>

/* What the second pass keeps from one job to the next: making it costs more than a small document. */
struct engine {
	struct gcm *gcm;
	struct sops_mac *mac;
	struct sops_value_opener opener;
	struct sops_rule rule;
	struct regex_work patterns; /* of all jobs */
};

static void engine_release(struct engine *engine)
{
	sops_rule_release(&engine->rule);
	gcm_free(engine->gcm);
	sops_mac_free(engine->mac);
	buf_release(&engine->opener.scratch);
}

#define CLEAN_ENGINE CLEANUP(engine_release)

/* Keeps why a job is not done. Running out of memory for the reason is for all. */
static int keep(struct decrypt_job *job, const struct err *why, struct err *err)
{
	job->err = malloc(sizeof(*job->err));
	if (!job->err)
		return err_nomem(err);
	*job->err = *why;
	return 0;
}

static struct doc *doc_of(struct decrypt_job *job)
{
	return job->tree ? job->tree_doc : &job->doc;
}

/* A whole item: its `sops` entry is taken out here, a document's by sops_meta_take(). */
static int load_tree(struct decrypt_job *job, struct err *err)
{
	struct doc_node *block = doc_get(job->tree, "sops");

	if (!block)
		return err_set(err, ERR_FORMAT, "sops metadata not found");
	doc_remove(job->tree, block);
	return sops_meta_parse(job->tree_doc, block, &job->meta, err);
}

static int load(struct decrypt_job *job, struct err *err)
{
	/* What is wrong with the path is told before anybody is asked for a key. */
	if (job->extract && sops_extract_check(job->extract, err) < 0)
		return -1;
	if (job->tree)
		return load_tree(job, err);
	job->doc = (struct doc)DOC_INIT;
	if (doc_read(job->in_format, job->input, &job->doc, err) < 0)
		return -1;
	return sops_meta_take(&job->doc, job->in_format, &job->meta, err);
}

static int write_output(struct decrypt_job *job, struct err *err)
{
	static const struct doc_style plain = {.yaml_indent = 0};
	const struct doc_style *style = job->style ? job->style : &plain;
	CLEAN_BUF struct buf out = BUF_INIT(DECRYPT_OUTPUT_MAX);
	int r;

	if (job->extract)
		r = sops_extract_write(&job->doc, job->extract, job->out_format, style, &out, err);
	else
		r = doc_write(job->out_format, &job->doc, style, &out, err);
	if (r < 0)
		return -1;
	buf_move(&job->output, &out);
	return 0;
}

static int check_mac(struct engine *engine, struct decrypt_job *job, struct err *err)
{
	if (sops_mac_check(engine->mac, &job->meta, &engine->opener, err) == 0)
		return 0;
	if (job->mac != DECRYPT_MAC_IGNORE || err->code != ERR_MAC)
		return -1;
	job->mac_bad = true;
	job->mac_forged = !sops_mac_opens(engine->mac, &job->meta, &engine->opener);
	return 0;
}

static int open_job(struct engine *engine, struct decrypt_job *job, struct err *err)
{
	struct sops_tree tree = {
		.first = job->tree ? job->tree : job->doc.first,
		.siblings = !job->tree,
		.only_encrypted = job->meta.mac_only_encrypted,
		.merged = job->merged,
		.rule = &engine->rule,
		.opener = &engine->opener,
		.mac = engine->mac,
	};
	int r;

	engine->opener.gcm = engine->gcm;
	engine->opener.arena = &doc_of(job)->arena;
	if (sops_rule_init(&job->meta, &engine->patterns, &engine->rule, err) < 0 ||
	    gcm_set_key(engine->gcm, job->key.data, err) < 0)
		return -1;
	sops_mac_start(engine->mac, job->meta.mac_only_encrypted);
	r = sops_tree_open(&tree, err);
	job->warnings = tree.warnings;
	if (r < 0 || check_mac(engine, job, err) < 0)
		return -1;
	if (job->tree || job->no_output)
		return 0;
	return write_output(job, err);
}

static int open_all(struct decrypt_job *jobs, size_t n, struct err *err)
{
	CLEAN_ENGINE struct engine engine = {
		.opener = {.scratch = BUF_INIT(SOPS_VALUE_SCRATCH_MAX)},
	};
	struct err own = ERR_INIT;
	size_t i;

	for (i = 0; i < n; i++) {
		if (jobs[i].err || jobs[i].ask_only || !jobs[i].key.data)
			continue;
		if (!engine.gcm &&
		    (gcm_new(&engine.gcm, err) < 0 || sops_mac_new(&engine.mac, err) < 0))
			return -1;
		if (open_job(&engine, &jobs[i], &own) == 0)
			jobs[i].done = true;
		else if (keep(&jobs[i], &own, err) < 0)
			return -1;
	}
	return 0;
}

/* Gives each loaded job its data key, or its reason why not. */
static int open_keys(struct decrypt_job *jobs, size_t n, struct datakey_want *wants,
		     struct keyring *ring, const char *order, struct err *err)
{
	size_t i, count = 0;
	int r;

	for (i = 0; i < n; i++) {
		if (jobs[i].loaded)
			wants[count++].meta = &jobs[i].meta;
	}
	r = datakey_open(wants, count, ring, order, err);
	for (i = 0, count = 0; i < n; i++) {
		if (!jobs[i].loaded)
			continue;
		jobs[i].key = wants[count].key;
		jobs[i].err = wants[count].err;
		count++;
	}
	return r;
}

static int run(struct decrypt_job *jobs, size_t n, struct keyring *ring, const char *order,
	       struct err *err)
{
	struct datakey_want *wants;
	struct err own = ERR_INIT;
	size_t i;
	int r;

	for (i = 0; i < n; i++) {
		jobs[i].loaded = load(&jobs[i], &own) == 0;
		if (!jobs[i].loaded && keep(&jobs[i], &own, err) < 0)
			return -1;
	}
	wants = calloc(n ? n : 1, sizeof(*wants));
	if (!wants)
		return err_nomem(err);
	r = open_keys(jobs, n, wants, ring, order, err);
	wipe_free(wants, n * sizeof(*wants));
	return r < 0 ? -1 : open_all(jobs, n, err);
}

int decrypt_run(struct decrypt_job *jobs, size_t n, struct keyring *ring, const char *order,
		struct err *err)
{
	size_t i, first = n;

	if (run(jobs, n, ring, order, err) < 0)
		return -1;
	for (i = n; i-- > 0;) {
		if (jobs[i].done || jobs[i].ask_only)
			continue;
		if (jobs[i].label)
			(void)err_wrap(jobs[i].err, "%s", jobs[i].label);
		first = i;
	}
	if (first == n)
		return 0;
	*err = *jobs[first].err;
	return -1;
}

void decrypt_job_release(struct decrypt_job *job)
{
	if (!job)
		return;
	buf_release(&job->output);
	doc_release(&job->doc);
	free(job->err);
	job->err = NULL;
	job->key = SPAN_NULL;
	job->loaded = job->done = false;
}
