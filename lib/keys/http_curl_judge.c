/* SPDX-License-Identifier: Apache-2.0
 *
 * How a transfer ended, in our own words, as curl's texts may hold what the other side sent. Only about TLS its text is passed on: no word of ours
 * would say as well what is wrong with a certificate.
 */
#include "keys/http_curl_internal.h"

#include "base/text.h"

#include <stdio.h>

static bool says(const struct transfer *transfer, const char *word)
{
	return strstr(transfer->text, word) != NULL;
}

static void fail(struct http_call *call, enum http_failure failure, enum err_code code,
		 const char *before, const char *after)
{
	const struct transfer *transfer = call->handle;

	call->failure = failure;
	(void)err_set(&call->why, code, "%s'%s'%s%s", before,
		      text_quote(span_str(transfer->host)).text, *after ? ": " : "", after);
}

/* The connection could not be made or broke. */
static void fail_connection(struct http_call *call, const char *before)
{
	const struct transfer *transfer = call->handle;
	long number = 0, proxy = 0;
	char after[64] = "";

	(void)libcurl.easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &number);
	(void)libcurl.easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &proxy);
	if (proxy >= 300)
		snprintf(after, sizeof(after), "the proxy answered with HTTP status %ld", proxy);
	else if (number > 0)
		snprintf(after, sizeof(after), "%s", strerror((int)number));
	fail(call, HTTP_UNREACHABLE, ERR_UNREACHABLE, before, after);
}

static void fail_late(struct http_call *call)
{
	const struct transfer *transfer = call->handle;
	curl_off_t sent = 0;
	char after[64];

	(void)libcurl.easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &sent);
	if (sent > 0) {
		snprintf(after, sizeof(after), "not whole within %d ms", transfer->request_ms);
		fail(call, HTTP_UNREACHABLE, ERR_UNREACHABLE, "answer of ", after);
		return;
	}
	snprintf(after, sizeof(after), "not done within %d ms",
		 transfer->connect_ms < transfer->request_ms ? transfer->connect_ms
							     : transfer->request_ms);
	fail(call, HTTP_UNREACHABLE, ERR_UNREACHABLE, "connecting to ", after);
}

/* A connection that ends inside the handshake is no word about trust. */
static void fail_tls(struct http_call *call)
{
	struct transfer *transfer = call->handle;
	char *at;

	call->lost = true;
	if (says(transfer, "SSL_connect: ") || says(transfer, "unexpected eof")) {
		fail_connection(call, "TLS handshake broken off by ");
		return;
	}
	for (at = transfer->text; *at; at++) {
		if (*at < ' ' || *at >= 0x7f)
			*at = '?';
	}
	fail(call, HTTP_UNTRUSTED, ERR_POLICY, "TLS with ", transfer->text);
}

void http_curl_judge(struct http_call *call, CURLcode code)
{
	const struct transfer *transfer = call->handle;
	long status = 0;

	if (transfer->no_memory) {
		call->failure = HTTP_REFUSED;
		(void)err_nomem(&call->why);
		return;
	}
	switch (code) {
	case CURLE_OK:
		(void)libcurl.easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
		call->status = (int)status;
		return;
	case CURLE_COULDNT_RESOLVE_HOST:
		call->lost = true;
		fail(call, HTTP_UNRESOLVED, ERR_UNREACHABLE, "no address found for ", "");
		return;
	case CURLE_COULDNT_RESOLVE_PROXY:
		call->lost = true;
		fail(call, HTTP_UNRESOLVED, ERR_UNREACHABLE, "connecting to ",
		     "no address found for the proxy");
		return;
	case CURLE_OPERATION_TIMEDOUT:
		call->lost = true;
		fail_late(call);
		return;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CLIENTCERT:
	case CURLE_SSL_ENGINE_INITFAILED:
		fail_tls(call);
		return;
	case CURLE_WRITE_ERROR:
	case CURLE_FILESIZE_EXCEEDED:
	case CURLE_OUT_OF_MEMORY: /* also what curl says of a header line that is too long */
		fail(call, HTTP_TOO_LARGE, ERR_LIMIT, "too much sent by ", "");
		return;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_BAD_CONTENT_ENCODING:
		fail(call, HTTP_GARBAGE, ERR_FORMAT, "no HTTP is spoken by ", "");
		return;
	case CURLE_COULDNT_CONNECT:
		call->lost = true;
		fail_connection(call, "connecting to ");
		return;
	default:
		/* With TLS 1.3 a client's certificate is refused only after the handshake. */
		if (says(transfer, " alert "))
			fail_tls(call);
		else
			fail_connection(call, "connection broken by ");
	}
}
