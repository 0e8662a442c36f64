/* SPDX-License-Identifier: Apache-2.0
 *
 * Telling SOPS documents from other text; see detect.h.
 */
#include "detect.h"

/* kustomize-controller: internal/decryptor/decryptor.go (sopsFormatToMarkerBytes) */
static const struct {
	const char *marker;
	enum doc_format format;
} markers[] = {
	{"mac: ENC[", DOC_YAML},
	{"\"mac\": \"ENC[", DOC_JSON},
	{"sops_mac=ENC[", DOC_DOTENV},
	{"[sops]", DOC_INI},
};

static bool has_marker(struct span text, const char *marker)
{
	return span_search(text, span_str(marker)) != SIZE_MAX;
}

bool detect_marker(struct span text, enum doc_format *ret_format)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(markers); i++) {
		if (has_marker(text, markers[i].marker)) {
			*ret_format = markers[i].format;
			return true;
		}
	}
	return false;
}

bool detect_has_marker(struct span text, enum doc_format format)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(markers); i++) {
		if (markers[i].format == (format == DOC_BINARY ? DOC_JSON : format))
			return has_marker(text, markers[i].marker);
	}
	return false;
}

static bool has_mac(const struct doc *doc, enum doc_format format)
{
	if (format == DOC_DOTENV)
		return doc_get(doc->first, "sops_mac");
	return doc_get(doc_get(doc->first, "sops"), "mac");
}

/* Does text read as that format, with metadata? Not being it is no error. */
static int try_format(enum doc_format format, struct span text, struct err *err)
{
	CLEAN_DOC struct doc doc = DOC_INIT;
	struct err own = ERR_INIT;

	if (doc_read(format, text, &doc, &own) < 0) {
		if (own.code != ERR_NOMEM)
			return 0;
		*err = own;
		return -1;
	}
	return has_mac(&doc, format);
}

int detect_document(struct span text, enum doc_format *ret_format, struct err *err)
{
	static const enum doc_format formats[] = {DOC_JSON, DOC_YAML, DOC_DOTENV, DOC_INI};
	size_t i, at = 0;
	int r;

	/* No document of sops is without these words, so that other values cost one search. */
	if (span_search(text, SPAN("sops")) == SIZE_MAX ||
	    span_search(text, SPAN("mac")) == SIZE_MAX)
		return 0;
	while (at < text.len && (text.data[at] == ' ' || text.data[at] == '\t' ||
				 text.data[at] == '\n' || text.data[at] == '\r'))
		at++;
	for (i = 0; i < ARRAY_LEN(formats); i++) {
		if (formats[i] == DOC_JSON && (at == text.len || text.data[at] != '{'))
			continue;
		r = try_format(formats[i], text, err);
		if (r < 0)
			return -1;
		if (r > 0) {
			*ret_format = formats[i];
			return 1;
		}
	}
	return 0;
}

enum doc_format detect_format_of_key(struct span key)
{
	return span_ends(key, SPAN(".dockerconfigjson")) ? DOC_JSON : doc_format_of_path(key);
}
