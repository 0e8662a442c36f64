/* SPDX-License-Identifier: Apache-2.0
 *
 * gpgme by a table of pointers; see gpg_engine.h. What counts is gpg's status lines, not its exit status, which is 2 for everything, nor its
 * texts: a message is open only where gpg says DECRYPTION_OKAY and that its integrity was checked (GOODMDC, or an AEAD), as gpg writes plaintext
 * out before it knows.
 *
 * Differs: sops takes what gpg prints. Here a message without integrity protection is refused whatever the user's gpg.conf says, and one for a
 * passphrase before anybody is asked for it, as a document must not make people type theirs: so each message is tried with nobody to ask first,
 * and anew where all that it lacks is the passphrase of a secret key.
 *
 * GnuPG: doc/DETAILS
 */
#include "keys/gpg_engine.h"

#include "base/dynlib.h"
#include "keys/key_gpg.h"

#include <errno.h>
#include <gpgme.h>
#include <stdio.h>
#include <stdlib.h>

#define HEX_DIGITS "0123456789ABCDEFabcdef"

enum { RECIPIENTS_SHOWN = 4 /* key ids in a message */ };

/* What we use of gpgme. */
#define FUNCTIONS(X)            \
	X(check_version)        \
	X(get_dirinfo)          \
	X(set_engine_info)      \
	X(engine_check_version) \
	X(new)                  \
	X(set_protocol)         \
	X(ctx_set_engine_info)  \
	X(set_offline)          \
	X(set_pinentry_mode)    \
	X(set_ctx_flag)         \
	X(set_status_cb)        \
	X(data_new_from_mem)    \
	X(data_new_from_cbs)    \
	X(data_release)         \
	X(op_import)            \
	X(op_import_result)     \
	X(op_decrypt)

static struct {
#define POINTER(name) __typeof__(gpgme_##name) *name;
	FUNCTIONS(POINTER)
#undef POINTER
} lib;

static const struct dynlib_symbol symbols[] = {
#define ENTRY(name) {"gpgme_" #name, &lib.name},
	FUNCTIONS(ENTRY)
#undef ENTRY
};
static struct dynlib library = DYNLIB("libgpgme.so.11", symbols);

/* What gpg said about one message. */
struct told {
	unsigned okay, failed, good, bad, texts;
	bool aead, passphrase, no_key;
	bool session; /* the session key was found: what fails now is the message itself */
	gpgme_err_code_t secret; /* why the secret key could not be used; 0: nothing said */
	char fingerprints[2][GPG_FINGERPRINT_LEN + 1];
	size_t recipients;
	char ids[RECIPIENTS_SHOWN][17];
};

struct gpg_engine {
	gpgme_ctx_t ctx;
	bool ask;
	struct told told;
};

static int load(struct err *err)
{
	if (dynlib_load(&library, err) < 0)
		return err_wrap(err, "needs GnuPG and its library gpgme (Debian: libgpgme11), "
				     "which can not be used here");
	return 0;
}

static int failed(gpgme_error_t code, const char *what, struct err *err)
{
	switch (gpgme_err_code(code)) {
	case GPG_ERR_ENOMEM:
		return err_nomem(err);
	case GPG_ERR_INV_ENGINE:
	case GPG_ERR_ENOENT:
		return err_set(err, ERR_UNSUPPORTED,
			       "needs GnuPG, which is not here: no gpg in PATH (Debian: gnupg)");
	default:
		return err_set(err, ERR_SYSTEM, "%s: gpgme error %u", what, gpgme_err_code(code));
	}
}

static void add_recipient(struct told *told, const char *args)
{
	size_t len = strspn(args, HEX_DIGITS);

	if (told->recipients < RECIPIENTS_SHOWN && len < sizeof(told->ids[0]))
		memcpy(told->ids[told->recipients], args, len);
	told->recipients++;
}

/* "DECRYPTION_INFO <mdc_method> <sym_algo> [<aead_algo>]": comes when the session key is known. */
static bool is_aead(const char *args)
{
	unsigned mdc, cipher, aead;

	return sscanf(args, "%u %u %u", &mdc, &cipher, &aead) == 3 && aead != 0;
}

/* The agent would have had to ask somebody. */
static bool is_unasked(gpgme_err_code_t code)
{
	return code == GPG_ERR_NO_PIN_ENTRY || code == GPG_ERR_NO_PASSPHRASE ||
	       code == GPG_ERR_NO_PIN;
}

/* "ERROR <where> <code>": the code has its source in the upper bits. */
static void note_error(struct told *told, const char *args)
{
	unsigned code;

	if (sscanf(args, "pkdecrypt_failed %u", &code) != 1)
		return;
	if (!told->secret || is_unasked(gpgme_err_code(code)))
		told->secret = gpgme_err_code(code);
}

/* "DECRYPTION_KEY <fingerprint> <primary's fingerprint> <trust>" */
static void note_key(struct told *told, const char *args)
{
	size_t i, len;

	for (i = 0; i < ARRAY_LEN(told->fingerprints); i++) {
		len = strspn(args, HEX_DIGITS);
		if (len > GPG_FINGERPRINT_LEN || (args[len] && args[len] != ' '))
			return;
		memcpy(told->fingerprints[i], args, len);
		told->fingerprints[i][len] = '\0';
		args += len + (args[len] == ' ');
	}
}

static gpgme_error_t on_status(void *cookie, const char *keyword, const char *args)
{
	struct told *told = cookie;

	if (strcmp(keyword, "DECRYPTION_OKAY") == 0)
		told->okay++;
	else if (strcmp(keyword, "DECRYPTION_FAILED") == 0)
		told->failed++;
	else if (strcmp(keyword, "GOODMDC") == 0)
		told->good++;
	else if (strcmp(keyword, "BADMDC") == 0)
		told->bad++;
	else if (strcmp(keyword, "PLAINTEXT") == 0)
		told->texts++;
	else if (strcmp(keyword, "DECRYPTION_INFO") == 0)
		told->session = true, told->aead = is_aead(args);
	else if (strcmp(keyword, "DECRYPTION_KEY") == 0)
		note_key(told, args);
	else if (strcmp(keyword, "ENC_TO") == 0)
		add_recipient(told, args);
	else if (strcmp(keyword, "NO_SECKEY") == 0)
		told->no_key = true;
	else if (strcmp(keyword, "ERROR") == 0)
		note_error(told, args);
	else if (strcmp(keyword, "NEED_PASSPHRASE_SYM") == 0)
		told->passphrase = true;
	return 0;
}

static int set_up(struct gpg_engine *engine, const char *program, const char *home, struct err *err)
{
	gpgme_error_t code;

	if (program && (code = lib.set_engine_info(GPGME_PROTOCOL_OpenPGP, program, home)) != 0)
		return failed(code, "setting the program", err);
	code = lib.engine_check_version(GPGME_PROTOCOL_OpenPGP);
	if (code)
		return failed(code, "looking for gpg", err);
	code = lib.new(&engine->ctx);
	if (code)
		return failed(code, "starting gpgme", err);
	if ((code = lib.set_protocol(engine->ctx, GPGME_PROTOCOL_OpenPGP)) != 0 ||
	    (code = lib.ctx_set_engine_info(engine->ctx, GPGME_PROTOCOL_OpenPGP, program, home)) !=
		    0 ||
	    (code = lib.set_pinentry_mode(engine->ctx, GPGME_PINENTRY_MODE_ERROR)) != 0 ||
	    (code = lib.set_ctx_flag(engine->ctx, "full-status", "1")) != 0)
		return failed(code, "setting gpgme up", err);
	lib.set_offline(engine->ctx, 1);
	lib.set_status_cb(engine->ctx, on_status, &engine->told);
	return 0;
}

int gpg_engine_open(const char *program, const char *home, bool ask, struct gpg_engine **ret_engine,
		    struct err *err)
{
	struct gpg_engine *engine;

	if (load(err) < 0)
		return -1;
	if (!lib.check_version(NULL))
		return err_set(err, ERR_SYSTEM, "gpgme did not start");
	engine = calloc(1, sizeof(*engine));
	if (!engine)
		return err_nomem(err);
	engine->ask = ask;
	/* The helper that made it ends soon: gpgme's own memory goes with it. */
	if (set_up(engine, program, home, err) < 0) {
		free(engine);
		return -1;
	}
	*ret_engine = engine;
	return 0;
}

static int copy_path(const char *what, char ret_path[static GPG_PATH_MAX], struct err *err)
{
	const char *path = lib.get_dirinfo(what);

	if (!path)
		return err_set(err, ERR_UNSUPPORTED,
			       "needs gpg-agent and gpgconf, which are not here (Debian: gnupg)");
	if (strlen(path) >= GPG_PATH_MAX)
		return err_set(err, ERR_LIMIT, "path of gpg-agent too long");
	memcpy(ret_path, path, strlen(path) + 1);
	return 0;
}

int gpg_engine_agent(char ret_program[static GPG_PATH_MAX], char ret_socket[static GPG_PATH_MAX],
		     struct err *err)
{
	if (copy_path("agent-name", ret_program, err) < 0)
		return -1;
	return copy_path("agent-socket", ret_socket, err);
}

int gpg_engine_import(struct gpg_engine *engine, struct span keys, struct err *err)
{
	gpgme_import_result_t result;
	gpgme_error_t code;
	gpgme_data_t data;

	code = lib.data_new_from_mem(&data, (const char *)keys.data, keys.len, 0);
	if (code)
		return failed(code, "reading keys", err);
	code = lib.op_import(engine->ctx, data);
	lib.data_release(data);
	result = code ? NULL : lib.op_import_result(engine->ctx);
	if (gpgme_err_code(code) == GPG_ERR_ENOMEM)
		return err_nomem(err);
	if (!result || result->secret_imported + result->secret_unchanged == 0)
		return err_set(err, ERR_FORMAT, "GnuPG found no secret key that it could import");
	return 0;
}

static ssize_t take_plain(void *cookie, const void *data, size_t len)
{
	struct buf *plain = cookie;

	buf_add(plain, data, len);
	if (!plain->bad)
		return (ssize_t)len;
	errno = plain->bad == ERR_NOMEM ? ENOMEM : EFBIG;
	return -1;
}

static int not_mine(const struct told *told, struct err *why)
{
	char ids[RECIPIENTS_SHOWN * 18] = "";
	size_t i;

	for (i = 0; i < told->recipients && i < RECIPIENTS_SHOWN; i++)
		snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids), " %s", told->ids[i]);
	return err_set(why, ERR_NO_KEY, "GnuPG has no secret key for key id%s%s%s",
		       told->recipients == 1 ? "" : "s", ids,
		       told->recipients > RECIPIENTS_SHOWN ? " ..." : "");
}

/* Why a key that is there could not be used. 0: that was not it. */
static int key_trouble(struct gpg_engine *engine, gpgme_err_code_t code, struct err *why)
{
	switch (code) {
	case GPG_ERR_BAD_PASSPHRASE:
		return err_set(why, ERR_DENIED, "the passphrase of the secret key was wrong");
	case GPG_ERR_BAD_PIN:
	case GPG_ERR_PIN_BLOCKED:
		return err_set(why, ERR_DENIED, "the card does not take the PIN");
	case GPG_ERR_NO_PIN_ENTRY:
	case GPG_ERR_NO_PASSPHRASE:
	case GPG_ERR_NO_PIN:
		return err_set(why, ERR_NO_KEY,
			       "the secret key has a passphrase or PIN and nobody can be asked: "
			       "%s",
			       engine->ask ? "no pinentry works here"
					   : "no terminal (GPG_TTY), none cached by the agent");
	case GPG_ERR_CANCELED:
	case GPG_ERR_FULLY_CANCELED:
		/* Differs: who has said no once is not asked again for each document. */
		engine->ask = false;
		return err_set(why, ERR_DENIED, "asking for the passphrase was cancelled");
	case GPG_ERR_TIMEOUT:
		return err_set(why, ERR_UNREACHABLE, "nobody gave the passphrase in time");
	case GPG_ERR_NO_AGENT:
	case GPG_ERR_AGENT:
		return err_set(why, ERR_UNREACHABLE, "gpg-agent does not answer");
	case GPG_ERR_CARD_NOT_PRESENT:
	case GPG_ERR_CARD_REMOVED:
	case GPG_ERR_NO_SCDAEMON:
	case GPG_ERR_ENODEV:
		return err_set(why, ERR_UNREACHABLE,
			       "the smart card with the secret key is not there");
	default:
		return 0;
	}
}

static enum key_verdict judge(struct gpg_engine *engine, gpgme_err_code_t code,
			      const struct buf *plain, struct err *why)
{
	const struct told *told = &engine->told;

	if (plain->bad == ERR_NOMEM || code == GPG_ERR_ENOMEM)
		(void)err_nomem(why);
	else if (plain->bad)
		(void)err_set(why, ERR_LIMIT, "more than %d bytes of data key", KEY_GPG_OPENED_MAX);
	else if (told->passphrase)
		(void)err_set(why, ERR_FORMAT, "a message for a passphrase, not for a key");
	else if (!code && told->okay == 1 && told->texts == 1 && !told->failed && !told->bad &&
		 (told->good || told->aead))
		return KEY_OPENED;
	else if (told->session || told->okay || told->bad)
		(void)err_set(why, ERR_VALUE, "the message does not open: it is damaged");
	else if (key_trouble(engine, told->secret ? told->secret : code, why) < 0)
		return KEY_FAILED;
	else if (told->no_key || code == GPG_ERR_NO_SECKEY)
		return not_mine(told, why), KEY_NOT_MINE;
	else if (code == GPG_ERR_NO_DATA || code == GPG_ERR_BAD_DATA || !code)
		(void)err_set(why, ERR_FORMAT, "not an encrypted OpenPGP message");
	else if (code == GPG_ERR_INV_ENGINE)
		(void)failed(gpgme_error(code), "", why);
	else
		(void)err_set(why, ERR_VALUE, "GnuPG can not open it (gpgme error %u)", code);
	return KEY_FAILED;
}

static gpgme_err_code_t decrypt(struct gpg_engine *engine, gpgme_pinentry_mode_t mode,
				struct span message, struct buf *plain)
{
	struct gpgme_data_cbs into = {.write = take_plain};
	gpgme_data_t cipher = NULL, out = NULL;
	gpgme_error_t code;

	engine->told = (struct told){.okay = 0};
	buf_reset(plain);
	code = lib.set_pinentry_mode(engine->ctx, mode);
	if (!code)
		code = lib.data_new_from_mem(&cipher, (const char *)message.data, message.len, 0);
	if (!code)
		code = lib.data_new_from_cbs(&out, &into, plain);
	if (!code)
		code = lib.op_decrypt(engine->ctx, cipher, out);
	if (out)
		lib.data_release(out);
	if (cipher)
		lib.data_release(cipher);
	return gpgme_err_code(code);
}

void gpg_engine_decrypt(struct gpg_engine *engine, struct span message, struct buf *plain,
			struct gpg_answer *answer)
{
	const struct told *told = &engine->told;
	struct err why = ERR_INIT;
	enum key_verdict verdict;
	gpgme_err_code_t code;

	code = decrypt(engine, GPGME_PINENTRY_MODE_ERROR, message, plain);
	if (engine->ask && !told->passphrase && !told->session && is_unasked(told->secret))
		code = decrypt(engine, GPGME_PINENTRY_MODE_ASK, message, plain);
	verdict = judge(engine, code, plain, &why);
	if (verdict != KEY_OPENED) {
		buf_reset(plain);
		gpg_answer_set(answer, verdict, &why);
		return;
	}
	*answer = (struct gpg_answer){.verdict = KEY_OPENED, .len = (uint32_t)plain->len};
	memcpy(answer->fingerprints, told->fingerprints, sizeof(answer->fingerprints));
}
