/* SPDX-License-Identifier: Apache-2.0
 *
 * Forges encrypted input in any quantity for benchmarks and load tests, in seconds where starting sops for each Secret would take
 * minutes. On purpose it shares no line with the library that it is used to measure: only libsodium and OpenSSL.
 *
 *   forge identity                  the age identity that opens all of it (fixed, for tests only)
 *   forge list ENCRYPTED PLAIN      a ResourceList as kustomize sends it: that many Secrets, each with a data key of its own, spread
 *                                   among that many plain Deployments
 *   forge manifest N                one encrypted Secret manifest (the Nth of `list`), as a file in Git would be
 *   forge doc VALUES                one YAML document with that many encrypted values
 *   forge vault ADDRESS ENCRYPTED   as `list`, for the Vault of tests/fakes at that address
 */
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY = 32, IV = 32, TAG = 16, FILE_KEY = 16, TEXT_MAX = 4096 };

static const unsigned char identity_seed[KEY] = "krm-sops load test identity 0001";
static const char lastmodified[] = "2026-01-01T00:00:00Z";

static void die(const char *what)
{
	fprintf(stderr, "forge: %s\n", what);
	exit(1);
}

/* Deterministic "random": the output must be the same at every run. */
static void draw(unsigned char *out, size_t len, const char *label, unsigned long n)
{
	unsigned char seed[randombytes_SEEDBYTES];
	char text[128];

	snprintf(text, sizeof(text), "%s %lu", label, n);
	crypto_generichash(seed, sizeof(seed), (const unsigned char *)text, strlen(text), NULL, 0);
	randombytes_buf_deterministic(out, len, seed);
}

static void base64(const unsigned char *bytes, size_t len, int variant, char *out, size_t size)
{
	if (!sodium_bin2base64(out, size, bytes, len, variant))
		die("base64");
}

/* BIP-173 with the checksum constant 1, as age uses it. */
static void print_bech32(const char *hrp, const unsigned char key[KEY], int upper)
{
	static const char digits[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	static const unsigned gen[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	unsigned char v[256];
	unsigned chk = 1, bits = 0, acc = 0;
	size_t n = 0, data, i, hlen = strlen(hrp);

	for (i = 0; i < hlen; i++)
		v[n++] = (unsigned char)(hrp[i] >> 5);
	v[n++] = 0;
	for (i = 0; i < hlen; i++)
		v[n++] = hrp[i] & 31;
	data = n;
	for (i = 0; i < KEY; i++) {
		acc = acc << 8 | key[i];
		for (bits += 8; bits >= 5; bits -= 5)
			v[n++] = acc >> (bits - 5) & 31;
	}
	if (bits)
		v[n++] = acc << (5 - bits) & 31;
	memset(v + n, 0, 6);
	for (i = 0; i < n + 6; i++) {
		unsigned top = chk >> 25;

		chk = (chk & 0x1ffffff) << 5 ^ v[i];
		for (int k = 0; k < 5; k++)
			chk ^= top >> k & 1 ? gen[k] : 0;
	}
	chk ^= 1;
	for (i = 0; i < 6; i++)
		v[n + i] = chk >> 5 * (5 - i) & 31;
	for (i = 0; i < hlen; i++)
		putchar(upper && hrp[i] >= 'a' ? hrp[i] - 32 : hrp[i]);
	putchar('1');
	for (i = data; i < n + 6; i++)
		putchar(upper && digits[v[i]] >= 'a' ? digits[v[i]] - 32 : digits[v[i]]);
}

static void hmac(unsigned char out[KEY], const unsigned char *key, size_t key_len, const void *a,
		 size_t a_len, const void *b, size_t b_len)
{
	crypto_auth_hmacsha256_state st;

	crypto_auth_hmacsha256_init(&st, key, key_len);
	crypto_auth_hmacsha256_update(&st, a, a_len);
	crypto_auth_hmacsha256_update(&st, b, b_len);
	crypto_auth_hmacsha256_final(&st, out);
}

static void hkdf(unsigned char out[KEY], const unsigned char *ikm, size_t ikm_len,
		 const unsigned char *salt, size_t salt_len, const char *info)
{
	unsigned char prk[KEY];

	hmac(prk, salt, salt_len, ikm, ikm_len, "", 0);
	hmac(out, prk, KEY, info, strlen(info), "\1", 1);
}

/* Prints the armored age file of a data key, each line behind `indent`. */
static void print_age(const unsigned char data_key[KEY], const unsigned char recipient[KEY],
		      unsigned long n, const char *indent)
{
	unsigned char file_key[FILE_KEY], esk[KEY], share[KEY], shared[KEY], salt[64], wrap[KEY],
		body[FILE_KEY + 16], mac_key[KEY], mac[KEY], nonce[16], stream[KEY];
	unsigned char zero[12] = {0}, last[12] = {0}, sealed[KEY + 16], file[1024];
	char b64_share[64], b64_body[64], b64_mac[64], header[512], armor[2048];
	int len;
	size_t total, at;

	draw(file_key, sizeof(file_key), "file key", n);
	draw(esk, sizeof(esk), "ephemeral", n);
	draw(nonce, sizeof(nonce), "nonce", n);
	crypto_scalarmult_base(share, esk);
	if (crypto_scalarmult(shared, esk, recipient) < 0)
		die("x25519");
	memcpy(salt, share, KEY);
	memcpy(salt + KEY, recipient, KEY);
	hkdf(wrap, shared, KEY, salt, sizeof(salt), "age-encryption.org/v1/X25519");
	crypto_aead_chacha20poly1305_ietf_encrypt(body, NULL, file_key, FILE_KEY, NULL, 0, NULL,
						  zero, wrap);
	base64(share, KEY, sodium_base64_VARIANT_ORIGINAL_NO_PADDING, b64_share, sizeof(b64_share));
	base64(body, sizeof(body), sodium_base64_VARIANT_ORIGINAL_NO_PADDING, b64_body,
	       sizeof(b64_body));
	len = snprintf(header, sizeof(header), "age-encryption.org/v1\n-> X25519 %s\n%s\n---",
		       b64_share, b64_body);
	hkdf(mac_key, file_key, FILE_KEY, NULL, 0, "header");
	hmac(mac, mac_key, KEY, header, (size_t)len, "", 0);
	base64(mac, KEY, sodium_base64_VARIANT_ORIGINAL_NO_PADDING, b64_mac, sizeof(b64_mac));
	hkdf(stream, file_key, FILE_KEY, nonce, sizeof(nonce), "payload");
	last[11] = 1;
	crypto_aead_chacha20poly1305_ietf_encrypt(sealed, NULL, data_key, KEY, NULL, 0, NULL, last,
						  stream);
	total = (size_t)snprintf((char *)file, sizeof(file), "%s %s\n", header, b64_mac);
	memcpy(file + total, nonce, sizeof(nonce));
	memcpy(file + total + sizeof(nonce), sealed, sizeof(sealed));
	total += sizeof(nonce) + sizeof(sealed);
	base64(file, total, sodium_base64_VARIANT_ORIGINAL, armor, sizeof(armor));
	printf("%s-----BEGIN AGE ENCRYPTED FILE-----\n", indent);
	for (at = 0; at < strlen(armor); at += 64)
		printf("%s%.64s\n", indent, armor + at);
	printf("%s-----END AGE ENCRYPTED FILE-----\n", indent);
}

/* Wrapped as the Vault of tests/fakes unwraps it: told backwards, each byte padded. */
static void print_vault(const unsigned char data_key[KEY], const char *address, const char *in)
{
	unsigned char wrapped[KEY];
	char b64[64];

	for (int i = 0; i < KEY; i++)
		wrapped[i] = data_key[KEY - 1 - i] ^ 0x5a;
	base64(wrapped, KEY, sodium_base64_VARIANT_ORIGINAL, b64, sizeof(b64));
	printf("%s  hc_vault:\n%s  - created_at: \"%s\"\n%s    enc: vault:v1:%s\n", in, in,
	       lastmodified, in, b64);
	printf("%s    engine_path: transit\n%s    key_name: k\n%s    vault_address: %s\n", in, in,
	       in, address);
}

static void print_value(const unsigned char key[KEY], const char *plain, const char *aad,
			const char *label, unsigned long n)
{
	unsigned char iv[IV], out[TEXT_MAX], tag[TAG];
	char b64[TEXT_MAX * 2], b64_iv[64], b64_tag[64];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = (int)strlen(plain), got;

	draw(iv, sizeof(iv), label, n);
	if (!ctx || len > TEXT_MAX ||
	    EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, NULL, NULL) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, IV, NULL) != 1 ||
	    EVP_EncryptInit_ex(ctx, NULL, NULL, key, iv) != 1 ||
	    EVP_EncryptUpdate(ctx, NULL, &got, (const unsigned char *)aad, (int)strlen(aad)) != 1 ||
	    EVP_EncryptUpdate(ctx, out, &got, (const unsigned char *)plain, len) != 1 ||
	    EVP_EncryptFinal_ex(ctx, out + got, &got) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG, tag) != 1)
		die("aes");
	EVP_CIPHER_CTX_free(ctx);
	base64(out, (size_t)len, sodium_base64_VARIANT_ORIGINAL, b64, sizeof(b64));
	base64(iv, IV, sodium_base64_VARIANT_ORIGINAL, b64_iv, sizeof(b64_iv));
	base64(tag, TAG, sodium_base64_VARIANT_ORIGINAL, b64_tag, sizeof(b64_tag));
	printf("ENC[AES256_GCM,data:%s,iv:%s,tag:%s,type:str]", b64, b64_iv, b64_tag);
}

static void print_mac(EVP_MD_CTX *hash, const unsigned char key[KEY], unsigned long n)
{
	unsigned char digest[64];
	char hex[129];

	if (EVP_DigestFinal_ex(hash, digest, NULL) != 1)
		die("sha512");
	for (int i = 0; i < 64; i++)
		snprintf(hex + 2 * i, 3, "%02X", digest[i]);
	print_value(key, hex, lastmodified, "mac", n);
}

static EVP_MD_CTX *hash_begin(void)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();

	if (!hash || EVP_DigestInit_ex(hash, EVP_sha512(), NULL) != 1)
		die("sha512");
	return hash;
}

static void hash_add(EVP_MD_CTX *hash, const char *text)
{
	if (EVP_DigestUpdate(hash, text, strlen(text)) != 1)
		die("sha512");
}

/* A manifest with sorted keys, as it comes out of kustomize; `in` is what stands before each line but the first. */
static void print_secret(unsigned long n, const char *in, const unsigned char recipient[KEY],
			 const char *vault)
{
	unsigned char key[KEY];
	EVP_MD_CTX *hash = hash_begin();
	char name[64], user[64], pass[64], indent[32];

	draw(key, KEY, "data key", n);
	snprintf(name, sizeof(name), "secret-%lu", n);
	snprintf(user, sizeof(user), "user-%lu", n);
	snprintf(pass, sizeof(pass), "correct horse battery staple %lu", n);
	printf("apiVersion: v1\n%skind: Secret\n%smetadata:\n%s  name: %s\n%s  namespace: shop\n",
	       in, in, in, name, in);
	printf("%ssops:\n", in);
	if (vault) {
		print_vault(key, vault, in);
	} else {
		printf("%s  age:\n%s  - enc: |\n", in, in);
		snprintf(indent, sizeof(indent), "%s      ", in);
		print_age(key, recipient, n, indent);
		printf("%s    recipient: ", in);
		print_bech32("age", recipient, 0);
		putchar('\n');
	}
	printf("%s  encrypted_regex: ^(data|stringData)$\n%s  lastmodified: \"%s\"\n%s  mac: ", in,
	       in, lastmodified, in);
	hash_add(hash, "v1Secret");
	hash_add(hash, name);
	hash_add(hash, "shop");
	hash_add(hash, pass);
	hash_add(hash, user);
	hash_add(hash, "Opaque");
	print_mac(hash, key, n);
	EVP_MD_CTX_free(hash);
	printf("\n%s  version: 3.13.3\n%sstringData:\n%s  password: ", in, in, in);
	print_value(key, pass, "stringData:password:", "password", n);
	printf("\n%s  username: ", in);
	print_value(key, user, "stringData:username:", "username", n);
	printf("\n%stype: Opaque\n", in);
}

static void print_plain(unsigned long n)
{
	printf("apiVersion: apps/v1\n  kind: Deployment\n  metadata:\n    annotations:\n"
	       "      config.kubernetes.io/index: '%lu'\n      internal.config.kubernetes.io/index: '%lu'\n"
	       "    labels:\n      app: web-%lu\n    name: web-%lu\n    namespace: shop\n  spec:\n"
	       "    replicas: 3\n    selector:\n      matchLabels:\n        app: web-%lu\n"
	       "    template:\n      metadata:\n        labels:\n          app: web-%lu\n      spec:\n"
	       "        containers:\n        - env:\n          - name: PASSWORD\n            valueFrom:\n"
	       "              secretKeyRef:\n                key: password\n                name: secret-%lu\n"
	       "          image: registry.example.com/shop/web:1.%lu\n          name: web\n"
	       "          ports:\n          - containerPort: 8080\n",
	       n, n, n, n, n, n, n, n);
}

static void print_list(unsigned long encrypted, unsigned long plain,
		       const unsigned char recipient[KEY], const char *vault)
{
	unsigned long every = encrypted ? plain / encrypted : 0, e = 0, p = 0;

	printf("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:%s\n",
	       encrypted + plain ? "" : " []");
	while (e < encrypted || p < plain) {
		if (e < encrypted) {
			printf("- ");
			print_secret(e++, "  ", recipient, vault);
		}
		for (unsigned long k = 0; p < plain && (k < every || e == encrypted); k++) {
			printf("- ");
			print_plain(p++);
		}
	}
	printf("functionConfig:\n  apiVersion: krm-sops.dev/v1alpha1\n  kind: Decrypt\n  metadata:\n    name: decrypt\n");
}

static void print_doc(unsigned long values, const unsigned char recipient[KEY])
{
	unsigned char key[KEY];
	EVP_MD_CTX *hash = hash_begin();

	draw(key, KEY, "data key", values);
	for (unsigned long i = 0; i < values; i++) {
		char plain[64], aad[64];

		snprintf(plain, sizeof(plain), "value %lu of the benchmark", i);
		snprintf(aad, sizeof(aad), "key_%05lu:", i);
		hash_add(hash, plain);
		printf("key_%05lu: ", i);
		print_value(key, plain, aad, "value", i);
		printf("\n");
	}
	printf("sops:\n    age:\n        - recipient: ");
	print_bech32("age", recipient, 0);
	printf("\n          enc: |\n");
	print_age(key, recipient, values, "            ");
	printf("    lastmodified: \"%s\"\n    mac: ", lastmodified);
	print_mac(hash, key, values);
	EVP_MD_CTX_free(hash);
	printf("\n    unencrypted_suffix: _unencrypted\n    version: 3.13.3\n");
}

int main(int argc, char **argv)
{
	unsigned char recipient[KEY];
	unsigned long a = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned long b = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;

	if (sodium_init() < 0)
		die("libsodium did not start");
	crypto_scalarmult_base(recipient, identity_seed);
	if (argc == 2 && strcmp(argv[1], "identity") == 0) {
		print_bech32("age-secret-key-", identity_seed, 1);
		putchar('\n');
	} else if (argc == 4 && strcmp(argv[1], "list") == 0) {
		print_list(a, b, recipient, NULL);
	} else if (argc == 3 && strcmp(argv[1], "manifest") == 0) {
		print_secret(a, "", recipient, NULL);
	} else if (argc == 4 && strcmp(argv[1], "vault") == 0) {
		print_list(b, 0, recipient, argv[2]);
	} else if (argc == 3 && strcmp(argv[1], "doc") == 0) {
		print_doc(a, recipient);
	} else {
		fprintf(stderr,
			"usage: forge identity | list ENCRYPTED PLAIN | manifest N | doc VALUES | "
			"vault ADDRESS ENCRYPTED\n");
		return 2;
	}
	return fflush(stdout) == 0 ? 0 : 1;
}
