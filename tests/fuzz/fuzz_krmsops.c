/* SPDX-License-Identifier: Apache-2.0
 *
 * Whole documents through the public library, with the key of tests/data/age.agekey; the first two bytes choose the formats. What the corpus has opens; what
 * has been changed in it says why not, on one line without a plaintext. What opens opens again to the same, and in no way differently for one who does
 * not ask for the MAC.
 */
#include "krmsops.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char identity[] =
	"AGE-SECRET-KEY-1M7NDCQE8Z42MQJUVFET5HH7N2XT7Y0SW5YDXEUGVYLE9H7DWZYVQEYM8ZR\n";
static const char plaintext[] = "hush"; /* of the documents of the corpus */

static struct krmsops *ks;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	ks = krmsops_new();
	if (!ks || krmsops_add_age(ks, identity, sizeof(identity) - 1, "identity") != KRMSOPS_OK)
		abort();
	return 0;
}

static enum krmsops_format format(uint8_t byte)
{
	return (enum krmsops_format)(KRMSOPS_YAML + byte % KRMSOPS_BINARY);
}

static void check(const struct krmsops_job *job)
{
	const char *at;

	if (job->status == KRMSOPS_OK) {
		assert(!job->error && (job->output || !job->output_len));
		assert(!job->output_len || !(job->flags & KRMSOPS_NO_OUTPUT));
		assert(!job->mac_bad || (job->flags & KRMSOPS_IGNORE_MAC));
		return;
	}
	assert(job->status != KRMSOPS_BUG && job->status != KRMSOPS_SYSTEM);
	assert(!job->output && !job->output_len && job->error && *job->error);
	assert(strcmp(job->error, krmsops_error(ks)) == 0);
	assert(!strstr(job->error, plaintext));
	for (at = job->error; *at; at++)
		assert((unsigned char)*at >= ' ' && *at != 0x7f);
}

static void run(struct krmsops_job *job, unsigned flags)
{
	job->flags = flags;
	assert(krmsops_decrypt(ks, job, 1) == job->status);
	check(job);
}

/* A document may hold the word in the clear, and then a message may quote it as a key. */
static int holds(const uint8_t *data, size_t size, const char *word)
{
	return memmem(data, size, word, strlen(word)) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct krmsops_job verified, again, ignored, opened;

	if (size < 2 || holds(data, size, plaintext))
		return 0;
	verified = (struct krmsops_job){
		.data = data + 2,
		.len = size - 2,
		.in = format(data[0]),
		.out = format(data[1]),
	};
	again = ignored = opened = verified;
	run(&verified, 0);
	run(&again, 0);
	run(&ignored, KRMSOPS_IGNORE_MAC);
	run(&opened, KRMSOPS_NO_OUTPUT);
	assert(again.status == verified.status && again.output_len == verified.output_len);
	assert(!verified.output_len ||
	       memcmp(again.output, verified.output, verified.output_len) == 0);
	if (verified.status == KRMSOPS_OK) {
		assert(ignored.status == KRMSOPS_OK && !ignored.mac_bad);
		assert(ignored.output_len == verified.output_len);
		assert(!verified.output_len ||
		       memcmp(ignored.output, verified.output, verified.output_len) == 0);
	}
	/* What can be written has been opened before. */
	assert(opened.status == KRMSOPS_OK || verified.status != KRMSOPS_OK);
	if (verified.status == KRMSOPS_MAC)
		assert(opened.status == KRMSOPS_MAC &&
		       (ignored.status == KRMSOPS_EMIT || ignored.mac_bad));
	krmsops_job_release(&verified);
	krmsops_job_release(&again);
	krmsops_job_release(&ignored);
	krmsops_job_release(&opened);
	return 0;
}
