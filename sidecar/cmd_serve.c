/* SPDX-License-Identifier: Apache-2.0
 *
 * `krm-sops serve`: keys behind a socket, for processes that shall hold none; see supervisor.h.
 */
#include "cmd_serve.h"

#include "probe.h"
#include "serve_options.h"
#include "supervisor.h"

static int run(int argc, char **argv)
{
	CLEAN_SERVE_OPTIONS struct serve_options options = SERVE_OPTIONS_INIT;
	struct err err = ERR_INIT;

	if (serve_options_parse(argc, argv, &options, &err) < 0)
		return command_fail(&err);
	if (options.probe)
		return probe_run(&options, &err) < 0 ? command_fail(&err) : 0;
	return supervisor_run(&options);
}

const struct command cmd_serve = {
	.name = "serve",
	.summary = "a sidecar: keys behind a Unix socket, for processes that hold none",
	.help = "usage: krm-sops serve --listen unix:///PATH[=KEYSET] [options]\n"
		"\n"
		"Answers POST /v1/decrypt, /v1/filter and /v1/resourcelist, GET /healthz, /readyz\n"
		"and /metrics on a Unix socket. The keys stay in a process of their own.\n"
		"\n"
		"  --listen unix:///PATH[=KEYSET]  may be repeated: a socket and its keys for\n"
		"                       each tenant; key sets are the operator's policy's\n"
		"  --group NAME         who else may connect: mode 0660; else only our own user\n"
		"  --aws-kms 127.0.0.1:PORT --aws-kms-key FILE  answer as AWS KMS, to who signs\n"
		"                       with that key pair (AWS credentials file): a stock Flux\n"
		"  --data-key-ttl TIME  keep opened data keys that long; without it: not at all\n"
		"  --workers N          processes a socket (2);  --connections N  of each (64)\n"
		"  --max-body BYTES     of a request (67108864);  --request-time TIME  (60s)\n"
		"  --recycle N          requests after which a worker is replaced (100000)\n"
		"  --audit FILE         one JSON line an unwrapped key; else to stderr\n"
		"  --require-mlock      end where memory for keys can not be locked\n"
		"  --probe live|ready   ask the sidecar at --listen how it is: status 0, or 75\n"
		"  --keys, --keys-flat, --key-secret, --namespace, ...  where the keys are\n"
		"\n"
		"example: krm-sops serve --listen unix:///run/krm-sops/s.sock --keys-flat /keys\n",
	.run = run,
};
