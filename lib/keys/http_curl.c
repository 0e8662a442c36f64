/* SPDX-License-Identifier: Apache-2.0
 *
 * libcurl, loaded by name, and the transfers that are under way; see http_curl.h. Each call gets an easy handle of its own for each try, as connections
 * live in the multi handle.
 */
#include "keys/http_curl_internal.h"

#include "base/dynlib.h"
#include "base/wipe_heap.h"

#include <pthread.h>
#include <stdlib.h>

enum { CONNECTIONS_KEPT = 64 /* open and idle: four services with as many as each has at once */ };

/* One library for the whole process, as it can not be started twice. Written under `once` only. */
struct http_curl_api libcurl;
static struct err wrong; /* why it can not be used; ERR_NONE where it can */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const struct dynlib_symbol symbols[] = {
#define ENTRY(name) {"curl_" #name, &libcurl.name},
	CURL_FUNCTIONS(ENTRY)
#undef ENTRY
};
static struct dynlib library = DYNLIB("libcurl.so.4", symbols);

struct http_curl {
	CURLM *multi;
	struct http_trusts trusts;
};

static void load(void)
{
	CURLcode code;

	if (dynlib_load(&library, &wrong) < 0)
		return;
	code = libcurl.global_init_mem(CURL_GLOBAL_DEFAULT, wipe_heap_alloc, wipe_heap_free,
				       wipe_heap_resize, wipe_heap_text, wipe_heap_zeroed);
	if (code != CURLE_OK)
		(void)err_set(&wrong, ERR_UNSUPPORTED, "%s", libcurl.easy_strerror(code));
}

int http_curl_new(struct http_curl **ret_curl, struct err *err)
{
	struct http_curl *new;

	(void)pthread_once(&once, load);
	if (wrong.code) {
		*err = wrong;
		(void)err_wrap(err,
			       "keys behind the network need libcurl, which can not be used here");
		return err_hint(err, "install libcurl.so.4 (Debian, Ubuntu: apt-get install "
				     "libcurl4)");
	}
	new = calloc(1, sizeof(*new));
	if (!new)
		return err_nomem(err);
	new->multi = libcurl.multi_init();
	if (!new->multi) {
		free(new);
		return err_nomem(err);
	}
	(void)libcurl.multi_setopt(new->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	(void)libcurl.multi_setopt(new->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
	*ret_curl = new;
	return 0;
}

void http_curl_free(struct http_curl *handle)
{
	if (!handle)
		return;
	(void)libcurl.multi_cleanup(handle->multi);
	http_curl_trust_release(&handle->trusts);
	free(handle);
}

static void release(struct http_call *call)
{
	struct transfer *transfer = call->handle;

	if (!transfer)
		return;
	if (transfer->easy)
		libcurl.easy_cleanup(transfer->easy);
	libcurl.slist_free_all(transfer->headers);
	libcurl.slist_free_all(transfer->connect_to);
	free(transfer);
	call->handle = NULL;
}

int http_curl_start(struct http_curl *handle, struct http_call *call, const struct http_try *bounds,
		    struct err *err)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));
	int status;

	if (!transfer)
		return err_nomem(err);
	call->handle = transfer;
	transfer->ca_pem = call->tls && call->tls->ca_pem.data ? call->tls->ca_pem : bounds->ca_pem;
	transfer->ca_path = http_curl_trust(&handle->trusts, transfer->ca_pem);
	transfer->easy = libcurl.easy_init();
	status = transfer->easy ? http_curl_request(call, bounds, err) : err_nomem(err);
	if (!status && libcurl.multi_add_handle(handle->multi, transfer->easy) != CURLM_OK)
		status = err_nomem(err);
	if (status)
		release(call);
	return status;
}

void http_curl_stop(struct http_curl *handle, struct http_call *call)
{
	struct transfer *transfer = call->handle;

	(void)libcurl.multi_remove_handle(handle->multi, transfer->easy);
	release(call);
}

int http_curl_step(struct http_curl *handle, int wait_ms, int fd, struct err *err)
{
	struct curl_waitfd other = {.fd = fd, .events = CURL_WAIT_POLLIN};
	int running = 0;
	CURLMcode code = libcurl.multi_poll(handle->multi, &other, fd >= 0, wait_ms, NULL);

	if (code == CURLM_OK)
		code = libcurl.multi_perform(handle->multi, &running);
	if (code == CURLM_OUT_OF_MEMORY)
		return err_nomem(err);
	if (code != CURLM_OK)
		return err_set(err, ERR_SYSTEM, "network: %s", libcurl.multi_strerror(code));
	return 0;
}

struct http_call *http_curl_ended(struct http_curl *handle)
{
	struct http_call *call = NULL;
	const CURLMsg *message;
	CURLcode code;
	int left;

	do {
		message = libcurl.multi_info_read(handle->multi, &left);
		if (!message)
			return NULL;
	} while (message->msg != CURLMSG_DONE);
	code = message->data.result;
	(void)libcurl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
	http_curl_judge(call, code);
	http_curl_stop(handle, call);
	return call;
}
