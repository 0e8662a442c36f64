/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads YAML as sops does, comments included (sops: stores/yaml/store.go, LoadPlainFile). The way: yaml_input checks the characters,
 * yaml_scan makes tokens and finds comments, yaml_grammar makes nodes of them, yaml_build puts these into the tree.
 *
 * Refuses: a top level that is no map, text with nothing but comments, and what the parts refuse.
 */
#include "doc/doc_yaml.h"

#include "doc/yaml_grammar.h"
#include "doc/yaml_input.h"

static void scan_done(struct yaml_scan **s)
{
	yaml_scan_free(*s);
}

static int read_stream(struct span input, struct doc *doc, struct err *err)
{
	CLEANUP(scan_done) struct yaml_scan *scan = NULL;
	CLEANUP(yaml_build_release) struct yaml_build build = {.doc = doc};
	struct yaml_input in;
	size_t documents;

	if (yaml_input_open(input, doc, &in, err) < 0)
		return -1;
	scan = yaml_scan_new(in.text, in.from, doc, err);
	if (!scan)
		return -1;
	build.in = in.text;
	build.flags = in.converted ? DOC_ALIASED : 0;
	if (yaml_stream_read(scan, &build, &documents, err) < 0)
		return -1;
	if (!documents)
		return err_set(err, ERR_FORMAT, "the text has no document");
	return 0;
}

int doc_yaml_read(struct span input, struct doc *ret_doc, struct err *err)
{
	/* No byte, no document: whoever looks for metadata says what is missing. */
	if (!input.len)
		return 0;
	if (read_stream(input, ret_doc, err) < 0) {
		doc_release(ret_doc);
		return -1;
	}
	return 0;
}
