// SPDX-License-Identifier: MIT
/*
 * `seamless verify`: checks a TDREPORT, a quote or an event log, link by link.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attest/chain.h"
#include "attest/digest.h"
#include "cli/cli.h"
#include "cli/file.h"
#include "cli/option.h"
#include "cli/verify_print.h"
#include "seamless/machine.h"

#define MAX_FILE (16u << 20)

/* Files that options name, kept until the end. */
enum { F_ROOT, F_TCB, F_QE, F_TCB_CHAIN, F_LOG, F_CRL, F_COUNT = F_CRL + ATTEST_MAX_CRLS };

struct verify {
	struct attest_options options;
	struct file file[F_COUNT];
	uint8_t mac_key[32], software_key[32], nonce[64], mrtd[48];
	int crls;
	bool json;
};

static void usage(FILE *out)
{
	fputs("usage: seamless verify FILE [OPTIONS]\n\n"
	      "FILE is a TDREPORT, a TD quote of version 4 or 5, an event log or a CCEL table; - "
	      "is stdin.\n"
	      "It may be hex or base64.\n"
	      "  --root FILE         trust anchor, a certificate; without it, Intel's SGX Root CA\n"
	      "  --time TIME         judge validity at TIME: 2024-01-31, 2024-01-31T12:00:00Z or "
	      "@SECONDS;\n"
	      "                      without it, now\n"
	      "  --crl FILE          certificate revocation list, PEM or DER; may be repeated\n"
	      "  --tcb FILE          TCB info, JSON\n"
	      "  --qe-identity FILE  QE identity, JSON\n"
	      "  --tcb-chain FILE    PEM: certificates that signed TCB info and QE identity\n"
	      "  --log FILE          event log to replay against the RTMRs\n"
	      "  --mac-key HEX       32 bytes: key of a TDREPORT's MAC; without it, that of the "
	      "built-in\n"
	      "                      software platform is tried\n"
	      "  --nonce HEX         what REPORTDATA must be, up to 64 bytes; zeros follow\n"
	      "  --mrtd HEX          what MRTD must be, 48 bytes\n"
	      "  --json              result as JSON\n\n"
	      "Exit status: 0 every link that could be checked holds, 1 one fails, 2 usage or I/O "
	      "error.\n",
	      out);
}

/* The ends of the years that certificates can name. */
#define TIME_MIN 0
#define TIME_MAX 253402300799

static bool read_seconds(const char *text, time_t *time)
{
	char *end;

	*time = (time_t)strtoll(text, &end, 10);
	return end != text && !*end;
}

static bool read_date(const char *text, const char *format, time_t *time)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, format, &tm);

	*time = timegm(&tm);
	return end && !*end;
}

static int parse_time(const char *text, time_t *time)
{
	bool read = text[0] == '@' ? read_seconds(text + 1, time)
				   : read_date(text, "%Y-%m-%dT%H:%M:%SZ", time) ||
					     read_date(text, "%Y-%m-%d", time);

	if (read && *time >= TIME_MIN && *time <= TIME_MAX)
		return 0;
	fprintf(stderr,
		"seamless verify: '%s' is no time from 1970 to 9999: 2024-01-31, "
		"2024-01-31T12:00:00Z or @SECONDS\n",
		text);
	return -1;
}

static int take_file(struct verify *v, int slot, struct attest_blob *blob, const char *path)
{
	if (blob->bytes) {
		fprintf(stderr, "seamless verify: %s: this option stands once\n", path);
		return -1;
	}
	if (file_read(&v->file[slot], path, MAX_FILE))
		return -1;
	file_decode(&v->file[slot]);
	blob->bytes = v->file[slot].bytes;
	blob->size = v->file[slot].size;
	return 0;
}

static int take_root(struct verify *v, const char *path)
{
	X509 *cert;

	if (take_file(v, F_ROOT, &v->options.root, path))
		return -1;
	cert = certificate_read(v->options.root);
	if (!cert)
		fprintf(stderr, "seamless verify: %s: not a certificate in PEM or DER\n", path);
	X509_free(cert);
	return cert ? 0 : -1;
}

static int take_crl(struct verify *v, const char *path)
{
	if (v->crls == ATTEST_MAX_CRLS) {
		fprintf(stderr, "seamless verify: %d CRLs at most\n", ATTEST_MAX_CRLS);
		return -1;
	}
	v->crls++;
	return take_file(v, F_CRL + v->crls - 1, &v->options.crl[v->crls - 1], path);
}

static int bad_hex(const char *option, const char *hex, const char *expected)
{
	fprintf(stderr, "seamless verify: %s: '%s' is not %s\n", option, hex, expected);
	return -1;
}

static int take_mac_key(struct verify *v, const char *hex)
{
	if (strlen(hex) != 64 || !hex_to(hex, v->mac_key, 32)) {
		return bad_hex("--mac-key", hex, "64 hex digits");
	}
	v->options.mac_key = (struct attest_blob){ v->mac_key, 32 };
	return 0;
}

static int take_nonce(struct verify *v, const char *hex)
{
	size_t size = strlen(hex) / 2;

	if (!size || size > sizeof(v->nonce) || strlen(hex) % 2 || !hex_to(hex, v->nonce, size)) {
		return bad_hex("--nonce", hex, "2 to 128 hex digits, an even number");
	}
	v->options.nonce = (struct attest_blob){ v->nonce, size };
	return 0;
}

static int take_mrtd(struct verify *v, const char *hex)
{
	if (strlen(hex) != 2 * sizeof(v->mrtd) || !hex_to(hex, v->mrtd, sizeof(v->mrtd))) {
		return bad_hex("--mrtd", hex, "96 hex digits");
	}
	v->options.mrtd = (struct attest_blob){ v->mrtd, sizeof(v->mrtd) };
	return 0;
}

static int take_option(struct verify *v, int c, const char *arg)
{
	switch (c) {
	case 'r': return take_root(v, arg);
	case 't': return parse_time(arg, &v->options.time);
	case 'c': return take_crl(v, arg);
	case 'b': return take_file(v, F_TCB, &v->options.tcb, arg);
	case 'q': return take_file(v, F_QE, &v->options.qe_identity, arg);
	case 's': return take_file(v, F_TCB_CHAIN, &v->options.tcb_chain, arg);
	case 'l': return take_file(v, F_LOG, &v->options.log, arg);
	case 'm': return take_mac_key(v, arg);
	case 'n': return take_nonce(v, arg);
	case 'd': return take_mrtd(v, arg);
	default: return -1;
	}
}

static const struct option long_options[] = {
	{ "root", required_argument, NULL, 'r' },
	{ "time", required_argument, NULL, 't' },
	{ "crl", required_argument, NULL, 'c' | CLI_AGAIN },
	{ "tcb", required_argument, NULL, 'b' },
	{ "qe-identity", required_argument, NULL, 'q' },
	{ "tcb-chain", required_argument, NULL, 's' },
	{ "log", required_argument, NULL, 'l' },
	{ "mac-key", required_argument, NULL, 'm' },
	{ "nonce", required_argument, NULL, 'n' },
	{ "mrtd", required_argument, NULL, 'd' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

/* -1: go on; else the exit status. */
static int read_options(struct verify *v, int argc, char **argv)
{
	int c;

	while ((c = cli_option(argc, argv, ":h", long_options)) != -1) {
		if (c == 'h') {
			usage(stdout);
			return CLI_DONE;
		}
		if (c == 'j')
			v->json = true;
		else if (c == '?' || take_option(v, c, optarg))
			return CLI_USAGE;
	}
	if (optind + 1 == argc)
		return -1;
	if (optind < argc)
		fprintf(stderr, "seamless verify: '%s': one FILE at a time\n", argv[optind + 1]);
	else
		cli_missing("verify", "FILE");
	return CLI_USAGE;
}

/* A report may come from `seamless run`. Without memory for the platform, that link is not checked.
 */
static void take_software_key(struct verify *v)
{
	char why[160];
	struct seamless_machine *machine = seamless_create(NULL, why, sizeof(why));

	if (!machine)
		return;
	seamless_report_key(machine, v->software_key);
	v->options.maybe_key = (struct attest_blob){ v->software_key, sizeof(v->software_key) };
	seamless_destroy(machine);
}

static void note_encoding(struct attest_result *result, enum encoding encoding, size_t size)
{
	if (encoding != ENCODING_NONE)
		attest_add(&result->links, ATTEST_NOTE, "encoding",
			   "%s; offsets are those of the %zu bytes that it stands for",
			   encoding_name(encoding), size);
}

static int verify_file(struct verify *v, const char *path)
{
	struct attest_result *result = malloc(sizeof(*result));
	struct file file = { NULL, 0 };
	struct attest_blob log;
	int status = CLI_USAGE;

	if (!result)
		return cli_no_memory("verify");
	if (!file_read(&file, path, MAX_FILE)) {
		enum encoding encoding = file_decode(&file);

		if (!v->options.mac_key.bytes && file.size == TDREPORT_SIZE)
			take_software_key(v);
		attest_verify(file.bytes, file.size, &v->options, result);
		note_encoding(result, encoding, file.size);
		status = attest_count(&result->links, ATTEST_FAILS) ? CLI_WRONG : CLI_DONE;
		log = result->kind == ATTEST_EVENTLOG
			      ? (struct attest_blob){ file.bytes, file.size }
			      : v->options.log;
		if (!v->json)
			verify_print(path, result, log);
		else if (verify_print_json(path, result, log))
			status = CLI_USAGE;
	}
	file_free(&file);
	free(result);
	return status;
}

static int run(int argc, char **argv)
{
	struct verify *v = calloc(1, sizeof(*v));
	int status;

	if (!v)
		return cli_no_memory("verify");
	v->options.time = time(NULL);
	status = read_options(v, argc, argv);
	if (status < 0)
		status = verify_file(v, argv[optind]);
	for (int i = 0; i < F_COUNT; i++)
		file_free(&v->file[i]);
	free(v);
	return status;
}

const struct cli_verb verb_verify = {
	.name = "verify",
	.summary = "check a TDREPORT, a quote or an event log, link by link",
	.run = run,
};
