// SPDX-License-Identifier: MIT
/*
 * The proof of a run: what the guest's kernel attests, against what the host booted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "attest/boot.h"
#include "attest/digest.h"
#include "attest/key_store.h"
#include "attest/mrtd.h"
#include "cli/cli.h"
#include "cli/file.h"
#include "cli/run_attest.h"
#include "cli/verify_print.h"

#define MAX_ROOT   65536
#define NONCE_FILE "nonce"

static const struct {
	const char *block, *file;
	size_t room;
} parts[RUN_ATTEST_BLOCKS] = {
	[RUN_ATTEST_REPORT] = { "TDREPORT", "report", TDREPORT_SIZE },
	[RUN_ATTEST_LOG] = { "EVENT LOG", "eventlog", 65536 },
	[RUN_ATTEST_QUOTE] = { "QUOTE", "quote", 16384 },
};

static int no_memory(void)
{
	fputs("seamless run: --attest: out of memory\n", stderr);
	return -1;
}

static int open_blocks(struct run_attest *attest)
{
	size_t room = 0;

	for (size_t i = 0; i < RUN_ATTEST_BLOCKS; i++)
		room += parts[i].room;
	attest->bytes = malloc(room);
	if (!attest->bytes)
		return no_memory();
	for (size_t i = RUN_ATTEST_BLOCKS; i-- > 0;) {
		room -= parts[i].room;
		attest->block[i] = (struct hex_block){ .name = parts[i].block,
						       .bytes = attest->bytes + room,
						       .room = parts[i].room };
	}
	attest->reader = (struct hex_reader){ .block = attest->block, .count = RUN_ATTEST_BLOCKS };
	return 0;
}

static int make_nonce(struct run_attest *attest)
{
	const char *hex = attest->nonce_hex;

	if (!hex && getrandom(attest->nonce, sizeof(attest->nonce), 0) != sizeof(attest->nonce)) {
		fprintf(stderr, "seamless run: --attest: no nonce: %s\n", strerror(errno));
		return -1;
	}
	if (hex && (strlen(hex) != 2 * sizeof(attest->nonce) ||
		    !hex_to(hex, attest->nonce, sizeof(attest->nonce)))) {
		fprintf(stderr,
			"seamless run: --nonce: '%.40s' (%zu characters): expected %zu hex "
			"digits\n",
			hex, strlen(hex), 2 * sizeof(attest->nonce));
		return -1;
	}
	return 0;
}

static int keep(const struct run_attest *attest, const char *name, struct attest_blob what)
{
	char *path;
	FILE *out;
	int result = -1;

	if (!attest->folder || !what.bytes)
		return 0;
	if (asprintf(&path, "%s/%s", attest->folder, name) < 0)
		return no_memory();
	out = fopen(path, "wb");
	if (out)
		result = fwrite(what.bytes, 1, what.size, out) == what.size ? 0 : -1;
	if (out && fclose(out))
		result = -1;
	if (result)
		fprintf(stderr, "seamless run: --attest: %s: %s\n", path, strerror(errno));
	free(path);
	return result;
}

void run_attest_roles(const struct run_attest *attest, struct file_roles *roles)
{
	file_roles_output_in(roles, "--attest", attest->folder, NONCE_FILE);
	for (size_t i = 0; i < RUN_ATTEST_BLOCKS; i++)
		file_roles_output_in(roles, "--attest", attest->folder, parts[i].file);
}

int run_attest_open(struct run_attest *attest, const char *cmdline)
{
	char hex[2 * RUN_ATTEST_NONCE + 1];

	if (!attest->wanted)
		return 0;
	if (make_nonce(attest))
		return -1;
	if (attest->folder && mkdir(attest->folder, 0777) && errno != EEXIST) {
		fprintf(stderr, "seamless run: --attest: %s: %s\n", attest->folder,
			strerror(errno));
		return -1;
	}
	if (keep(attest, NONCE_FILE, (struct attest_blob){ attest->nonce, sizeof(attest->nonce) }))
		return -1;
	if (asprintf(&attest->cmdline, "%s%sseamless.nonce=%s%s", cmdline, *cmdline ? " " : "",
		     hex_of(attest->nonce, sizeof(attest->nonce), hex),
		     attest->quote_folder ? " seamless.quote" : "") < 0) {
		attest->cmdline = NULL;
		return no_memory();
	}
	return open_blocks(attest);
}

void run_attest_close(struct run_attest *attest)
{
	free(attest->cmdline);
	free(attest->bytes);
}

void run_attest_take(struct run_attest *attest, uint8_t byte)
{
	if (attest->wanted)
		hex_reader_take(&attest->reader, byte);
}

static struct attest_blob blob(const struct run_attest *attest, unsigned part)
{
	const struct hex_block *block = &attest->block[part];

	return (struct attest_blob){ block->complete ? block->bytes : NULL, block->size };
}

static int keep_all(const struct run_attest *attest)
{
	int result = 0;

	for (unsigned i = 0; i < RUN_ATTEST_BLOCKS && !result; i++)
		result = keep(attest, parts[i].file, blob(attest, i));
	return result;
}

/* What is known here of the guest, for both report and quote. */
struct known {
	uint8_t mrtd[MRTD_SIZE], rtmr[4][48], mac_key[32];
	bool firmware; /* what it measures into the RTMRs its log says, not this side */
	struct attest_options options;
};

/* The boot shim measures what is known here. */
static void expect_rtmrs(struct known *known)
{
	for (int i = 0; i < 4; i++)
		known->options.rtmr[i] = (struct attest_blob){ known->rtmr[i], 48 };
}

static int find_out(struct known *known, struct run_attest *attest,
		    struct seamless_machine *machine, const struct vmm_image *image)
{
	if (!mrtd_predict(image, MRTD_SINGLE, known->mrtd) || !boot_predict(image, known->rtmr)) {
		fputs("seamless run: --attest: MRTD and RTMRs can't be predicted: libcrypto "
		      "failed\n",
		      stderr);
		return -1;
	}
	seamless_report_key(machine, known->mac_key);
	known->options = (struct attest_options){
		.mac_key = { known->mac_key, sizeof(known->mac_key) },
		.nonce = { attest->nonce, sizeof(attest->nonce) },
		.mrtd = { known->mrtd, sizeof(known->mrtd) },
		.log = blob(attest, RUN_ATTEST_LOG),
		.time = time(NULL),
	};
	known->firmware = image->firmware;
	if (!known->firmware)
		expect_rtmrs(known);
	return 0;
}

static bool judge(const char *what, struct attest_blob it, const struct attest_options *options)
{
	struct attest_result *result = malloc(sizeof(*result));
	size_t failed = 1;

	if (!result) {
		no_memory();
		return false;
	}
	fprintf(stderr, "seamless: the guest's %s:\n", what);
	attest_verify(it.bytes, it.size, options, result);
	verify_print_links(stderr, "seamless:   ", &result->links);
	failed = attest_count(&result->links, ATTEST_FAILS);
	free(result);
	return !failed;
}

/* With the root certificate of the quoting service of this run. */
static bool judge_quote(const struct run_attest *attest, struct attest_options options)
{
	struct attest_blob quote = blob(attest, RUN_ATTEST_QUOTE);
	struct file root = { 0 };
	char *path;
	bool good = false;

	if (!quote.bytes) {
		fputs("seamless: the guest gave no quote\n", stderr);
		return false;
	}
	if (asprintf(&path, "%s/" KEY_STORE_ROOT, attest->quote_folder) < 0)
		return !no_memory();
	if (!file_read(&root, path, MAX_ROOT)) {
		options.root = (struct attest_blob){ root.bytes, root.size };
		options.mac_key = (struct attest_blob){ NULL, 0 }; /* a quote has no MAC */
		good = judge("quote", quote, &options);
	}
	file_free(&root);
	free(path);
	return good;
}

/* Firmware may measure nothing, as Debian's; then there is no log that could say anything. */
static bool judge_no_log(const struct known *known, struct attest_blob bytes)
{
	static const uint8_t none[3 * 48];
	struct tdreport report;

	if (!known->firmware) {
		fputs("seamless: the guest gave no event log\n", stderr);
		return false;
	}
	if (!tdreport_parse(&report, bytes.bytes, bytes.size, NULL) &&
	    !memcmp(report.td.rtmr, none, sizeof(none))) {
		fputs("seamless: the guest gave no event log, and RTMR0 to RTMR2 are zero: its "
		      "firmware measures nothing\n",
		      stderr);
		return true;
	}
	fputs("seamless: the guest gave no event log, and RTMR0 to RTMR2 are not zero: what is "
	      "measured there is not known\n",
	      stderr);
	return false;
}

static bool judge_all(const struct run_attest *attest, const struct known *known)
{
	struct attest_blob report = blob(attest, RUN_ATTEST_REPORT);
	bool good;

	if (!report.bytes) {
		fputs("seamless: the guest gave no TDREPORT\n", stderr);
		return false;
	}
	good = judge("TDREPORT", report, &known->options);
	if (!known->options.log.bytes)
		good &= judge_no_log(known, report);
	if (attest->quote_folder)
		good &= judge_quote(attest, known->options);
	return good;
}

/* What a proof that holds is one of. */
static const char *proven(const struct known *known)
{
	if (!known->firmware)
		return "VERIFIED: this is the TD that was built, with the kernel, command line and "
		       "initrd that were given";
	if (known->options.log.bytes)
		return "VERIFIED: this is the TD that was built, of the firmware that was given; "
		       "what else is measured, its event log tells";
	return "VERIFIED: this is the TD that was built, of the firmware that was given; kernel, "
	       "command line and initrd are not measured";
}

int run_attest_judge(struct run_attest *attest, struct seamless_machine *machine,
		     const struct vmm_image *image)
{
	struct known known;
	bool good;

	if (keep_all(attest) || find_out(&known, attest, machine, image))
		return CLI_USAGE;
	good = judge_all(attest, &known);
	fprintf(stderr, "seamless: %s\n", good ? proven(&known) : "NOT VERIFIED");
	return good ? CLI_DONE : CLI_WRONG;
}
