/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths of --extract: one that is refused before anything is decrypted is refused behind it too, and one that is taken names something or is an
 * error, the same each time.
 */
#include "base/buf.h"
#include "sops/sops_extract.h"

#include <assert.h>

enum { OUT_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int extract(const char *path, struct buf *out, struct err *err)
{
	static const char text[] =
		"a: x\nb:\n  - y\n  - c: 1\n    '0': z\n  # k\n  - [1, {d: e}]\n\"q'\": w\n";
	static const struct doc_style style = {.yaml_indent = 0};
	CLEAN_DOC struct doc doc = DOC_INIT;
	int r = doc_read(DOC_YAML, span_str(text), &doc, err);

	assert(r == 0);
	return sops_extract_write(&doc, path, DOC_YAML, &style, out, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEAN_BUF struct buf path = BUF_INIT(OUT_MAX), one = BUF_INIT(OUT_MAX);
	CLEAN_BUF struct buf two = BUF_INIT(OUT_MAX);
	struct err err = ERR_INIT;
	int checked, r;

	buf_add(&path, data, size);
	buf_add_char(&path, '\0');
	checked = sops_extract_check((const char *)path.data, &err);
	assert(checked == 0 || (err.code == ERR_EXTRACT && err.msg[0]));
	r = extract((const char *)path.data, &one, &err);
	assert(checked == 0 || r < 0);
	assert(r == 0 || err.msg[0]);
	if (r < 0)
		return 0;
	r = extract((const char *)path.data, &two, &err);
	assert(r == 0 && span_eq(buf_span(&one), buf_span(&two)));
	return 0;
}
