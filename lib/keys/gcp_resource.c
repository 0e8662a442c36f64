/* SPDX-License-Identifier: Apache-2.0
 *
 * Resource ids of Google Cloud KMS: projects/P/locations/L/keyRings/R/cryptoKeys/K, without a version. The id comes from the document and becomes
 * part of a URL, so each part is escaped, and the two names that mean another folder are refused. sops: gcpkms/keysource.go (resourceIDPattern)
 */
#include "keys/gcp_resource.h"

#include "base/text.h"
#include "keys/http_ask.h"

static const char *const names[] = {"projects", "locations", "keyRings", "cryptoKeys"};

/* Takes the text up to the next "/" off rest. */
static struct span next_part(struct span *rest)
{
	size_t end = span_find(*rest, 0, '/');
	struct span part = span_sub(*rest, 0, end);

	*rest = span_from(*rest, end + 1);
	return part;
}

/* The ":" of a domain-scoped project stays, as Google's own clients leave it. */
static void add_part(struct span part, struct buf *out)
{
	size_t at, end;

	for (at = 0; at <= part.len; at = end + 1) {
		end = span_find(part, at, ':');
		http_ask_escape(span_sub(part, at, end - at), out);
		if (end < part.len)
			buf_add_char(out, ':');
	}
}

int gcp_resource_path(struct span id, struct buf *out, struct err *err)
{
	size_t start = out->len, i;
	struct span rest = id;

	buf_add_str(out, "/v1");
	for (i = 0; i < ARRAY_LEN(names); i++) {
		struct span name = next_part(&rest), part = next_part(&rest);

		if (!span_is(name, names[i]) || !part.len || span_is(part, ".") ||
		    span_is(part, ".."))
			break;
		buf_add_char(out, '/');
		buf_add_str(out, names[i]);
		buf_add_char(out, '/');
		add_part(part, out);
	}
	/* nothing behind it, not even a "/" */
	if (i == ARRAY_LEN(names) && rest.data == id.data + id.len && !span_ends(id, SPAN("/"))) {
		buf_add_str(out, ":decrypt");
		return 0;
	}
	buf_cut(out, start);
	return err_set(err, ERR_FORMAT,
		       "not 'projects/P/locations/L/keyRings/R/cryptoKeys/K': '%s'",
		       text_quote(id).text);
}
