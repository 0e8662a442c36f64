/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers with our code what tests/interop/goflux answers with Flux's; tests/interop/flux_peer.py compares the two. Each line of the input is a JSON
 * object, each line of the output one:
 *
 *   {"verb": "subst", "text": T, "vars": {NAME: VALUE}, "strict": B}   {"text": T} or {"error": WHY}
 *   {"verb": "text", "text": YAML}                                     the same: the object as kustomize prints it
 *   {"verb": "ignore", "files": [{"folder": F, "text": T}], "paths": [P]}  {"left_out": "01..."}: for each path
 */
#include "envsubst.h"
#include "flux_ignore.h"
#include "flux_text.h"
#include "json_text.h"

#include <stdio.h>
#include <stdlib.h>

enum { OUT_MAX = 64 * 1024 * 1024 };

static bool lookup(const void *cookie, struct span name, struct span *ret_value)
{
	const struct doc_node *vars = cookie, *kid;

	doc_each (kid, vars) {
		if (span_eq(kid->key, name)) {
			*ret_value = kid->str;
			return true;
		}
	}
	return false;
}

static void print_error(const struct err *err)
{
	CLEAN_BUF struct buf line = BUF_INIT(OUT_MAX);

	buf_add_str(&line, "{\"error\": ");
	json_text_add_lossy(span_str(err->msg), &line);
	printf("%.*s}\n", (int)line.len, (const char *)line.data);
}

static void print_text(const struct buf *text)
{
	CLEAN_BUF struct buf line = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;

	buf_add_str(&line, "{\"text\": ");
	if (json_text_add(buf_span(text), &line) < 0) {
		(void)err_set(&err, ERR_EMIT, "not UTF-8");
		print_error(&err);
		return;
	}
	printf("%.*s}\n", (int)line.len, (const char *)line.data);
}

static void subst(const struct doc_node *ask)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	struct envsubst envsubst = {.lookup = lookup,
				    .cookie = doc_get(ask, "vars"),
				    .strict = doc_get(ask, "strict")->boolean};
	struct err err = ERR_INIT;

	if (envsubst_run(&envsubst, doc_get_str(ask, "text"), &out, &err) < 0)
		print_error(&err);
	else
		print_text(&out);
}

static void text(const struct doc_node *ask)
{
	CLEAN_BUF struct buf out = BUF_INIT(OUT_MAX);
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct span in = doc_get_str(ask, "text");
	struct err err = ERR_INIT;

	if (doc_read(DOC_YAML, in, &doc, &err) < 0 ||
	    flux_text_settle(&doc, in, doc.first, &err) < 0 ||
	    flux_text_add(doc.first, &out, &err) < 0)
		print_error(&err);
	else
		print_text(&out);
}

static void ignore(const struct doc_node *ask)
{
	CLEAN_FLUX_IGNORE struct flux_ignore patterns = FLUX_IGNORE_INIT;
	const struct doc_node *kid;
	struct err err = ERR_INIT;

	doc_each (kid, doc_get(ask, "files")) {
		if (flux_ignore_add(&patterns, doc_get_str(kid, "text"), doc_get_str(kid, "folder"),
				    &err) < 0)
			exit(2);
	}
	if (flux_ignore_end(&patterns, &err) < 0)
		exit(2);
	printf("{\"left_out\": \"");
	doc_each (kid, doc_get(ask, "paths"))
		putchar(flux_ignore_has(&patterns, kid->str) ? '1' : '0');
	printf("\"}\n");
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, stdin)) > 0) {
		CLEAN_DOC struct doc doc = DOC_INIT;
		struct err err = ERR_INIT;
		struct span verb;

		if (doc_read(DOC_JSON, span_of(line, (size_t)len), &doc, &err) < 0) {
			fprintf(stderr, "flux: %s\n", err.msg);
			return 2;
		}
		verb = doc_get_str(doc.first, "verb");
		if (span_is(verb, "subst"))
			subst(doc.first);
		else if (span_is(verb, "text"))
			text(doc.first);
		else
			ignore(doc.first);
		fflush(stdout);
	}
	free(line);
	return 0;
}
