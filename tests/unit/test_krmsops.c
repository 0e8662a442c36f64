/* SPDX-License-Identifier: Apache-2.0
 *
 * The public API, on the documents of tests/data: each has the verdict of the real sops on it.
 */
#include "mangle.h"

#include "base/text.h"
#include "doc/doc.h"
#include "krmsops.h"

#include <stdio.h>

enum { FILE_MAX_BYTES = 16 * 1024 * 1024 };

static void read_file(const char *name, struct buf *out)
{
	FILE *file = fopen(name, "rb");
	uint8_t *room;
	size_t got;

	if (!file)
		fail_msg("%s: run from the top of the tree", name);
	do {
		room = buf_room(out, 65536);
		assert_non_null(room);
		got = fread(room, 1, 65536, file);
		out->len += got;
	} while (got);
	fclose(file);
}

static struct krmsops *with_our_key(void)
{
	CLEAN_BUF struct buf keys = BUF_INIT(FILE_MAX_BYTES);
	struct krmsops *ks = krmsops_new();

	assert_non_null(ks);
	read_file("tests/data/age.agekey", &keys);
	assert_int_equal(krmsops_add_age(ks, keys.data, keys.len, "age.agekey"), KRMSOPS_OK);
	return ks;
}

/* sops's exit status for ours. */
static int exit_of(enum krmsops_status status)
{
	switch (status) {
	case KRMSOPS_OK:
		return 0;
	case KRMSOPS_VALUE:
		return 25;
	case KRMSOPS_MAC:
		return 51;
	case KRMSOPS_EMIT:
		return 4;
	case KRMSOPS_NO_KEY:
		return 128;
	default:
		return 1;
	}
}

/* The bytes of a case's text or output: a string, or {"base64": ...}. */
static void add_bytes(const struct doc_node *node, struct buf *out)
{
	if (node && node->kind == DOC_STRING)
		buf_add_span(out, node->str);
	else if (node && node->kind == DOC_MAP)
		assert_int_equal(base64_decode(BASE64_STRICT, doc_get_str(node, "base64"), out), 0);
}

/* False for cases that are about the command line. */
static bool set_up(const struct doc_node *item, const struct buf *text, struct krmsops_job *job)
{
	const struct doc_node *args = doc_get(item, "args");
	struct span suffix = doc_get_str(item, "suffix");
	char name[32];

	if (args->kids.first &&
	    (!span_is(args->kids.first->str, "--ignore-mac") || args->kids.first->next))
		return false;
	snprintf(name, sizeof(name), "x.%.*s", (int)suffix.len, (const char *)suffix.data);
	job->in = job->out = krmsops_format_of_name(name);
	job->flags = args->kids.first ? KRMSOPS_IGNORE_MAC : 0;
	job->data = text->data;
	job->len = text->len;
	return !span_is(doc_get_str(item, "differs"),
			"differs_guesses_where_the_name_says_nothing");
}

static void says_what_sops_says(void **state)
{
	CLEAN_BUF struct buf file = BUF_INIT(FILE_MAX_BYTES);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct krmsops *ks = with_our_key();
	struct err err = ERR_INIT;
	const struct doc_node *item;
	enum krmsops_status status;
	size_t done = 0;

	read_file("tests/data/cases.json", &file);
	assert_int_equal(doc_read(DOC_JSON, buf_span(&file), &doc, &err), 0);
	doc_each (item, doc_get(doc.first, "cases")) {
		CLEAN_BUF struct buf text = BUF_INIT(FILE_MAX_BYTES);
		CLEAN_BUF struct buf want = BUF_INIT(FILE_MAX_BYTES);
		struct krmsops_job job = {.len = 0};
		struct span name = doc_get_str(item, "name");

		add_bytes(doc_get(item, "text"), &text);
		if (!text.len && doc_get(item, "base64"))
			assert_int_equal(
				base64_decode(BASE64_STRICT, doc_get_str(item, "base64"), &text),
				0);
		add_bytes(doc_get(item, "stdout"), &want);
		if (!set_up(item, &text, &job))
			continue;
		status = krmsops_decrypt(ks, &job, 1);
		assert_int_equal(status, job.status);
		if (exit_of(job.status) != doc_get(item, "status")->integer)
			fail_msg("%.*s: %d, %s", (int)name.len, (const char *)name.data, job.status,
				 job.error ? job.error : "");
		assert_true(span_eq(span_of(job.output, job.output_len), buf_span(&want)));
		assert_int_equal(job.error == NULL, job.status == KRMSOPS_OK);
		if (job.error)
			assert_string_equal(job.error, krmsops_error(ks));
		krmsops_job_release(&job);
		done++;
	}
	assert_true(done > 300);
	krmsops_free(ks);
}

static void document(const char *name, struct buf *out)
{
	CLEAN_BUF struct buf file = BUF_INIT(FILE_MAX_BYTES);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err err = ERR_INIT;
	const struct doc_node *item;

	read_file("tests/data/cases.json", &file);
	assert_int_equal(doc_read(DOC_JSON, buf_span(&file), &doc, &err), 0);
	doc_each (item, doc_get(doc.first, "cases")) {
		if (span_is(doc_get_str(item, "name"), name))
			add_bytes(doc_get(item, "text"), out);
	}
	assert_true(out->len > 0);
}

static void many_documents_do_not_stop_each_other(void **state)
{
	static const char *const names[] = {"good_yaml", "r12_lastmodified_changed", "good_yaml",
					    "r21_keys_of_others"};
	struct buf text[4] = {BUF_INIT(FILE_MAX_BYTES), BUF_INIT(FILE_MAX_BYTES),
			      BUF_INIT(FILE_MAX_BYTES), BUF_INIT(FILE_MAX_BYTES)};
	struct krmsops_job jobs[4] = {{.len = 0}};
	struct krmsops *ks = with_our_key();
	size_t i;

	for (i = 0; i < 4; i++) {
		document(names[i], &text[i]);
		jobs[i] = (struct krmsops_job){.data = text[i].data,
					       .len = text[i].len,
					       .in = KRMSOPS_YAML,
					       .out = i == 2 ? KRMSOPS_JSON : KRMSOPS_YAML};
	}
	assert_int_equal(krmsops_decrypt(ks, jobs, 4), KRMSOPS_MAC);
	assert_int_equal(jobs[0].status, KRMSOPS_OK);
	assert_true(span_is(span_of(jobs[0].output, jobs[0].output_len), "a: hush\n"));
	assert_int_equal(jobs[1].status, KRMSOPS_MAC);
	assert_null(jobs[1].output);
	assert_true(
		span_is(span_of(jobs[2].output, jobs[2].output_len), "{\n\t\"a\": \"hush\"\n}\n"));
	assert_int_equal(jobs[3].status, KRMSOPS_NO_KEY);
	/* a job can be run again: what it held is released first */
	jobs[1].flags = KRMSOPS_IGNORE_MAC;
	jobs[3].flags = KRMSOPS_NO_OUTPUT;
	assert_int_equal(krmsops_decrypt(ks, jobs, 3), KRMSOPS_OK);
	assert_true(jobs[1].mac_bad);
	assert_true(span_is(span_of(jobs[1].output, jobs[1].output_len), "a: hush\n"));
	for (i = 0; i < 4; i++) {
		krmsops_job_release(&jobs[i]);
		krmsops_job_release(&jobs[i]);
		buf_release(&text[i]);
	}
	krmsops_free(ks);
}

static void tells_what_is_wrong_with_arguments_and_keys(void **state)
{
	static const char bad[] = "AGE-SECRET-KEY-1QQQQ\n", none[] = "# nothing\n\n";
	struct krmsops_job job = {.data = "", .in = (enum krmsops_format)9, .out = KRMSOPS_YAML};
	struct krmsops *ks = krmsops_new();

	assert_string_equal(krmsops_error(ks), "");
	assert_int_equal(krmsops_decrypt(ks, &job, 1), KRMSOPS_USAGE);
	assert_string_equal(krmsops_error(ks), job.error);
	job.in = (enum krmsops_format)0;
	assert_int_equal(krmsops_decrypt(ks, &job, 1), KRMSOPS_USAGE);
	krmsops_job_release(&job);
	assert_int_equal(krmsops_decrypt(ks, NULL, 0), KRMSOPS_OK);
	assert_string_equal(krmsops_error(ks), "");
	assert_int_equal(krmsops_add_age(ks, bad, sizeof(bad) - 1, "bad.txt"), KRMSOPS_FORMAT);
	assert_non_null(strstr(krmsops_error(ks), "bad.txt"));
	assert_null(strstr(krmsops_error(ks), "QQQQ"));
	assert_int_equal(krmsops_add_age(ks, none, sizeof(none) - 1, "none.txt"), KRMSOPS_OK);
	assert_int_equal(krmsops_add_ssh(ks, "x", 1, "id_rsa"), KRMSOPS_FORMAT);
	krmsops_free(ks);
	krmsops_free(NULL);
	krmsops_job_release(NULL);
}

static void names_decide_as_in_sops(void **state)
{
	assert_int_equal(krmsops_format_of_name("a.yaml"), KRMSOPS_YAML);
	assert_int_equal(krmsops_format_of_name("a.yml"), KRMSOPS_YAML);
	assert_int_equal(krmsops_format_of_name("a.json"), KRMSOPS_JSON);
	assert_int_equal(krmsops_format_of_name(".env"), KRMSOPS_DOTENV);
	assert_int_equal(krmsops_format_of_name("a.ini"), KRMSOPS_INI);
	assert_int_equal(krmsops_format_of_name("a.YAML"), KRMSOPS_BINARY);
	assert_int_equal(krmsops_format_of_name(""), KRMSOPS_BINARY);
	assert_string_equal(krmsops_version(), KRMSOPS_VERSION);
}

static void takes_pgp_keys(void **state)
{
	CLEAN_BUF struct buf keys = BUF_INIT(FILE_MAX_BYTES), text = BUF_INIT(FILE_MAX_BYTES),
			     want = BUF_INIT(FILE_MAX_BYTES);
	struct krmsops *ks = krmsops_new();
	struct krmsops_job job = {.in = KRMSOPS_YAML, .out = KRMSOPS_YAML};

	read_file("tests/data/pgp/ecc.asc", &keys);
	read_file("tests/data/pgp/sops-ecc.enc.yaml", &text);
	read_file("tests/data/pgp/plain.yaml", &want);
	job.data = text.data;
	job.len = text.len;
	assert_int_equal(krmsops_add_pgp(ks, "x", 1, "x.asc"), KRMSOPS_FORMAT);
	assert_string_equal(krmsops_error(ks), "PGP keys of 'x.asc': no PGP key found");
	assert_int_equal(krmsops_decrypt(ks, &job, 1), KRMSOPS_NO_KEY);
	krmsops_job_release(&job);
	assert_int_equal(krmsops_add_pgp(ks, keys.data, keys.len, "ecc.asc"), KRMSOPS_OK);
	if (krmsops_decrypt(ks, &job, 1) != KRMSOPS_OK)
		fail_msg("%s", krmsops_error(ks));
	assert_true(span_eq(span_of(job.output, job.output_len), buf_span(&want)));
	krmsops_job_release(&job);
	/* there is no other program to ask */
	buf_reset(&text);
	read_file("tests/data/pgp/sops-bzip2.enc.yaml", &text);
	job.data = text.data;
	job.len = text.len;
	assert_int_equal(krmsops_decrypt(ks, &job, 1), KRMSOPS_NO_KEY);
	krmsops_job_release(&job);
	krmsops_free(ks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_sops_says),
		cmocka_unit_test(many_documents_do_not_stop_each_other),
		cmocka_unit_test(tells_what_is_wrong_with_arguments_and_keys),
		cmocka_unit_test(names_decide_as_in_sops),
		cmocka_unit_test(takes_pgp_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
