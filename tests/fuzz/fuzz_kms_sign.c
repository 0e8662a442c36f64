/* SPDX-License-Identifier: Apache-2.0
 *
 * Signed requests to the KMS door, a header a line and then the body: only what was signed is taken, and that is the one request of the corpus, as nobody
 * here has the key.
 */
#include "kms_sign.h"

#include "base/secret.h"

#include <assert.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW 1767323045 /* 2026-01-02T03:04:05Z */

enum { HEADERS = 5, TEXT = 8192 };
static const char *const names[HEADERS] = {"authorization", "content-type", "host", "x-amz-date",
					   "x-amz-target"};
static const char body[] =
	"{\"CiphertextBlob\":\"AQICAHhEXAMPLE=\",\"EncryptionContext\":{\"env\":\"prod\"},"
	"\"KeyId\":\"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab\"}";

struct request {
	char text[TEXT];
	const char *values[HEADERS]; /* NULL: not there */
};

static const char *header(void *cookie, const char *name)
{
	const struct request *request = cookie;
	size_t i;

	for (i = 0; i < HEADERS; i++) {
		if (strcasecmp(name, names[i]) == 0)
			return request->values[i];
	}
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct kms_pair pair = {SPAN("AKIDEXAMPLE"),
				      SPAN("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")};
	struct request request = {.values = {NULL}};
	struct kms_signed signed_request = {
		.method = "POST", .path = "/", .header = header, .cookie = &request};
	struct err err = ERR_INIT;
	char *at = request.text, *end;
	static bool ready;
	size_t i;

	if (!ready)
		assert(secret_init(&err) == 0);
	ready = true;
	if (size >= TEXT)
		return 0;
	memcpy(request.text, data, size);
	for (i = 0; i < HEADERS && (end = strchr(at, '\n')); i++) {
		*end = '\0';
		if (*at)
			request.values[i] = at;
		at = end + 1;
	}
	signed_request.body = span_of(at, size - (size_t)(at - request.text));
	if (kms_sign_check(&signed_request, &pair, NOW, &err) < 0) {
		assert(err.code == ERR_DENIED || err.code == ERR_LIMIT);
		return 0;
	}
	assert(span_is(signed_request.body, body));
	assert(strcmp(request.values[3], "20260102T030405Z") == 0);
	assert(strcmp(request.values[4], "TrentService.Decrypt") == 0);
	return 0;
}
