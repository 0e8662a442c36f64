/* SPDX-License-Identifier: Apache-2.0
 *
 * The last steps of a build: variables, their substitution, commonMetadata; and what kustomize says, without what is secret in it.
 */
#include "flux_finish.h"

#include "kustomize.h"
#include "mangle.h"

#define HEAD                                                                \
	"apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n" \
	"metadata: {name: apps, namespace: ns}\nspec:\n"
#define MAP(more) "apiVersion: v1\ndata:\n" more "kind: ConfigMap\nmetadata:\n  name: a\n"
#define FROM                                                                                                     \
	"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: ns}\ndata: {A: \"x\\ny\", B: b}\n" \
	"---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {B: cw==}\nstringData: {C: t}\n"          \
	"---\napiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: other}\ndata: {B: eA==}\n"

static const struct {
	const char *spec, *text, *want; /* NULL: an error */
} cases[] = {
	{"  path: x\n", MAP("  a: ${A}\n"), MAP("  a: ${A}\n")},
	{"  postBuild: {}\n", MAP("  a: ${A}\n"), MAP("  a: ${A}\n")},
	{"  postBuild: {substituteStrategy: Always}\n", MAP("  a: ${A:=b}\n"), MAP("  a: b\n")},
	{"  postBuild: {substituteStrategy: Always}\n", MAP("  a: ${A}\n"), NULL},
	{"  postBuild: {substitute: {A: b}}\n", MAP("  a: ${A}\n") "---\n" MAP("  z: 1\n"),
	 MAP("  a: b\n") "---\n" MAP("  z: 1\n")},
	{"  postBuild: {substitute: {A: \"yes\"}}\n", MAP("  a: ${A}\n  b: \"${A}\"\n"),
	 MAP("  a: true\n  b: \"yes\"\n")},
	{"  postBuild: {substitute: {A: \"b: c\"}}\n", MAP("  a: ${A}\n"), NULL},
	{"  postBuild: {substitute: {A: \"{b: c}\"}}\n", MAP("  a: ${A}\n"),
	 MAP("  a:\n    b: c\n")},
	{"  postBuild: {substitute: {A: 1}}\n", MAP("  a: ${A}\n"), NULL},
	{"  postBuild: {substitute: {A: \"ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]\"}}\n",
	 MAP("  a: x${A}\n"), NULL},
	{"  postBuild: {substitute: {A-B: x}}\n", MAP("  a: ${A}\n"), NULL},
	{"  postBuild: {substitute: {A: b}}\n", MAP("  a: $${A}\n"), MAP("  a: ${A}\n")},
	{"  postBuild: {substitute: {A: b}}\n",
	 MAP("  a: ${A}\n") "  annotations:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\n",
	 MAP("  a: ${A}\n") "  annotations:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\n"},
	{"  postBuild: {substitute: {A: b}}\n",
	 MAP("  a: ${A}\n") "  labels:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\n",
	 MAP("  a: ${A}\n") "  labels:\n    kustomize.toolkit.fluxcd.io/substitute: disabled\n"},
	{"  postBuild: {substituteFrom: [{kind: ConfigMap, name: c}, {kind: Secret, name: s}]}\n",
	 MAP("  a: ${A}-${B}-${C}\n"), MAP("  a: xy-s-t\n")},
	{"  postBuild: {substituteFrom: [{kind: Secret, name: s}, {kind: ConfigMap, name: c}], substitute: {C: u}}\n",
	 MAP("  a: ${A}-${B}-${C}\n"), MAP("  a: xy-b-u\n")},
	{"  postBuild: {substituteFrom: [{kind: Secret, name: none}]}\n", MAP("  a: b\n"), NULL},
	{"  postBuild: {substituteFrom: [{kind: Secret, name: none, optional: true}]}\n",
	 MAP("  a: b\n"), MAP("  a: b\n")},
	{"  commonMetadata: {labels: {l: m}, annotations: {n: o}}\n", MAP("  a: b\n"),
	 "apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n  annotations:\n    \"n\": o\n"
	 "  labels:\n    l: m\n  name: a\n"},
	{"  commonMetadata: {labels: {l: m}}\n",
	 MAP("  a: b\n") "  labels:\n    a: b\n    l: old\n",
	 "apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n  labels:\n    a: b\n    l: m\n  name: a\n"},
};

static void finish(size_t i)
{
	CLEAN_BUF struct buf text = BUF_INIT(4096), out = BUF_INIT(8192);
	CLEAN_DOC struct doc doc = DOC_INIT;
	CLEAN_MANIFESTS struct manifests manifests = MANIFESTS_INIT, from = MANIFESTS_INIT;
	CLEAN_FLUX_VARS struct flux_vars vars = FLUX_VARS_INIT;
	struct flux_spec spec = {.object = NULL};
	struct flux_vars_places places;
	const struct config config = {.flux = true};
	CLEAN_REPORT struct report report = REPORT_INIT;
	const struct flux_finish finish = {
		.spec = &spec,
		.vars = &vars,
		.look = {.config = &config, .every_kind = true, .report = &report},
	};
	const bool opened[2] = {false, false};
	struct err err = ERR_INIT;
	int r;

	buf_add_str(&text, HEAD);
	buf_add_str(&text, cases[i].spec);
	assert_int_equal(doc_read(DOC_YAML, buf_span(&text), &doc, &err), 0);
	assert_int_equal(flux_spec_read(doc.first, &spec, &err), 0);
	assert_int_equal(manifests_read(SPAN(FROM), "from", &from, &err), 0);
	assert_int_equal(manifests_read(span_str(cases[i].text), "text", &manifests, &err), 0);
	places = (struct flux_vars_places){.items = from.items, .count = from.count};
	r = flux_vars_load(&spec, &places, &vars, &err);
	if (r == 0)
		r = flux_finish(&finish, &manifests, opened, &out, &err);
	if (r == 0 && report.all)
		r = err_set(&err, ERR_VALUE, "%s", report.entries[0].err.msg);
	if (r != (cases[i].want ? 0 : -1))
		fail_msg("%s: %d %s", cases[i].spec, r, err.msg);
	if (r == 0 && !span_is(buf_span(&out), cases[i].want))
		fail_msg("%s: %.*s", cases[i].spec, (int)out.len, (const char *)out.data);
}

static void finishes(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++)
		finish(i);
}

static void prints_what_was_opened(void **state)
{
	CLEAN_MANIFESTS struct manifests manifests = MANIFESTS_INIT;
	CLEAN_BUF struct buf out = BUF_INIT(4096);
	const struct flux_spec spec = {.object = NULL};
	const struct flux_vars vars = FLUX_VARS_INIT;
	const struct flux_finish last = {.spec = &spec, .vars = &vars};
	const bool opened[2] = {false, true};
	struct err err = ERR_INIT;

	assert_int_equal(
		manifests_read(SPAN("z: 'x'\na: 1\n---\nz: 'x'\na: 1\n"), "x", &manifests, &err),
		0);
	assert_int_equal(flux_finish(&last, &manifests, opened, &out, &err), 0);
	assert_true(span_is(buf_span(&out), "z: 'x'\na: 1\n---\na: 1\nz: x\n"));
}

static void redacts(void **state)
{
	static const struct {
		const char *said, *want;
	} said[] = {
		{"Error: no such file", "Error: no such file"},
		{"Error: token: hush-1\n", "Error: token: <redacted>\n"},
		{"\"token: hush-1\\nline2\\n\"", "\"token: <redacted>\\<redacted>\\n\""},
		{"hush-1", "<redacted>"},
		{"", ""},
	};
	const struct span opened[] = {SPAN("token: hush-1\nline2\n")},
			  closed[] = {SPAN("token: ENC[x]\n")};
	size_t i;

	for (i = 0; i < ARRAY_LEN(said); i++) {
		CLEAN_BUF struct buf out = BUF_INIT(4096);

		kustomize_redact(span_str(said[i].said), opened, closed, 1, &out);
		if (!span_is(buf_span(&out), said[i].want))
			fail_msg("%s: %.*s", said[i].said, (int)out.len, (const char *)out.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finishes),
		cmocka_unit_test(prints_what_was_opened),
		cmocka_unit_test(redacts),
	};

	return cmocka_run_group_tests_name("flux_finish", tests, NULL, NULL);
}
